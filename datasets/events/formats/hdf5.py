"""HDF5: a group of datasets x, y, t and p, a table of these fields, or a dataset of events with four columns.

So do DSEC, M3ED, Metavision, MVSEC, v2e and others write it; names may be those of `names`. A number ``t_offset`` is
added to the times, and ``width`` and ``height`` beside the events are the sensor's, as in DSEC and its kin.

Read by h5py, in a process of its own: the HDF5 library can crash on a damaged file, and takes the process with it.
"""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from threading import Timer
from typing import TypeVar

import numpy as np

from spikeseg.errors import SpikeSegError

from . import hdf5_reader
from .arrays import Npy
from .layout import Layout
from .records import StreamChoiceError, geometry, printable

T = TypeVar("T")

_BLOCK = 1 << 20  # bytes
_PATIENCE = 60  # seconds without a byte


class Hdf5:
    """A file of HDF5, a slice at a time."""

    leftover = ""  # HDF5 opens no file that is cut off

    def __init__(self, path: Path, layout: Layout | None = None, stream: str | None = None):
        self._path, self.size, self.format = path, None, "HDF5"
        self._said, self._stream = layout or Layout(), stream

    def packets(self) -> Iterator[np.ndarray]:
        """Give the events, a slice at a time; the first one makes `size` and `format` known."""
        command = [sys.executable, "-P", hdf5_reader.__file__, str(self._path), self._stream or ""]
        environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}  # threads that do nothing would count as memory
        with tempfile.TemporaryFile() as said:
            with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=said, env=environment) as reader:
                try:
                    yield from self._received(reader)
                    _patiently(reader, reader.wait)
                finally:
                    reader.kill()
            if reader.returncode:
                said.seek(0)
                reason = printable(said.read().decode("utf-8", "replace").strip().rpartition("\n")[2], 300)
                if reader.returncode < 0:
                    reason = f"it is damaged, HDF5 ended with signal {-reader.returncode}"
                raise SpikeSegError(f"{self._path} cannot be read: {reason}")

    def _received(self, reader: subprocess.Popen[bytes]) -> Iterator[np.ndarray]:
        """What the process writes: a line that describes the file, and an array."""
        assert isinstance(reader.stdout, io.BufferedReader)
        read = partial(reader.stdout.read1, _BLOCK)
        data = b""
        while b"\n" not in data:
            more = _patiently(reader, read)
            if not more:
                return
            data += more
        line, _, data = data.partition(b"\n")
        described = json.loads(line)
        if "streams" in described:
            raise StreamChoiceError(str(self._path), dict.fromkeys(described["streams"], ""))
        self.format = f"HDF5, {', '.join(described['datasets'])}"
        if described["geometry"] is not None:
            self.size = geometry(described["geometry"], str(self._path))
        array = Npy(str(self._path), self._said, described["unit"], described["usual"])
        while data or (data := _patiently(reader, read)):
            for packet in array.feed(data):
                packet["t"] += array.microseconds(described["offset"]) if len(packet) else 0
                yield packet
            data = b""
        self.format += array.format.removeprefix(Npy.format)


def _patiently(reader: subprocess.Popen[bytes], wait: Callable[[], T]) -> T:
    """Wait for the process, but not for ever: it is killed if that takes too long."""
    timer = Timer(_PATIENCE, reader.kill)
    timer.start()
    try:
        return wait()
    finally:
        timer.cancel()
