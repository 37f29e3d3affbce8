"""Measures of answers, spikes and weights."""
