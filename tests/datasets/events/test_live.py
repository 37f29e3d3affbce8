"""A camera through neuromorphic-drivers: packets of its shape, and what the library says where there is no camera."""

from __future__ import annotations

import inspect
import sys
from functools import partial

import pytest

from helpers import runs
from helpers.camera import packet, plug
from helpers.event_files import Event, as_events
from spikeseg.datasets.events.sources import Reading, open_source
from spikeseg.errors import SpikeSegError

EVENTS = [Event(3 * n % 346, 7 * n % 260, 1000 + 137 * n, 1 if n % 3 else -1) for n in range(60)]


@pytest.fixture
def plugged(monkeypatch):
    return partial(plug, monkeypatch)


@pytest.mark.parametrize("name", ["camera:", "camera:00051503"])
def test_packets_of_a_camera_are_its_events(plugged, name):
    device = plugged([packet([]), None, packet(EVENTS[:20]), packet([]), packet(EVENTS[20:])])
    with open_source(name) as stream:
        assert (stream.size, stream.format) == ((260, 346), "camera iniVation DAVIS 346")
        assert as_events(stream) == EVENTS
    assert (device.closed, stream.left_out, stream.truncated) == (True, [], "")
    asked = sys.modules["neuromorphic_drivers"].__dict__["asked"]
    assert asked["serial"] == (name.partition(":")[2] or None)
    assert asked["iterator_timeout"] > 0  # without one the library waits for ever, and Ctrl-C with it


def test_what_was_lost_is_told(plugged):
    plugged([packet(EVENTS[:20], [3, 7]), packet(EVENTS[20:], [])])
    with open_source("camera:", Reading(start=1137, end=2000)) as stream:
        assert as_events(stream) == [event for event in EVENTS if 1137 <= event.t < 2000]
    assert stream.left_out == ["times that the camera's events were lost, more than could be taken: 2"]


def test_a_camera_that_is_pulled_out_ends_in_one_line_after_its_events(plugged):
    device = plugged([packet(EVENTS)], RuntimeError("No such device (it may have been disconnected)"))
    seen = []
    with pytest.raises(SpikeSegError, match=r"camera: has stopped: No such device"), open_source("camera:") as stream:
        seen += stream
    assert as_events(seen) == EVENTS
    assert device.closed


def test_events_out_of_order_are_refused_or_dropped(plugged):
    disorder = [*EVENTS[:10], EVENTS[4], *EVENTS[10:]]
    plugged([packet(disorder)])
    with pytest.raises(SpikeSegError, match="camera:: event 10"), open_source("camera:") as stream:
        list(stream)
    plugged([packet(disorder)])
    with open_source("camera:", Reading(invalid="drop")) as stream:
        assert as_events(stream) == EVENTS


@pytest.mark.parametrize(
    ("name", "reading", "told"),
    [
        ("camera:7", Reading(), "camera:7 cannot be opened: .*; cameras .* iniVation DAVIS 346 00051503"),
        ("camera:", Reading(size="640x480"), "names a sensor of 346 x 260, not of 640 x 480"),
        ("camera:", Reading(mask_hot=True), "--mask-hot takes the whole recording"),
        ("camera:", Reading(unit="ms"), "--unit is for files, not for camera:"),
        ("camera:", Reading(format="evt3"), "--format is for files, not for camera:"),
    ],
)
def test_what_cannot_be_is_said_in_one_line(plugged, name, reading, told):
    plugged([packet(EVENTS)])
    with pytest.raises(SpikeSegError, match=told):
        open_source(name, reading)


def test_the_library_is_asked_for_where_it_is_missing(monkeypatch):
    monkeypatch.setitem(sys.modules, "neuromorphic_drivers", None)
    with pytest.raises(SpikeSegError, match=r"pip install 'spikeseg\[camera\]'"):
        open_source("camera:")


def test_the_library_has_what_is_used_of_it():
    library = pytest.importorskip("neuromorphic_drivers", reason="drives cameras")
    assert {"serial", "iterator_timeout"} <= set(inspect.signature(library.open).parameters)
    for kind in (library.Evt3Packet, library.DvxplorerPacket, library.Davis346Packet):
        assert {"polarity_events", "polarity_events_overflow_indices"} <= set(kind.__annotations__)
    from neuromorphic_drivers.generated.devices import inivation_davis346, inivation_dvxplorer, prophesee_evk4

    sizes = [(kind.Properties().height, kind.Properties().width) for kind in (prophesee_evk4, inivation_dvxplorer)]
    assert [*sizes, (inivation_davis346.Properties().height, 346)] == [(720, 1280), (480, 640), (260, 346)]


def test_without_a_camera_the_library_is_quoted_in_one_line():
    library = pytest.importorskip("neuromorphic_drivers", reason="drives cameras")
    try:
        found = library.list_devices()
    except RuntimeError:  # where there is no USB either
        found = []
    if found:
        pytest.skip("there is a camera")
    with pytest.raises(SpikeSegError, match=r"^camera: cannot be opened: .+; cameras that are plugged in: none$"):
        open_source("camera:")


@pytest.mark.parametrize(
    "command", [["info", "camera:"], ["convert", "camera:", "e.npz"], ["play", "camera:", "--out", "e.gif"]]
)
def test_what_needs_an_end_refuses_a_camera(spikeseg, command):
    assert "camera: has no end: `spikeseg stream` takes it" in runs.refusal(spikeseg("events", *command))
