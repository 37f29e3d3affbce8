"""The HTML page of a run: the stimuli that it shows, its content, and its rendering."""

from .. import figures  # noqa: F401 - it imports Matplotlib, whatever MPLBACKEND says
