"""Measure a trained network: choose the data, compare with annotations, write results and reports."""
