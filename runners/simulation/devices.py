"""The devices on which a network can be simulated."""

from __future__ import annotations

from typing import Literal, get_args

from spikeseg.errors import SpikeSegError

Device = Literal["cpp_standalone", "cython", "numpy", "genn", "genn-cpu"]


DEVICES: tuple[Device, ...] = get_args(Device)


GENN = ("genn", "genn-cpu")  # on a GPU, on the CPU


PROGRAMS = ("cpp_standalone", *GENN)  # the model becomes a program of its own


def check_device(device: str) -> None:
    """Raise SpikeSegError where there is no such device."""
    if device not in DEVICES:
        raise SpikeSegError(f"unknown device {device!r}: choose one of {', '.join(DEVICES)}")
