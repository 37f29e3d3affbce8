"""AEDAT 2.0 and 3.1, Event Stream, EVT 2.1, DAT without a header, ROS bags; and what is known but not read."""

from __future__ import annotations

import io
import struct
from pathlib import Path

import numpy as np
import pytest

from helpers import event_files as files
from helpers.event_files import Event, Trickle, as_array, as_events
from spikeseg.datasets.events.formats import open_events, read_events
from spikeseg.errors import SpikeSegError

EVENTS = [Event(3 * n % 64, 7 * n % 48, 1000 + 137 * n, 1 if n % 3 else -1) for n in range(400)]


def read(data: bytes, format: str | None = None, **options) -> list[Event]:
    return as_events(open_events(io.BytesIO(data), format, **options))


# ---- AEDAT 2.0 -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("pieces", [1, 7, 1 << 16])
def test_a_davis_in_aedat_2(pieces):
    with open_events(Trickle(files.aedat2_davis(EVENTS), [pieces])) as stream:
        assert as_events(stream) == EVENTS
    assert stream.size == (180, 240)


def test_the_bits_of_a_dvs128_are_those_of_jaer():
    word = 1 << 8 | 3 << 1 | 1  # row 1 from below, column 3 from the right, OFF
    data = files.aedat2([]) + struct.pack(">II", word, 5)
    assert read(data) == [Event(124, 126, 5, -1)]


def test_an_old_file_names_no_camera():
    header = "#!AER-DAT2.0\r\n# Timestamps tick is 1 us\r\n"
    assert read(files.aedat2(EVENTS, header)) == EVENTS
    with pytest.raises(SpikeSegError, match=r"names no camera .* not those of a DVS128"):
        read(files.aedat2_davis(EVENTS, header))
    with pytest.raises(SpikeSegError, match="a camera CochleaAMS, which cannot be read"):
        read(files.aedat2(EVENTS, files.AEDAT2.format("ch.unizh.CochleaAMS")))


def test_an_event_may_begin_like_a_line_of_the_header():
    header = files.AEDAT2.format(files.DAVIS240)
    address = 0x23000000 | 5 << 12  # the byte of a #
    event = Event(239 - 5, 179 - (address >> 22), 7, -1)
    for ended in ("", "#End Of ASCII Header\r\n"):
        assert read((header + ended).encode() + struct.pack(">II", address, 7)) == [event]


def test_the_32_bits_of_aedat_2_wrap_around_and_may_begin_below_zero():
    events = [Event(1, 2, t, 1) for t in (5, 3 << 30, (1 << 32) + 4)]
    assert read(files.aedat2(events)) == events
    assert [event.t for event in read(files.aedat2([Event(1, 2, t, 1) for t in (-9, -1, 4)]))] == [-9, -1, 4]


# ---- AEDAT 3.1 -----------------------------------------------------------------------------------------------------


def test_the_overflow_of_aedat_3_is_followed():
    events = [Event(1, 2, t, 1) for t in (5, (1 << 31) - 1, 1 << 31, (3 << 31) + 4)]
    assert read(files.aedat3(events)) == events


def test_one_of_several_cameras_of_aedat_3_is_chosen():
    header = files.AEDAT3.replace("#Start", "#Source 2: DAVIS240C\r\n#Start")
    data = files.aedat3(EVENTS, header, 1) + files.aedat3(EVENTS[:9], "", 2)
    with pytest.raises(SpikeSegError, match=r"--stream 1; there are 1 \(DVS128\), 2 \(DAVIS240C\)"):
        read(data)
    assert read(data, stream="1") == EVENTS
    assert read(data, stream="2") == EVENTS[:9]


def test_aedat_3_of_another_kind_is_refused():
    with pytest.raises(SpikeSegError, match="is stored as SerializedTS: only RAW can be read"):
        read(files.aedat3(EVENTS, files.AEDAT3.replace("RAW", "SerializedTS")))
    packet = struct.pack("<hhiiiiii", 1, 1, 8, 4, 0, 1 << 30, 1, 1)
    with pytest.raises(SpikeSegError, match=r"damaged: a packet of 1 of 1073741824 events of 8 bytes"):
        read(files.aedat3([]) + packet)


# ---- Event Stream --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("atis", [True, False])
@pytest.mark.parametrize("pieces", [1, 3, 1000])
def test_event_stream_in_any_pieces(atis, pieces):
    events = [*EVENTS, Event(1, 2, 10**6, 1)]
    with open_events(Trickle(files.es(events, atis), [pieces])) as stream:
        assert as_events(stream) == events
    assert stream.size == files.SIZE
    assert stream.truncated == ""


