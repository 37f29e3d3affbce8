"""What ConvSynapses cost, compared with explicit Synapses and dense arrays: `python -m benchmarks`."""
