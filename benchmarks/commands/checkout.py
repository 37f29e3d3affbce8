"""The versions that are compared: this checkout, and an earlier commit with an environment of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from spikeseg.errors import SpikeSegError

ROOT = Path(__file__).parents[2]
SHORT = 7  # digits that stand for a commit


@dataclass(frozen=True)
class Version:
    """A version of the program.

    Attributes
    ----------
    name
        As it is called in tables.
    python
        The interpreter of the environment in which it is installed.
    home
        A directory for its networks and compiled programs; its commands run there.
    """

    name: str
    python: str
    home: Path

    def command(self, arguments: Sequence[str]) -> list[str]:
        """A command of the program, as a process is started with it."""
        return [self.python, "-m", "spikeseg", *arguments]

    @property
    def environment(self) -> dict[str, str]:
        """The environment of its commands.

        Compiled programs are its own, nothing else may be imported, and Python keeps the bytecode that it compiles.
        """
        left_out = "PYTHONPATH", "PYTHONDONTWRITEBYTECODE"
        inherited = {name: value for name, value in os.environ.items() if name not in left_out}
        return inherited | {"SPIKESEG_CACHE": str(self.home / "programs")}


def this_checkout(work: Path) -> Version:
    """The program as it is installed where this runs; its directory is made in `work`."""
    home = work / "here"
    home.mkdir(parents=True, exist_ok=True)
    return Version("here", sys.executable, home)


def earlier(commit: str, work: Path, repository: Path = ROOT) -> Version:
    """Check out and install a commit in `work`, as its own Makefile says; what is there already is kept.

    Raises
    ------
    SpikeSegError
        There is no such commit, or it cannot be installed.
    """
    try:
        full = _quietly("git", "-C", str(repository), "rev-parse", "--verify", f"{commit}^{{commit}}")
    except subprocess.CalledProcessError:
        raise SpikeSegError(f"there is no commit {commit} in {repository}") from None
    home = work / full[:SHORT]
    source = home / "source"
    home.mkdir(parents=True, exist_ok=True)
    try:
        if not (source / ".git").exists():
            _quietly("git", "clone", "--quiet", "--no-checkout", str(repository), str(source))
        _quietly("git", "-C", str(source), "checkout", "--quiet", "--detach", full)
        _quietly("make", "--silent", "-C", str(source), ".venv/.installed", "EXTRAS=events")
    except subprocess.CalledProcessError as error:
        last = (error.stderr.strip() or "no reason given").splitlines()[-1]
        raise SpikeSegError(f"{commit} cannot be installed: {last}") from error
    return Version(full[:SHORT], str(source / ".venv" / "bin" / "python"), home)


def _quietly(*command: str) -> str:
    """Run a command and return what it prints."""
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
