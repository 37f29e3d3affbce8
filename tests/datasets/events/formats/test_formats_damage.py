"""Files that are cut off or damaged give their complete events and say so, or an error of one line; never more.

SPIKESEG_DAMAGES says how many damaged files of each format are tried: CONTRIBUTING.md.
"""

from __future__ import annotations

import io
import os
import struct
import sys
import tracemalloc
import zipfile

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers import event_files as files
from helpers.event_files import Event, Trickle, as_events
from spikeseg.datasets.events.events import EVENT, LARGEST, check
from spikeseg.datasets.events.formats import hdf5, open_events, read_events
from spikeseg.errors import SpikeSegError

pytest.importorskip("flatbuffers", reason="encodes AEDAT 4")
pytest.importorskip("h5py", reason="reads and writes HDF5")
pytest.importorskip("lz4.frame", reason="AEDAT 4 is compressed")
pytest.importorskip("zstandard", reason="AEDAT 4 is compressed")

EVENTS = [Event(3 * n % 64, 7 * n % 48, 1000 + 137 * n, 1 if n % 3 else -1) for n in range(40)]
DAMAGES = int(os.environ.get("SPIKESEG_DAMAGES", "100"))
MEMORY = 300 << 20  # bytes: a few times what the largest packet takes

STREAMS = {
    "atis": files.atis(EVENTS),
    "aedat4": files.aedat4(EVENTS),
    "aedat2": files.aedat2(EVENTS),
    "aedat3": files.aedat3(EVENTS),
    "es": files.es(EVENTS),
    "evt2": files.evt2(EVENTS),
    "evt21": files.evt21(EVENTS),
    "evt3": files.evt3(EVENTS),
    "dat": files.dat(EVENTS),
    "text": files.text(EVENTS),
    "npy": files.npy(EVENTS),
}
EVENT_BYTES = {"atis": 5, "aedat2": 8, "es": 5, "evt2": 4, "evt21": 8, "evt3": 2, "dat": 8, "npy": EVENT.itemsize}


def read(data: bytes, kind: str, sizes=(1 << 16,)) -> list[Event]:
    """The events of a source, checked."""
    last, packets = None, []
    with open_events(Trickle(data, sizes), kind) as stream:
        for packet in stream:
            check(packet, stream.size or (LARGEST, LARGEST), "a packet", after=last)
            last = int(packet["t"][-1])
            packets.append(packet)
    return as_events(packets)


def complaint(action) -> str:
    """What the SpikeSegError of an action says; empty if there is none. Nothing else may be raised."""
    try:
        action()
    except SpikeSegError as error:
        return str(error)
    return ""


def is_line_about(name: str, told: str) -> bool:
    return told == "" or (told.startswith(name) and "\n" not in told and len(told) < 400)


@pytest.mark.parametrize("kind", EVENT_BYTES)
def test_a_file_cut_off_within_an_event_gives_those_before_it_and_says_so(kind, tmp_path):
    for cut in range(1, EVENT_BYTES[kind]):
        path = tmp_path / "events"
        path.write_bytes(STREAMS[kind][:-cut])
        with open_events(path, kind) as stream:
            events = as_events(stream)
            assert events == EVENTS[: len(events)]
            assert len(events) == len(EVENTS) - 1
        assert stream.truncated
        with pytest.raises(
            SpikeSegError, match=rf"{path} is cut off after {len(events)} events, with .*: get it again"
        ):
            read_events(path, kind)


@pytest.mark.parametrize("kind", STREAMS)
def test_wherever_a_file_is_cut_off_it_gives_the_beginning_of_its_events(kind):
    for cut in range(len(STREAMS[kind])):
        events: list[Event] = []
        assert is_line_about("trickle", complaint(lambda: events.extend(read(STREAMS[kind][:cut], kind))))  # noqa: B023
        assert events == EVENTS[: len(events)]


