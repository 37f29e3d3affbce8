"""NumPy on recorded spikes: decoder, segmentation, metrics and figures. Nothing here knows of Brian2."""
