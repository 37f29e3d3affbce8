"""Neuron models: their files."""
