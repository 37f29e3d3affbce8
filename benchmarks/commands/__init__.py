"""What whole commands cost, compared with those of an earlier commit: `python -m benchmarks.commands`."""
