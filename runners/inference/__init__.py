"""A trained network at work: stimuli to spikes, pictures to segmentations, streams to answers."""
