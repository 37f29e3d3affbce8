"""What `ConvSynapses` are made of: pathways, stored synapses, and traces."""
