"""Devices, training, encoding, evaluation and the command line."""
