"""How long work tells of its progress."""

from __future__ import annotations

from typing import Protocol


class Reporter(Protocol):
    """Is told how a training gets on."""

    def stage(self, name: str, total: int, done: int = 0) -> None:
        """A stage of `total` units begins, `done` of which are done."""
        ...

    def advance(self, done: int, note: str = "") -> None:
        """So many units of the stage are done."""
        ...


class Silent:
    """A reporter that says nothing."""

    def stage(self, name: str, total: int, done: int = 0) -> None:
        """See `Reporter`."""

    def advance(self, done: int, note: str = "") -> None:
        """See `Reporter`."""
