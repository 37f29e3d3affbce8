"""Columns and units of events: what names say is followed, what numbers settle is found out, the rest is asked for."""

from __future__ import annotations

import io
from itertools import permutations
from pathlib import Path

import numpy as np
import pytest

from helpers import event_files as files
from helpers.event_files import Event, as_array, as_events
from spikeseg.datasets.events.formats import UnknownUnitError, open_events, read_events
from spikeseg.errors import SpikeSegError

EVENTS = [Event(3 * n % 240, 7 * n % 180, 5_000_000 + 137 * n, 1 if n % 3 else -1) for n in range(2000)]
ORDERS = ["".join(order) for order in permutations("txyp")]
EPOCH_NS = 1_605_537_493_718_345_678  # has more digits than a float holds


def csv(order: str, heading: str = "", separator: str = ",", events=EVENTS, **values) -> io.BytesIO:
    """Lines of events; `values` makes a field's text of an event."""
    write = {field: lambda event, field=field: max(getattr(event, field), 0) for field in "txyp"} | values
    lines = [separator.join(str(write[field](event)) for field in order) for event in events]
    return io.BytesIO("\n".join([*([heading] if heading else []), *lines, ""]).encode())


def read(source, format=None, **said) -> list[Event]:
    return as_events(open_events(source, format, **said))


# ---- Text ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("separator", [",", ";", " ", ", "])
def test_a_heading_is_followed_in_any_order(order, separator):
    heading = separator.join(order)
    assert read(csv(order, heading, separator), "text", unit="us") == EVENTS
    assert read(csv(order, f"# {heading}", separator), "text", unit="us") == EVENTS


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("heading", ["", "first second third fourth"])
def test_without_a_heading_the_order_can_be_said(order, heading):
    assert read(csv(order, heading), "text", columns=order, unit="us") == EVENTS
    assert read(csv(order, heading), f"{order}-us") == EVENTS


@pytest.mark.parametrize("order", ["txyp", "xytp", "xypt"])
def test_the_common_orders_are_found_out(order):
    assert read(csv(order), "text", unit="us") == EVENTS


def test_a_heading_and_an_order_that_differ_are_refused():
    with pytest.raises(SpikeSegError, match="names its columns as t y x p, not t x y p"):
        read(csv("tyxp", "t,y,x,p"), "txyp-us")


def test_a_heading_without_the_names_is_not_guessed():
    with pytest.raises(SpikeSegError, match=r"'a,b,c,d' does not name x, y, t and p: .* --columns txyp"):
        read(csv("txyp", "a,b,c,d"), "text")


@pytest.mark.parametrize(
    ("name", "scale"),
    [
        *((name, 1000) for name in ("t_ns", "timestamp_ns", "timestamp[ns]", "Time (ns)", "ts_nanoseconds")),
        *((name, 1) for name in ("t_us", "timestamp_us", "timestamp[us]", "time (\N{MICRO SIGN}s)", "ts.usec")),
    ],
)
def test_the_unit_that_a_heading_names_is_followed(name, scale):
    assert read(csv("xytp", f"x,y,{name},polarity", t=lambda event: scale * event.t), "text") == EVENTS


@pytest.mark.parametrize(("name", "divisor", "digits"), [("t_ms", 1000, 3), ("t_s", 1_000_000, 6)])
def test_milliseconds_and_seconds_with_a_fraction_are_exact(name, divisor, digits):
    def fraction(event: Event) -> str:
        return f"{event.t // divisor}.{event.t % divisor:0{digits}d}"

    assert read(csv("txyp", f"{name},x,y,p", t=fraction), "text") == EVENTS


@pytest.mark.parametrize(("unit", "scale"), [("s", 10**6), ("ms", 1000), ("ns", 0.001)])
def test_the_unit_can_be_said_where_a_heading_does_not(unit, scale):
    data = csv("tyxp", "t,y,x,p", t=lambda event: 1000 * event.t)
    assert read(data, unit) == [event._replace(t=round(1000 * event.t * scale)) for event in EVENTS]


