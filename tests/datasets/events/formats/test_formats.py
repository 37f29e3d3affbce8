"""Every format of event files gives back what was encoded, in whatever pieces its bytes come."""

from __future__ import annotations

import io

import numpy as np
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from helpers import event_files as files
from helpers.event_files import SIZE, Event, Trickle, as_events
from spikeseg.datasets.events.events import EVENT
from spikeseg.datasets.events.formats import open_events, read_events
from spikeseg.datasets.events.formats.stream import PACKET
from spikeseg.errors import SpikeSegError

pytest.importorskip("flatbuffers", reason="encodes AEDAT 4")
pytest.importorskip("h5py", reason="reads and writes HDF5")
pytest.importorskip("lz4.frame", reason="AEDAT 4 is compressed")
pytest.importorskip("zstandard", reason="AEDAT 4 is compressed")

EVENTS = [Event(3 * n % 64, 7 * n % 48, 1000 + 137 * n, 1 if n % 3 else -1) for n in range(40)]

ENCODERS = {
    "atis": files.atis,
    "aedat4": files.aedat4,
    "aedat2": files.aedat2,
    "aedat3": files.aedat3,
    "es": files.es,
    "raw": files.evt3,
    "evt21": files.evt21,
    "evt2": files.evt2,
    "evt3": files.evt3,
    "dat": files.dat,
    "txyp-s": files.text,
    "txyp-us": lambda events: files.text(events, seconds=False),
    "xytp-s": lambda events: files.text(events, order="xytp"),
    "xytp-us": lambda events: files.text(events, order="xytp", seconds=False),
    "npy": files.npy,
}


@st.composite
def recordings(draw) -> list[Event]:
    """Events that often share time, row and polarity, and are sometimes far apart."""
    gaps = st.one_of(st.just(0), st.just(0), st.integers(0, 5000), st.integers(0, 1 << 23))
    drawn = draw(
        st.lists(
            st.tuples(st.integers(0, 63), st.sampled_from([0, 7, 47]), gaps, st.sampled_from([-1, 1])), max_size=30
        )
    )
    events, t = [], 0
    for x, y, gap, p in drawn:
        t += gap
        events.append(Event(x, y, t, p))
    return events


ACROSS_WRAPS = [
    Event(1, 2, t, 1) for t in (5, (1 << 24) - 1, 1 << 24, (1 << 24) + 4095, 3 << 24, (1 << 34) - 1, 1 << 34)
]


@pytest.mark.parametrize("kind", ENCODERS)
@given(events=recordings(), sizes=st.lists(st.integers(1, 300), min_size=1, max_size=5))
@example(events=EVENTS, sizes=[1])
@example(events=EVENTS, sizes=[1 << 20])
@settings(max_examples=25)
def test_a_format_round_trips_in_any_pieces(kind, events, sizes):
    if kind == "atis":
        events = [event for event in events if event.t < 1 << 24]
        assume(events)  # it has no header: without an event it is an empty file
    with open_events(Trickle(ENCODERS[kind](events), sizes), kind) as stream:
        packets = list(stream)
    assert as_events(packets) == events
    assert all(packet.dtype == EVENT for packet in packets)
    assert stream.truncated == ""
    if kind not in ("atis", "npy"):
        assert stream.size == ((128, 128) if kind in ("aedat2", "aedat3") else SIZE)


@pytest.mark.parametrize("encode", [files.evt2, files.evt21, files.evt3])
def test_a_clock_that_wraps_around_goes_on(encode):
    assert as_events(open_events(Trickle(encode(ACROSS_WRAPS), [1000]))) == ACROSS_WRAPS


@pytest.mark.parametrize("pieces", [1, 8, 1000])
def test_the_32_bits_of_dat_wrap_around(pieces):
    events = [Event(1, 2, t, 1) for t in (5, 3 << 30, (1 << 32) + 4, 7 << 30, (1 << 33) + 1)]
    wrapped = files.dat([event._replace(t=event.t % (1 << 32)) for event in events])
    assert as_events(open_events(Trickle(wrapped, [pieces]))) == events


