"""What ConvSynapses cost, beside explicit Synapses and dense arrays: `python -m benchmarks` (docs/benchmarks.md)."""