@pytest.mark.parametrize(
    ("heading", "time", "told"),
    [
        ("t_ticks,x,y,p", lambda e: e.t, "'ticks' is no unit of time that is known: give it, e.g. --unit us"),
        ("t,x,y,p", lambda e: e.t, r"does not name the unit of its times: .* us: 0.137 s, ms: 137 s, s: 1.37e\+05 s"),
        ("t,x,y,p", lambda e: EPOCH_NS, "does not name the unit of its times: give it, e.g. --unit us"),
        ("t,x,y,p", lambda e: e.t / 1000, "does not name the unit"),  # in milliseconds
        ("t,x,y,p", lambda e: e.t / 1e6 + 3e-7, "does not name the unit"),  # no camera's clock
        ("t,x,y,p", lambda e: e.t // 1000 / 1000, "does not name the unit"),  # seconds or milliseconds
        ("", lambda e: f"{e.t}.000000", "does not name the unit"),
    ],
)
def test_a_unit_that_nothing_settles_is_asked_for(heading, time, told):
    with pytest.raises(UnknownUnitError, match=told):
        read(csv("txyp", heading, t=time), "text")


@pytest.mark.parametrize("decimals", [6, 7, 9])
@pytest.mark.parametrize("start", [0, 1_605_537_493_000_000])
def test_times_that_can_be_nothing_but_seconds_are_seconds(decimals, start):
    events = [event._replace(t=start + event.t) for event in EVENTS]
    seconds = csv(
        "txyp", "t,x,y,p", events=events, t=lambda e: f"{e.t // 10**6}.{e.t % 10**6:06d}".ljust(decimals, "0")
    )
    assert read(seconds, "text") == events


def test_seconds_that_were_rounded_on_the_way_are_seconds():
    """As in the Event-Camera Dataset, whose times are a nanosecond and more beside the microsecond."""
    seconds = csv("txyp", separator=" ", t=lambda e: f"{e.t // 10**6}.{e.t % 10**6:06d}{e.x % 20:03d}")
    assert read(seconds, "text") == EVENTS


def test_what_the_caller_says_of_a_format_that_has_a_layout_of_its_own_is_refused():
    events = [event for event in EVENTS if event.x < 64 and event.y < 48]
    assert read(io.BytesIO(files.dat(events)), unit="us") == events
    with pytest.raises(SpikeSegError, match="dat has columns and a unit of its own: leave out --unit"):
        read(io.BytesIO(files.dat(EVENTS)), unit="ms")
    with pytest.raises(SpikeSegError, match="dat has columns and a unit of its own: leave out --columns"):
        read(io.BytesIO(files.dat(EVENTS)), columns="txyp")
    with pytest.raises(SpikeSegError, match="'txy' is no order of columns"):
        read(csv("txyp"), "text", columns="txy")
    with pytest.raises(SpikeSegError, match="unknown unit 'h' of time: it is one of s, ms, us, ns"):
        read(csv("txyp"), "text", unit="h")


def test_a_heading_and_a_unit_that_differ_are_refused():
    with pytest.raises(SpikeSegError, match="names its times as milliseconds, not microseconds"):
        read(csv("txyp", "t_ms,x,y,p"), "text", unit="us")


def test_nanoseconds_keep_their_digits():
    events = [Event(1, 2, 1_605_537_493_718_345 + n, 1) for n in range(3)]
    data = csv("txyp", "timestamp_ns,x,y,p", events=events, t=lambda event: 1000 * event.t + 678)
    assert read(data, "text") == events
    assert read(csv("txyp", events=events, t=lambda event: 1000 * event.t + 678), "txyp-ns") == events


def test_an_index_column_and_others_are_passed_over():
    lines = ["t,x,y,p", *(f"{e.t},{e.x},{e.y},{max(e.p, 0)}" for e in EVENTS)]
    indexed = "\n".join([f",{lines[0]},extra", *(f"{n},{line},0.5" for n, line in enumerate(lines[1:]))])
    assert read(io.BytesIO(indexed.encode()), "text", unit="us") == EVENTS
    with pytest.raises(SpikeSegError, match="line 3 is not 6 numbers: '1,2,3'"):
        read(io.BytesIO(b"\n".join([*indexed.encode().split(b"\n")[:2], b"1,2,3", b""])), "text", unit="us")


@pytest.mark.parametrize("words", [("True", "False"), ("true", "false"), ("1", "-1"), ("1.0", "0.0")])
def test_polarity_may_be_words_or_signs(words):
    assert read(csv("xytp", p=lambda event: words[event.p < 0]), "text", unit="us") == EVENTS


def test_whole_seconds_below_a_line_with_the_sensors_size_are_seconds():
    events = [Event(n, 30 - 2 * n, n * 10**6, 1) for n in range(9)]
    seconds = csv("txyp", "64 48", " ", events, t=lambda event: f"{event.t // 10**6}.000000")
    assert read(seconds, "text") == events


@pytest.mark.parametrize(
    "head", ["%geometry:240,180", "%geometry:240,180\n%columns:x,y,p,t", "% geometry 240x180\n# made by hand"]
)
def test_metavisions_csv_names_its_sensor(head, tmp_path):
    path = tmp_path / "events.csv"
    path.write_bytes(csv("xypt", head).getvalue())
    recording = read_events(path)
    assert as_events([recording.events]) == EVENTS
    assert recording.size == (180, 240)


def test_metavisions_columns_are_followed():
    assert read(csv("tpyx", "%geometry:240,180\n%columns:t,p,y,x"), "text") == EVENTS


# ---- NumPy ---------------------------------------------------------------------------------------------------------


def save(path: Path, array) -> Path:
    np.save(path, array)
    return path


def table(order: str, dtype="i8") -> np.ndarray:
    return np.stack([as_array(EVENTS)[field].astype(dtype) for field in order], axis=1)


@pytest.mark.parametrize("order", ["txyp", "xytp", "xypt"])
@pytest.mark.parametrize("dtype", ["i8", "f8", "u4"])
@pytest.mark.parametrize("memory", ["C", "F"])
@pytest.mark.parametrize("by_row", [True, False])
def test_an_array_of_four_columns_is_read(order, dtype, memory, by_row, tmp_path):
    columns = table(order)
    columns[:, order.index("p")] = columns[:, order.index("p")] > 0
    array = np.asarray(columns.astype(dtype) if by_row else columns.astype(dtype).T, order=memory)
    assert read(save(tmp_path / "events.npy", array), unit="us") == EVENTS
    np.savez(tmp_path / "events.npz", array)
    assert read(tmp_path / "events.npz", unit="us") == EVENTS


@pytest.mark.parametrize("dtype", ["f4", "f8"])
@pytest.mark.parametrize("start", [0.0, 1.0])
def test_seconds_show_in_arrays_of_floats(dtype, start, tmp_path):
    events = [event._replace(t=event.t - EVENTS[0].t + round(start * 10**6)) for event in EVENTS]
    array = as_array(events)
    columns = np.stack([array["x"], array["y"], array["t"] / 1e6, array["p"] > 0], axis=1).astype(dtype)
    assert read(save(tmp_path / "events.npy", columns)) == events


def test_seconds_that_a_float_cannot_hold_to_the_microsecond_are_asked_for(tmp_path):
    array = as_array(EVENTS)
    columns = np.stack([array["x"], array["y"], array["t"] / 1e6 + 60, array["p"] > 0], axis=1).astype("f4")
    with pytest.raises(UnknownUnitError, match="does not name the unit"):
        read(save(tmp_path / "events.npy", columns))


@pytest.mark.parametrize(
    "heading", ['"T (us)";"X";"Y";"Pol"', "Timestamp_us\tx_pos\ty_pos\tpolarity", "ts[us],XS,YS,PS"]
)
def test_headings_of_other_programs_are_followed(heading):
    separator = next(mark for mark in ";\t," if mark in heading)
    assert read(csv("txyp", heading, separator), "text") == EVENTS


@pytest.mark.parametrize("order", ["tyxp", "ptxy"])
def test_an_array_in_another_order_is_read_when_it_is_said(order, tmp_path):
    assert read(save(tmp_path / "events.npy", table(order)), f"{order}-us") == EVENTS


def test_an_array_whose_order_nothing_settles_is_asked_for(tmp_path):
    with pytest.raises(SpikeSegError, match=r"could be the times: name the order, e\.g\. --columns txyp"):
        read(save(tmp_path / "events.npy", np.array([[1, 5, 2, 1], [2, 5, 3, 0]])))


@pytest.mark.parametrize(
    ("names", "dtype", "scale"),
    [
        (("x", "y", "timestamp_us", "polarity"), "i8", 1),
        (("xs", "ys", "ts", "ps"), "f8", 1e-6),
        (("col", "row", "t_ns", "pol"), "i8", 1000),
        (("x", "y", "time_ms", "p"), "f8", 1e-3),
    ],
)
def test_other_names_and_units_of_arrays(names, dtype, scale, tmp_path):
    array = as_array(EVENTS)
    columns = {"x": array["x"], "y": array["y"], "t": (array["t"] * scale).astype(dtype), "p": array["p"] > 0}
    named = dict(zip(names, columns.values(), strict=True))
    rows = np.empty(len(array), [(name, column.dtype) for name, column in named.items()])
    for name, column in named.items():
        rows[name] = column
    np.savez(tmp_path / "events.npz", **named)
    assert read(save(tmp_path / "events.npy", rows)) == EVENTS
    assert read(tmp_path / "events.npz") == EVENTS


def test_nanoseconds_of_arrays_are_said_and_keep_their_digits(tmp_path):
    array = as_array(EVENTS[:3])
    array["t"] = EPOCH_NS + 1000 * np.arange(3)
    path = save(tmp_path / "events.npy", array)
    with pytest.raises(UnknownUnitError, match="does not name the unit"):
        read(path)
    assert [event.t for event in read(path, unit="ns")] == [EPOCH_NS // 1000 + n for n in range(3)]


# ---- HDF5 ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def hdf5(tmp_path):
    h5py = pytest.importorskip("h5py", reason="writes HDF5")

    def write(datasets: dict, attributes: dict | None = None) -> Path:
        with h5py.File(tmp_path / "events.h5", "w") as file:
            for name, values in datasets.items():
                file[name] = values
            file.attrs.update(attributes or {})
        return tmp_path / "events.h5"

    return write


def columns(group: str, names="xytp", seconds: bool = False) -> dict:
    array = as_array(EVENTS)
    values = [array["x"], array["y"], array["t"] / 1e6 if seconds else array["t"], array["p"] > 0]
    return {f"{group}/{name}": column for name, column in zip(names, values, strict=True)}


@pytest.mark.parametrize("names", ["xytp", ("xs", "ys", "ts", "ps"), ("x", "y", "timestamps", "polarities")])
@pytest.mark.parametrize("seconds", [True, False])
@pytest.mark.parametrize("group", ["events", "prophesee/left", "mine"])
def test_hdf5_by_other_names(hdf5, names, seconds, group):
    path = hdf5(columns(group, names, seconds) | {"prophesee/calib": [1.5]})
    assert read(path, unit="s" if seconds else "us") == EVENTS
    if seconds or (group != "mine" and names[0] == "x"):  # seconds show it; DSEC and M3ED have microseconds
        assert read(path) == EVENTS
    else:
        with pytest.raises(UnknownUnitError, match="does not name the unit of its times"):
            read(path)


def test_nanoseconds_in_a_file_like_those_of_dsec_are_not_taken_for_microseconds(hdf5):
    array = as_array(EVENTS[:3])
    path = hdf5({f"events/{field}": array[field] for field in "xyp"} | {"events/t": EPOCH_NS + 1000 * np.arange(3)})
    with pytest.raises(UnknownUnitError, match="does not name the unit"):
        read(path)
    assert [event.t for event in read(path, unit="ns")] == [EPOCH_NS // 1000 + n for n in range(3)]


def test_the_offset_of_dsec_is_added_and_its_size_followed(hdf5):
    offset = 49_599_300_523
    datasets = columns("events") | {"t_offset": offset, "events/height": 480, "events/width": 640, "ms_to_idx": [0, 5]}
    recording = read_events(hdf5(datasets))
    assert as_events([recording.events]) == [event._replace(t=event.t + offset) for event in EVENTS]
    assert recording.size == (480, 640)


def test_hdf5_of_four_columns_is_read(hdf5):
    array = table("xytp", "f8")
    array[:, 2] /= 1e6
    assert read(hdf5({"davis/left/events": array, "davis/left/imu": np.zeros((3, 4))})) == EVENTS


def test_one_of_several_cameras_is_chosen(hdf5):
    path = hdf5(columns("prophesee/left") | {f"prophesee/right/{field}": [1] for field in "xytp"})
    with pytest.raises(SpikeSegError, match=r"several streams .* --stream prophesee/left; .*left, prophesee/right"):
        read(path)
    assert as_events(open_events(path, stream="prophesee/left")) == EVENTS
    assert as_events(open_events(path, stream="prophesee/right")) == [Event(1, 1, 1, 1)]
    with pytest.raises(SpikeSegError, match="no stream 'up' of events, but prophesee/left, prophesee/right"):
        open_events(path, stream="up")


def test_prophesees_filter_is_named_with_what_it_needs(tmp_path):
    h5py = pytest.importorskip("h5py", reason="writes HDF5")
    with h5py.File(tmp_path / "events.hdf5", "w") as file:
        plan = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        plan.set_chunk((64,))
        plan.set_filter(0x8ECF, h5py.h5z.FLAG_OPTIONAL, ())
        kind = h5py.h5t.py_create(as_array(EVENTS).dtype, logical=True)
        space = h5py.h5s.create_simple((64,), (h5py.h5s.UNLIMITED,))
        data = h5py.h5d.create(file.create_group("CD").id, b"events", kind, space, dcpl=plan)
        data.write_direct_chunk((0,), bytes(100), 0)
    with pytest.raises(SpikeSegError, match=r"ECF filter \(0x8ECF\).*HDF5_PLUGIN_PATH") as raised:
        open_events(tmp_path / "events.hdf5")
    assert "pip install" not in str(raised.value)


def test_a_compression_of_hdf5plugin_is_read(tmp_path):
    h5py = pytest.importorskip("h5py", reason="writes HDF5")
    plugin = pytest.importorskip("hdf5plugin", reason="compresses as DSEC does")
    with h5py.File(tmp_path / "events.h5", "w") as file:
        for name, column in columns("events").items():
            file.create_dataset(name, data=column, compression=plugin.Blosc(cname="zstd"))
    assert read(tmp_path / "events.h5") == EVENTS


# ---- AEDAT 4 -------------------------------------------------------------------------------------------------------

TWO = files.XML.replace("FRME", "EVTS")


def test_one_of_several_streams_of_aedat4_is_chosen():
    for name in ("flatbuffers", "lz4.frame"):
        pytest.importorskip(name, reason="encodes AEDAT 4")
    silent = files.aedat4(EVENTS, xml=TWO, compression=0)
    with pytest.raises(SpikeSegError, match=r"several streams .* --stream 1; there are 1, 0 \(64 x 48\)"):
        read(io.BytesIO(silent), "aedat4")
    events = [event for event in EVENTS if event.x < 64 and event.y < 48]
    assert as_events(open_events(io.BytesIO(files.aedat4(events, xml=TWO)), stream="0")) == events
    with pytest.raises(SpikeSegError, match="no stream '5' of events, but 1, 0"):
        open_events(io.BytesIO(silent), stream="5")
    with pytest.raises(SpikeSegError, match="dat has one stream of events only: leave out --stream 5"):
        open_events(io.BytesIO(files.dat(EVENTS)), stream="5")