@pytest.mark.parametrize("atis", [True, False])
def test_another_library_finds_the_same_events_in_event_stream(atis, tmp_path):
    faery = pytest.importorskip("faery", reason="decodes Event Stream independently")
    path = tmp_path / "events.es"
    path.write_bytes(files.es(EVENTS, atis))
    theirs = faery.events_stream_from_file(path).to_array()
    ours = read_events(path).events
    for field in ("t", "x", "y"):
        assert np.array_equal(ours[field], theirs[field])
    assert np.array_equal(ours["p"] > 0, theirs["p"])


@pytest.mark.parametrize(
    ("header", "told"),
    [
        (b"Event Stream\x01\x00\x00\x01", "version 1.0.0 of Event Stream: only 2"),
        (b"Event Stream\x02\x00\x00\x04", "holds color events, not of contrast"),
        (b"Event Stream\x02\x00\x00\x09", "holds type 9"),
        (b"Event Stream\x02\x00\x00\x01", "names a sensor of 0 x 0"),
    ],
)
def test_event_stream_of_another_kind_is_refused(header, told):
    with pytest.raises(SpikeSegError, match=told):
        read(header + bytes(20))


# ---- Prophesee -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("swapped", [True, False])
def test_evt_2_1_in_both_orders_of_its_halves(swapped):
    run = [Event(x, 5, 9999, 1) for x in (3, 4, 20, 34)]
    header = f"% format EVT21;height=48;width=64{';endianness=legacy' if swapped else ''}\n% end\n"
    assert read(files.evt21([*EVENTS[:50], *run], header, swapped)) == [*EVENTS[:50], *run]


def test_dat_without_a_header_is_read_by_its_suffix(tmp_path):
    path = tmp_path / "events.dat"
    path.write_bytes(files.dat(EVENTS).partition(b"\x0c\x08")[2])
    recording = read_events(path)
    assert as_events([recording.events]) == EVENTS
    with pytest.raises(SpikeSegError, match="is no DAT file, or damaged"):
        read(bytes(range(64)), "dat")


# ---- ROS bags ------------------------------------------------------------------------------------------------------

EVENT_MSG = "uint16 x\nuint16 y\n{time} ts\nbool polarity\n"
ARRAY_MSG = "std_msgs/Header header\nuint32 height\nuint32 width\n{package}/Event[] events\n"


