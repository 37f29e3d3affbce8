"""A trained network measured: on which data, how well, and the reports of it."""
