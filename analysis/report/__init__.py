"""The HTML page of a run: which stimuli it shows, what it says, and how it is drawn."""

from .. import figures  # noqa: F401 - it imports Matplotlib, whatever MPLBACKEND says
