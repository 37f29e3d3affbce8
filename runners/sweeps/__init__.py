"""Many trainings: sweeps over constants, and searches for the best."""