def test_vectors_say_the_same_as_single_events():
    events = [Event(x, 5, 9, -1) for x in (3, 4, 14, 15, 16, 34, 35)] + [Event(x, 5, 9, 1) for x in range(20, 52)]
    packed, single = files.evt3(events), files.evt3(events, vectors=False)
    assert len(packed) < len(single)
    assert as_events(open_events(Trickle(packed))) == as_events(open_events(Trickle(single))) == events


def test_a_vector_moves_its_start_on_across_pieces():
    words = [0x8000, 0x6001, 0x0005, 0x3802, 0x4001, 0x5001, 0x4800]
    data = files.RAW_HEADER.format(3).encode() + np.array(words, "<u2").tobytes()
    expected = [Event(x, 5, 1, 1) for x in (2, 14, 33)]
    for size in (1, 2, 3, 1000):
        assert as_events(open_events(Trickle(data, [size]))) == expected


def test_events_without_a_time_or_row_yet_are_left_out():
    words = [0x2005, 0x8001, 0x2006, 0x4FFF, 0x0003, 0x4FFF, 0x2007, 0x1004, 0x2008, 0x0004, 0x2809]
    data = files.RAW_HEADER.format(3).encode() + np.array(words, "<u2").tobytes()
    assert as_events(open_events(Trickle(data))) == [Event(7, 3, 4096, -1), Event(9, 4, 4096, 1)]
    evt2 = files.RAW_HEADER.format(2).encode() + np.array([0x10000801, 0x80000001, 0x10000801], "<u4").tobytes()
    assert as_events(open_events(Trickle(evt2))) == [Event(1, 1, 64, 1)]


def test_a_new_upper_half_of_the_time_begins_at_its_beginning():
    words = [0x8001, 0x6FFF, 0x0003, 0x2001, 0x8002, 0x2001, 0x8002, 0x6004, 0x8002, 0x2001]
    data = files.RAW_HEADER.format(3).encode() + np.array(words, "<u2").tobytes()
    assert [event.t for event in as_events(open_events(Trickle(data)))] == [8191, 8192, 8196]


def test_row_240_puts_the_clock_of_the_atis_on():
    data = bytes([1, 2, 0, 0, 5, 0, 240, 0, 0, 9, 1, 2, 128, 0, 6])
    assert as_events(open_events(Trickle(data), "atis")) == [Event(1, 2, 5, -1), Event(1, 2, 8192 + 6, 1)]


@pytest.mark.parametrize("compression", range(5))
@pytest.mark.parametrize("table", [True, False])
def test_aedat4_in_every_compression(compression, table):
    with open_events(Trickle(files.aedat4(EVENTS, compression, table), [50])) as stream:
        assert as_events(stream) == EVENTS
    assert stream.truncated == ""
    assert stream.size == SIZE


@pytest.mark.parametrize(
    ("header", "size"),
    [
        ("% evt 3.0\n% geometry 320x240\n% end\n", (240, 320)),
        ("% format EVT3;height=240;width=320\n% end\n", (240, 320)),
        ("% evt 3.0\n% width 320\n% height 240\n", (240, 320)),
        ("% evt 3.0\n% plugin_name hal_plugin_gen3_fx3\n", (480, 640)),
        ("% evt 3.0\n% plugin_name hal_plugin_gen31_evk2\n", (480, 640)),
        ("% evt 3.0\n% plugin_name hal_plugin_gen41_evk3\n", (720, 1280)),
        ("% evt 3.0\n% plugin_name hal_plugin_imx636_evk4\n", (720, 1280)),
        ("% evt 3.0\n% sensor_generation 3.1\n", (480, 640)),
        ("% evt 3.0\n% generation 4.2\n", (720, 1280)),
        ("% evt 3.0\n% sensor_name GenX320\n", (320, 320)),
        ("% evt 3.0\r\n% geometry 320x240\r\n", (240, 320)),
        ("% evt 3.0\n", None),
    ],
)
def test_a_header_names_the_sensor(header, size):
    with open_events(Trickle(files.evt3(EVENTS, header))) as stream:
        assert stream.size == size
        assert as_events(stream) == EVENTS


