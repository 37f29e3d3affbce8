"""From spikes to answers: decoder, classes, masks, boxes and instances."""
