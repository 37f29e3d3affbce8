"""Make the tables of docs/results.md and README.md from the runs that they report."""
