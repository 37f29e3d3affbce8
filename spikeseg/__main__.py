"""``python -m spikeseg`` is ``spikeseg``."""

# pyright: reportMissingImports=false

import sys

from spikeseg.runners.cli import main

sys.argv[0] = "spikeseg"
main()
