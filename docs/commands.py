"""The command line with all its commands, as ``typer utils docs`` looks for it."""

from spikeseg.runners.cli.main import application

app = application()
