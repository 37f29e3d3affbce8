"""Simulation, inference, training, evaluation, sweeps and the command line."""
