"""Build Brian2 networks: geometry, shared-weight synapses, encoder and learner. Nothing is run here."""
