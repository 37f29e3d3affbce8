"""Learning rules: the language that they are written in, and their files."""
