"""A file of events that is still being written."""

from __future__ import annotations

from pathlib import Path
from time import monotonic, sleep

from spikeseg.errors import SpikeSegError


class Growing:
    """A file that is still being written: reading waits for more of it, `patience` seconds at most.

    Raises
    ------
    SpikeSegError
        The file cannot be opened.
    """

    def __init__(self, path: Path, patience: float):
        self.name, self._patience = str(path), patience
        try:
            self._file = path.open("rb")
        except OSError as error:
            raise SpikeSegError(f"cannot read {path}: {error.strerror or error}") from error

    def read1(self, size: int) -> bytes:
        """Bytes, or none once there were none for so long."""
        end = monotonic() + self._patience
        while not (data := self._file.read1(size)) and monotonic() < end:
            sleep(0.02)
        return data

    read = read1