@pytest.mark.parametrize(
    ("header", "told"),
    [
        ("% evt 4.0\n% end\n", "4.0, not as EVT2, EVT21 or EVT3"),
        ("% format EVT4;height=240;width=320\n% end\n", "EVT4, not as"),
        ("% format HISTO3D\n% end\n", "HISTO3D, not as"),
        ("% date 2020-01-01\n% end\n", "its header does not say"),
        ("% evt 3.0\n% endianness big\n% end\n", "big-endian"),
        ("% evt 3.0\n% geometry 0x0\n% end\n", "'0x0'"),
        ("% evt 3.0\n% geometry 99999x3\n% end\n", "'99999x3'"),
        ("% evt 3.0\n% width 640\n% end\n", "'640x'"),
        ("% " + 70_000 * "a" + "\n", "too long a header"),
    ],
)
def test_a_header_that_cannot_be_followed_is_explained(header, told):
    with pytest.raises(SpikeSegError, match=f"^trickle .*{told}"):
        open_events(Trickle(files.evt3(EVENTS, header), [1 << 20]))


def test_an_encoding_can_be_told_where_there_is_no_header():
    assert as_events(open_events(Trickle(files.evt2(EVENTS, "")), "evt2")) == EVENTS
    with pytest.raises(SpikeSegError, match="is encoded as EVT2, not as EVT3"):
        open_events(Trickle(files.evt2(EVENTS)), "evt3")


def test_dat_of_another_version_or_kind_is_refused():
    with pytest.raises(SpikeSegError, match="no DAT file of version 2"):
        open_events(Trickle(files.dat(EVENTS, "% Data file containing CD events.\n% Version 1\n")))
    with pytest.raises(SpikeSegError, match="events of type 14"):
        open_events(Trickle(files.dat(EVENTS).replace(b"\x0c\x08", b"\x0e\x08")))


@pytest.mark.parametrize("order", ["txyp", "xytp"])
@pytest.mark.parametrize("seconds", [True, False])
@pytest.mark.parametrize("first_line", ["", "# events\n", "64 48\n", "\n", "\ufeff\n"])
def test_the_layout_of_text_is_found_out(order, seconds, first_line):
    data = files.text(EVENTS, order, seconds, first_line)
    for variant in (data, data.replace(b"\n", b"\r\n"), data.replace(b" ", b","), data.removesuffix(b"\n")):
        if first_line == "64 48\n" and b"," in variant:
            continue
        with open_events(Trickle(variant, [64]), "text", unit=None if seconds else "us") as stream:
            assert as_events(stream) == EVENTS
        assert stream.format == f"text, {' '.join(order)}, {'seconds' if seconds else 'microseconds'}"


