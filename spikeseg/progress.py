"""How long-running work reports its progress."""

from __future__ import annotations

from typing import Protocol


class Reporter(Protocol):
    """Receives training progress."""

    def stage(self, name: str, total: int, done: int = 0) -> None:
        """Begin a stage of `total` units, `done` of which were completed before."""
        ...

    def advance(self, done: int, note: str = "") -> None:
        """Set the number of completed units; `note` is shown beside it."""
        ...


class Silent:
    """A reporter that shows nothing."""

    def stage(self, name: str, total: int, done: int = 0) -> None:
        """See `Reporter`."""

    def advance(self, done: int, note: str = "") -> None:
        """See `Reporter`."""
