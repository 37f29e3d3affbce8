"""One file per command: it parses, calls and prints."""
