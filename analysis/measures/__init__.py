"""Numbers about answers, spikes and weights."""
