"""From spikes to answers: the decoder, classes, masks, boxes, and instances."""
