"""Train by STDP, layer by layer, into a run directory."""
