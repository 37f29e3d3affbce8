"""A camera as neuromorphic-drivers shows it: a module of that name whose `open` gives a device with packets."""

from __future__ import annotations

import sys
from types import ModuleType, SimpleNamespace

import numpy as np

DTYPE = [("t", "<u8"), ("x", "<u2"), ("y", "<u2"), ("on", "?")]  # of the library's events
SERIAL = "00051503"


def packet(events, lost=None) -> SimpleNamespace:
    """Events (x, y, t, p) as the library's; `lost` has the indices before which some were lost."""
    rows = np.array([(t, x, y, p > 0) for x, y, t, p in events], DTYPE)
    return SimpleNamespace(
        polarity_events=rows if len(events) else None,
        trigger_events=None,
        polarity_events_overflow_indices=None if lost is None else np.array(lost, np.uint64),
        trigger_events_overflow_indices=None,
    )


class Device:
    """As `neuromorphic_drivers.open` gives it; after its packets it raises `end`."""

    def __init__(self, packets, end: type[Exception] | Exception, size: tuple[int, int]):
        self.packets, self.end, self.size, self.closed = iter(packets), end, size, False

    def __next__(self):
        for one in self.packets:
            return SimpleNamespace(system_time=0.0, ring=None), one
        raise self.end

    def name(self):
        return SimpleNamespace(value="iniVation DAVIS 346")

    def properties(self):
        return SimpleNamespace(height=self.size[0], width=self.size[1])

    def close(self):
        self.closed = True


def plug(monkeypatch, packets, end: type[Exception] | Exception = StopIteration, size=(260, 346)) -> Device:
    """Plug in a camera; the module's `asked` has what it was opened with."""
    device, library = Device(packets, end, size), ModuleType("neuromorphic_drivers")

    def opened(**asked):
        if asked["serial"] not in (None, SERIAL):
            raise RuntimeError("device with serial not found")
        library.__dict__["asked"] = asked
        return device

    listed = SimpleNamespace(name=device.name(), serial=SERIAL, error=None)
    library.__dict__.update(open=opened, list_devices=lambda: [listed])
    monkeypatch.setitem(sys.modules, "neuromorphic_drivers", library)
    return device
