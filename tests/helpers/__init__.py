"""What several test files share: an independent model, small networks, and files of all kinds."""
