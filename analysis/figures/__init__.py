"""Pictures of all that is measured. No figure belongs to a window or to global state."""

import os


def _import_matplotlib() -> None:
    """Import Matplotlib, also where MPLBACKEND names a backend that is not installed: no figure here needs one.

    A notebook's kernel hands its own on to every command that is started from it.
    """
    try:
        import matplotlib
    except ValueError:
        named = os.environ.pop("MPLBACKEND")
        try:
            import matplotlib  # noqa: F401
        finally:
            os.environ["MPLBACKEND"] = named


_import_matplotlib()