def test_text_that_could_be_read_in_two_ways_is_not_guessed():
    data = b"1 5 2 1\n2 5 3 0\n"
    with pytest.raises(SpikeSegError, match=r"name the order, e\.g\. --columns txyp"):
        list(open_events(io.BytesIO(data), "text"))
    assert as_events(open_events(io.BytesIO(data), "txyp-us")) == [Event(5, 2, 1, 1), Event(5, 3, 2, -1)]
    assert as_events(open_events(io.BytesIO(data), "xytp-s")) == [Event(1, 5, 2_000_000, 1), Event(2, 5, 3_000_000, -1)]


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        ("0.1 1 2 1\n0.2 1 2\n0.3 1 2 1\n", r"line 2 is not four numbers: '0.2 1 2'"),
        ("0.1 1 2 1\n0.2 1 two 1\n", r"line 2 is not four numbers"),
        ("0.1 1 2 1 7\n0.2 1 2 1 7\n", r"line 1 is not four numbers"),
        ("0.1 1 2 1\n0.2 1 nan 1\n", r"event 1: y = nan"),
        ("0.1 1 2 1\n0.2 1.5 2 1\n", r"event 1: x = 1.5"),
        ("0.1 1 2 1\ninf 1 2 1\n", r"event 1: t = inf"),
        ("0.1 1 2 1\n0.2 1 2 3\n", r"event 1: p = 3"),
        ("0.2 1 2 1\n0.1 1 2 1\n", r"event 1: t = 100000 is earlier"),
        ("0.2 1 2 1\n" + 5000 * "1", r"line 2 is too long"),
    ],
)
def test_a_line_that_is_no_event_is_named(lines, told):
    with pytest.raises(SpikeSegError, match=f"^<.*: {told}|^the stream: {told}"):
        list(open_events(io.BytesIO(lines.encode()), "text", unit="s"))


@pytest.mark.parametrize("table", [True, False])
def test_npz_of_columns_or_of_a_table(table, tmp_path):
    path = tmp_path / "events.npz"
    path.write_bytes(files.npz(EVENTS, table))
    recording = read_events(path)
    assert as_events([recording.events]) == EVENTS
    assert recording.size == SIZE


@pytest.mark.parametrize(
    ("arrays", "told"),
    [
        ({"x": [1], "y": [1], "t": [1]}, "neither arrays x, y, t and p nor one array"),
        ({"events": [[1, 2, 3]]}, "an array of shape"),
        ({"events": [[1, 2, 3, 1]]}, "the first or the third column could be the times"),
        ({"events": [1]}, "no fields x, y, t and p"),
        ({"x": [1], "y": [1], "t": [1, 2], "p": [1]}, "not of one length"),
        ({"x": [1], "y": [1], "t": ["a"], "p": [1]}, "t is no array of numbers"),
        ({"x": [1], "y": [1], "t": [np.nan], "p": [1]}, "event 0: t = nan"),
        ({"x": [1], "y": [1], "t": [1], "p": [1], "size": [0, 3]}, "size is not the rows and columns"),
        ({"x": [1], "y": [1], "t": [1], "p": [1], "size": [1.5, 3]}, "size is not the rows and columns"),
        ({"x": [3], "y": [1], "t": [1], "p": [1], "size": [3, 3]}, "event 0: x = 3 is off the sensor"),
    ],
)
def test_an_npz_of_something_else_is_explained(arrays, told, tmp_path):
    path = tmp_path / "events.npz"
    np.savez(path, **arrays)
    with pytest.raises(SpikeSegError, match=told):
        read_events(path, unit="us")


@pytest.mark.parametrize("layout", ["events/x", "CD/events", "x"])
def test_hdf5_in_the_common_layouts(layout, tmp_path):
    path = files.write_hdf5(tmp_path / "events.h5", EVENTS, layout)
    with open_events(path, unit="us") as stream:
        assert as_events(stream) == EVENTS
    assert stream.size == (SIZE if layout == "CD/events" else None)
    assert layout in stream.format


def test_hdf5_of_something_else_is_explained(tmp_path):
    import h5py

    with h5py.File(tmp_path / "events.h5", "w") as file:
        file["davis/left"] = [1]
    with pytest.raises(
        SpikeSegError, match=r"events\.h5 .*no events/x, y, t, p and no table CD/events, but davis/left$"
    ):
        open_events(tmp_path / "events.h5")


SUFFIXES = {"atis": ".bin", "aedat4": ".aedat4", "raw": ".raw", "dat": ".dat", "txyp-s": ".txt", "npy": ".npy"}


