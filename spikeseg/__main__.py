"""``python -m spikeseg`` does the same as ``spikeseg``."""

# pyright: reportMissingImports=false

import sys

from .runners.cli.main import main

sys.argv[0] = "spikeseg"
main()
