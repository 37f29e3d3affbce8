"""The language in which learning rules and neuron models are written, and how their files are read."""
