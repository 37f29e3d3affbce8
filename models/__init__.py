"""Networks built from a configuration: geometry, connectivity, encoder and learner. Nothing is run here."""