@pytest.mark.parametrize("kind", SUFFIXES)
def test_a_file_is_known_by_its_suffix_and_read_whole(kind, tmp_path):
    path = tmp_path / f"events{SUFFIXES[kind]}"
    path.write_bytes(ENCODERS[kind](EVENTS))
    recording = read_events(path)
    assert recording.name == str(path)
    assert as_events([recording.events]) == EVENTS


@pytest.mark.parametrize("kind", ["aedat4", "raw", "dat", "txyp-s", "npy"])
def test_a_stream_is_known_by_its_first_bytes(kind):
    assert as_events(open_events(Trickle(ENCODERS[kind](EVENTS), [3]))) == EVENTS


def test_a_source_that_cannot_be_read_is_explained(tmp_path):
    with pytest.raises(SpikeSegError, match="name its format, one of atis, aedat"):
        open_events(io.BytesIO(files.atis(EVENTS)))
    with pytest.raises(SpikeSegError, match="unknown format 'avi'"):
        open_events(io.BytesIO(b"RIFF"), "avi")
    with pytest.raises(SpikeSegError, match=r"^the stream is empty$"):
        open_events(io.BytesIO(b""), "atis")
    with pytest.raises(SpikeSegError, match="line 1 is not four numbers: 'hello world'"):
        list(open_events(io.BytesIO(b"hello world"), "text"))
    with pytest.raises(SpikeSegError, match="npz is read from a file only"):
        open_events(io.BytesIO(files.npz(EVENTS)))
    with pytest.raises(SpikeSegError, match=r"cannot read .*missing\.bin: No such file"):
        open_events(tmp_path / "missing.bin")
    with pytest.raises(SpikeSegError, match=r"cannot read .*: Is a directory"):
        open_events(tmp_path)
    with pytest.raises(SpikeSegError, match="is no AEDAT 4 file"):
        open_events(io.BytesIO(files.dat(EVENTS)), "aedat4")


def test_the_name_of_a_stream_shows_its_format_as_that_of_a_file_does():
    growing = io.BytesIO(files.atis(EVENTS))
    growing.name = "events.bin"
    assert as_events(open_events(growing)) == EVENTS


def test_the_size_is_the_sources_or_the_callers_or_what_events_need(tmp_path):
    path = tmp_path / "events.bin"
    path.write_bytes(files.atis(EVENTS))
    assert read_events(path).size == (47, 64)
    assert read_events(path, size=(180, 240)).size == (180, 240)
    with pytest.raises(SpikeSegError, match="does not name the sensor's size: give it"):
        open_events(path).sensor()
    assert open_events(path, size=(180, 240)).sensor() == (180, 240)
    with pytest.raises(SpikeSegError, match="event 7: x = 21 is off the sensor, 20 columns wide"):
        read_events(path, size=(180, 20))
    with pytest.raises(SpikeSegError, match="a sensor of 64 x 48, not of 240 x 180"):
        open_events(Trickle(files.dat(EVENTS)), size=(180, 240))
    path.write_bytes(bytes([0, 240, 0, 0, 0]))  # nothing but the clock, see below
    assert len(read_events(path, size=SIZE).events) == 0
    with pytest.raises(SpikeSegError, match="holds no events, and does not name"):
        read_events(path)


def test_events_out_of_order_are_named_by_their_number_in_the_file():
    events = [Event(1, 1, 3, 1)] * (PACKET + 5) + [Event(1, 1, 2, 1)]
    data = files.dat(events)
    with pytest.raises(SpikeSegError, match=f"^trickle: event {PACKET + 5}: t = 2 is earlier"):
        list(open_events(Trickle(data, [1 << 20])))


def test_packets_are_of_bounded_length():
    words = np.array([0x8000, 0x6000, 0x0001] + [0x3000, 0x4FFF] * 20_000, "<u2").tobytes()
    data = files.RAW_HEADER.format(3).encode() + words
    lengths = [len(packet) for packet in open_events(Trickle(data, [1 << 20]))]
    assert sum(lengths) == 240_000
    assert max(lengths) <= PACKET
