"""Train many networks: sweeps over constants, and searches for the best ones."""
