"""Use a trained network: stimuli to spikes, pictures to segmentations, event streams to answers."""
