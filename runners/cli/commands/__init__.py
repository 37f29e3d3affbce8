"""The commands, one per file. A command parses its options, calls the library, and prints."""
