"""Pictures pixel by pixel, without Matplotlib: overlays, frames of events, and films of them."""
