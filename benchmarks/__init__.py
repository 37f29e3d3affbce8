"""What parts of the program cost, compared with explicit Synapses and dense arrays: `python -m benchmarks`."""