def write_bag(path: Path, arrays: dict[str, list[list[Event]]], ros: int, package: str = "dvs_msgs") -> Path:
    """A bag of messages by topic, written by the library rosbags."""
    pytest.importorskip("rosbags", reason="writes ROS bags")
    from rosbags.rosbag1 import Writer as Writer1
    from rosbags.rosbag2 import Writer as Writer2
    from rosbags.typesys import Stores, get_types_from_msg, get_typestore

    store = get_typestore(Stores.ROS1_NOETIC if ros == 1 else Stores.ROS2_HUMBLE)
    time = "time" if ros == 1 else "builtin_interfaces/Time"
    store.register(get_types_from_msg(EVENT_MSG.format(time=time), f"{package}/msg/Event"))
    store.register(get_types_from_msg(ARRAY_MSG.format(package=package), f"{package}/msg/EventArray"))
    array, event, stamp = (
        store.types[name]
        for name in (f"{package}/msg/EventArray", f"{package}/msg/Event", "builtin_interfaces/msg/Time")
    )
    header = store.types["std_msgs/msg/Header"]
    with Writer1(path) if ros == 1 else Writer2(path, version=8) as writer:
        for topic, messages in arrays.items():
            connection = writer.add_connection(topic, array.__msgtype__, typestore=store)
            for number, events in enumerate(messages):
                named = {"stamp": stamp(sec=0, nanosec=0), "frame_id": "cam"} | ({"seq": 0} if ros == 1 else {})
                packed = [
                    event(x=e.x, y=e.y, ts=stamp(sec=e.t // 10**6, nanosec=e.t % 10**6 * 1000), polarity=e.p > 0)
                    for e in events
                ]
                message = array(header=header(**named), height=48, width=64, events=packed)
                pack = store.serialize_ros1 if ros == 1 else store.serialize_cdr
                writer.write(connection, 1000 * number, pack(message, array.__msgtype__))
    return path


@pytest.mark.parametrize(("ros", "name"), [(1, "events.bag"), (2, "bag")])
@pytest.mark.parametrize("package", ["dvs_msgs", "prophesee_event_msgs"])
def test_a_ros_bag_is_read(ros, name, package, tmp_path):
    messages = [EVENTS[:5], [], EVENTS[5:6], EVENTS[6:]]
    path = write_bag(tmp_path / name, {"/dvs/events": messages}, ros, package)
    recording = read_events(path)
    assert as_events([recording.events]) == EVENTS
    assert recording.size == (48, 64)


def test_one_of_several_topics_is_chosen(tmp_path):
    path = write_bag(tmp_path / "events.bag", {"/left": [EVENTS], "/right": [EVENTS[:3]]}, 1)
    with pytest.raises(SpikeSegError, match=r"several streams of events: choose one, e\.g\. --stream /left; .*/right"):
        read_events(path)
    assert len(read_events(path, stream="/right").events) == 3


def test_damaged_bags_give_events_or_an_error_of_one_line(tmp_path):
    data = write_bag(tmp_path / "events.bag", {"/left": [EVENTS[:20]] * 3}, 1).read_bytes()
    rng = np.random.default_rng(0)
    path = tmp_path / "damaged.bag"
    for _ in range(60):
        changed = bytearray(data)
        for place in rng.integers(0, len(data), 3):
            changed[place] = rng.integers(256)
        path.write_bytes(bytes(changed[: rng.integers(len(data) // 2, len(data) + 1)]))
        try:
            with open_events(path, "rosbag", invalid="drop") as stream:
                as_events(stream)
        except SpikeSegError as error:
            assert "\n" not in str(error)  # noqa: PT017
            assert str(error).startswith(str(path))  # noqa: PT017


# ---- Not read ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("beginning", "told"),
    [
        (b"#!AER-DAT3.0\r\n", "AEDAT 3.0, which is not read"),
        (b"#!AER-DAT1.0\r\n", "AEDAT 1.0, which is not read"),
        (b"\x1f\x8b\x08", "a compressed archive, which is not read: unpack it"),
        (b"MATLAB 5.0 MAT-file", "MATLAB, which is not read: save x, y, t and p as .npz"),
        (b"SQLite format 3\x00", "give the folder of the bag"),
    ],
)
def test_what_is_not_read_is_recognised_and_named(beginning, told):
    with pytest.raises(SpikeSegError, match=told):
        read(beginning + bytes(100))


# ---- One bad event -------------------------------------------------------------------------------------------------

OFF = [*EVENTS[:100], Event(1308, 3, EVENTS[100].t, 1), *EVENTS[100:]]
LATE = [*EVENTS[:100], Event(1, 3, EVENTS[50].t, 1), *EVENTS[100:]]


@pytest.mark.parametrize(("events", "way"), [(OFF, "--invalid drop"), (LATE, "--invalid sort")])
def test_an_error_about_one_bad_event_names_the_way_on(events, way):
    with pytest.raises(SpikeSegError, match=f"event 100: .*{way}"):
        read(files.dat(events))


@pytest.mark.parametrize("events", [OFF, LATE])
@pytest.mark.parametrize("pieces", [8, 1 << 16])
def test_a_bad_event_can_be_dropped(events, pieces):
    with open_events(Trickle(files.dat(events), [pieces]), invalid="drop") as stream:
        assert as_events(stream) == EVENTS
    assert (stream.dropped, stream.moved) == (1, 0)


def test_events_out_of_order_can_be_sorted():
    with open_events(io.BytesIO(files.dat([*LATE, OFF[100]])), invalid="sort") as stream:
        assert as_events(stream) == sorted(LATE, key=lambda event: event.t)
    assert (stream.dropped, stream.moved) == (1, 1)


def test_a_row_beyond_any_sensor_can_be_dropped(tmp_path):
    array = as_array(EVENTS)
    array["y"][7] = 33014
    np.savez(tmp_path / "events.npz", events=array, size=files.SIZE)
    with pytest.raises(SpikeSegError, match="event 7: y = 33014 is off the sensor, 48 rows high"):
        read_events(tmp_path / "events.npz")
    recording = read_events(tmp_path / "events.npz", invalid="drop")
    assert (len(recording.events), recording.invalid) == (len(EVENTS) - 1, 1)
    with pytest.raises(SpikeSegError, match="unknown treatment 'ignore' of invalid events: it is one of error, drop"):
        read_events(tmp_path / "events.npz", invalid="ignore")  # pyright: ignore[reportArgumentType]
