"""Where stimuli come from: pictures and event recordings with their objects, and how they become spike times."""