@pytest.mark.parametrize("kind", ["aedat4", "npy"])
def test_a_file_that_names_its_length_notices_that_events_are_missing(kind):
    for cut in range(1, len(STREAMS[kind]) - 20, 7):
        with open_events(Trickle(STREAMS[kind][:-20][:-cut], [1 << 16]), kind) as stream:
            assert len(as_events(stream)) < len(EVENTS) or kind == "aedat4"
        assert stream.truncated


def test_an_archive_that_is_cut_off_is_an_error(tmp_path):
    archive = files.npz(EVENTS)
    hdf = files.write_hdf5(tmp_path / "whole.h5", EVENTS).read_bytes()
    for data, name in ((archive, "events.npz"), (hdf, "events.h5")):
        path = tmp_path / name
        path.write_bytes(data[: len(data) // 2])
        with pytest.raises(SpikeSegError, match=f"^{path} cannot be read: "):
            read_events(path)


# ---- What claims too much ------------------------------------------------------------------------------------------


def peak(action) -> int:
    """Bytes that an action that raises SpikeSegError takes at most."""
    tracemalloc.start()
    try:
        with pytest.raises(SpikeSegError):
            action()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def aedat4_of(packet: bytes, compression: int) -> bytes:
    """A header, and one packet of the stream of events."""
    header = files.aedat4([], compression, table=False)
    return header + struct.pack("<ii", 0, len(packet)) + packet


@pytest.mark.parametrize("compression", [1, 3])
def test_a_packet_that_expands_without_bound_is_refused(compression):
    bomb = files.compress(bytes(1 << 30), compression)
    assert peak(lambda: read(aedat4_of(bomb, compression), "aedat4")) < MEMORY


@pytest.mark.parametrize("compression", [0, 1, 3])
def test_a_packet_or_table_that_claims_gigabytes_is_refused(compression):
    content = bytearray(files.event_packet(EVENTS))
    vector = content.rindex(struct.pack("<I", len(EVENTS)))
    content[vector : vector + 4] = struct.pack("<I", 0xFFFFFFF)
    packet = files.compress(bytes(content), compression)
    assert peak(lambda: read(aedat4_of(packet, compression), "aedat4")) < MEMORY
    header = files.aedat4([], compression, table=False)
    assert peak(lambda: read(header + struct.pack("<ii", 0, 0x7FFFFFFF), "aedat4")) < MEMORY
    with pytest.raises(SpikeSegError, match="header claims 4294967295 bytes"):
        read(b"#!AER-DAT4.0\r\n\xff\xff\xff\xff", "aedat4")


def test_a_packet_of_a_stream_that_the_header_does_not_know_is_refused():
    with pytest.raises(SpikeSegError, match="a packet of 5 bytes of stream 7"):
        read(files.aedat4([], table=False) + struct.pack("<ii", 7, 5) + b"12345", "aedat4")


def test_a_header_of_streams_that_expands_is_refused():
    entities = '<!DOCTYPE dv [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>' + files.XML
    with pytest.raises(SpikeSegError, match="its description of streams"):
        read(files.aedat4(EVENTS, xml=entities), "aedat4")
    with pytest.raises(SpikeSegError, match="a sensor of 64 x 99999"):
        read(files.aedat4(EVENTS, xml=files.XML.replace("48<", "99999<")), "aedat4")
    with pytest.raises(SpikeSegError, match="no stream of events"):
        read(files.aedat4(EVENTS, xml=files.XML.replace("EVTS", "IMUS")), "aedat4")


def claiming(count: int) -> bytes:
    """An array of `EVENTS` whose header claims another number of them."""
    array, packed = files.as_array(EVENTS), io.BytesIO()
    head = {"descr": array.dtype.descr, "fortran_order": False, "shape": (count,)}
    np.lib.format.write_array_header_1_0(packed, head)
    return packed.getvalue() + array.tobytes()


def test_an_array_that_claims_more_than_it_holds_is_not_believed(tmp_path):
    many, fewer = claiming(10**12), claiming(30)
    with open_events(Trickle(many, [99]), "npy") as stream:
        assert as_events(stream) == EVENTS
    assert "40 of the 1000000000000 events" in stream.truncated
    with pytest.raises(SpikeSegError, match="more than the 30 events it claims"):
        read(fewer, "npy")
    with zipfile.ZipFile(tmp_path / "events.npz", "w") as archive:
        archive.writestr("events.npy", many)
    with pytest.raises(SpikeSegError, match="holds less than it claims"):
        read_events(tmp_path / "events.npz")
    with zipfile.ZipFile(tmp_path / "events.npz", "w") as archive:
        archive.writestr("events.npy", fewer)
    with pytest.raises(SpikeSegError, match="holds more than it claims"):
        read_events(tmp_path / "events.npz")


@pytest.mark.parametrize("chunks", [None, (1000,), (1 << 26,)])
def test_rows_that_hdf5_makes_up_are_refused(chunks, tmp_path):
    import h5py

    with h5py.File(tmp_path / "events.h5", "w") as file:
        for field in "xytp":
            file.create_dataset(f"events/{field}", (10**12,), EVENT[field], chunks=chunks)
    with pytest.raises(SpikeSegError, match=r"events/x claims"):
        read_events(tmp_path / "events.h5")


@pytest.mark.parametrize(
    ("program", "told"),
    [("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", "signal 11"), ("while True: pass", "signal 9")],
)
def test_hdf5_may_crash_or_hang_but_takes_nothing_with_it(program, told, tmp_path, monkeypatch):
    reader = tmp_path / "reader.py"
    reader.write_text(program)
    monkeypatch.setattr(hdf5.hdf5_reader, "__file__", str(reader))
    monkeypatch.setattr(hdf5, "_PATIENCE", 0.5)
    with pytest.raises(SpikeSegError, match=f"damaged, HDF5 ended with {told}"):
        open_events(files.write_hdf5(tmp_path / "events.h5", EVENTS))


@pytest.mark.parametrize(("module", "compression"), [("lz4.frame", 1), ("zstandard", 3)])
def test_a_library_that_is_missing_is_named(module, compression, monkeypatch):
    data = files.aedat4(EVENTS, compression)
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(SpikeSegError, match=rf"^trickle: reading it needs {module}: pip install 'spikeseg\[events\]'"):
        read(data, "aedat4")


# ---- Anything at all -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [*STREAMS, "raw", "txyp-us"])
@given(data=st.binary(max_size=2000), sizes=st.lists(st.integers(1, 999), min_size=1, max_size=3))
@settings(max_examples=50)
def test_any_bytes_are_events_or_an_error_of_one_line(kind, data, sizes):
    assert is_line_about("trickle", complaint(lambda: read(data, kind, sizes)))


@pytest.mark.parametrize("kind", STREAMS)
@given(
    changes=st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), min_size=1, max_size=5),
    end=st.one_of(st.just(1.0), st.floats(0, 1)),
)
@settings(max_examples=DAMAGES, deadline=None)
def test_damaged_files_give_events_or_an_error_of_one_line(kind, changes, end):
    data = bytearray(STREAMS[kind])
    for place, value in changes:
        data[int(place * len(data))] = value
    assert is_line_about("trickle", complaint(lambda: read(bytes(data[: int(end * len(data))]), kind)))


@given(changes=st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), min_size=1, max_size=5))
@settings(max_examples=DAMAGES, deadline=None)
def test_damaged_archives_give_events_or_an_error_of_one_line(changes, tmp_path_factory):
    data = bytearray(files.npz(EVENTS))
    for place, value in changes:
        data[int(place * len(data))] = value
    path = tmp_path_factory.getbasetemp() / "damaged.npz"
    path.write_bytes(data)
    assert is_line_about(str(path), complaint(lambda: read_events(path)))
