"""NumPy on recorded spikes: decoder, segmentation, metrics and figures. Nothing here imports Brian2."""
