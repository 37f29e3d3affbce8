"""Pictures of all that is measured. No figure belongs to a window or to global state."""

import os
import sys
from contextlib import suppress


def _import_matplotlib() -> None:
    """Import Matplotlib, which refuses to be where MPLBACKEND names a backend that is not installed.

    No figure here needs a backend, and a notebook's kernel hands its own on to every command that is started from it.
    One that is there is chosen, as Matplotlib itself does.
    """
    named = os.environ.pop("MPLBACKEND", None)
    try:
        import matplotlib
    finally:
        if named is not None:
            os.environ["MPLBACKEND"] = named
    if named:
        with suppress(ValueError):
            matplotlib.rcParams["backend"] = named


if "matplotlib" not in sys.modules:
    _import_matplotlib()
