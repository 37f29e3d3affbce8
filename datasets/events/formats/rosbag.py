"""ROS bags, of ROS 1 and ROS 2: messages with an array of events (dvs_msgs and prophesee_event_msgs, EventArray).

The library rosbags finds the messages; their events are decoded with NumPy, as an object for each would take too long.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from spikeseg.errors import SpikeSegError

from ..events import LARGEST
from .records import choose_stream, damage, make, optional, printable

_ARRAYS = ("dvs_msgs/msg/EventArray", "prophesee_event_msgs/msg/EventArray")
_PACKETS = "event_camera_msgs/msg/EventPacket"
_NAMES = ["x", "y", "s", "ns", "on"]
_ROS1 = np.dtype({"names": _NAMES, "formats": ["<u2", "<u2", "<u4", "<u4", "u1"]})  # 13 bytes, one after the other
_ROS2 = np.dtype(  # every number at a multiple of its size: all events but the first begin 2 bytes after one of 4
    {"names": _NAMES, "formats": ["<u2", "<u2", "<u4", "<u4", "u1"], "offsets": [0, 2, 6, 10, 14], "itemsize": 16}
)
_FIRST = np.dtype(
    {"names": _NAMES, "formats": ["<u2", "<u2", "<u4", "<u4", "u1"], "offsets": [0, 2, 4, 8, 12], "itemsize": 13}
)


class Rosbag:
    """A bag, message by message; `stream` is the topic."""

    leftover = ""  # the library opens no bag that is cut off

    def __init__(self, path: Path, stream: str | None = None):
        self._path, self.size = path, None
        self._library = optional("rosbags.highlevel", str(path))
        with damage(path), self._library.AnyReader([path]) as reader:
            kinds = {connection.topic: connection.msgtype for connection in reader.connections}
        topics = {topic: kind for topic, kind in kinds.items() if kind in _ARRAYS}
        if not topics:
            encoded = [topic for topic, kind in kinds.items() if kind == _PACKETS]
            if encoded:
                raise SpikeSegError(f"{path} has encoded events (EventPacket) on {encoded[0]}, which cannot be read")
            listed = printable(", ".join(f"{topic} ({kind})" for topic, kind in kinds.items()) or "nothing", 200)
            raise SpikeSegError(f"{path} has no topic of events (EventArray), but {listed}")
        self._topic = choose_stream(topics, stream, str(path))
        self.format = f"ROS bag, {self._topic}"

    def packets(self) -> Iterator[np.ndarray]:
        """Give the events, message by message; the first one makes `size` known."""
        with damage(self._path), self._library.AnyReader([self._path]) as reader:
            decode = _decode_ros2 if reader.is2 else _decode_ros1
            wanted = [connection for connection in reader.connections if connection.topic == self._topic]
            for _, _, data in reader.messages(connections=wanted):
                size, events = decode(bytes(data))
                if 0 < size[0] <= LARGEST and 0 < size[1] <= LARGEST:
                    self.size = self.size or size
                yield events


def _decode_ros1(data: bytes) -> tuple[tuple[int, int], np.ndarray]:
    """Rows and columns, and the events, of a message."""
    place = 16 + _number(data, 12)  # sequence number, time, and the text of the frame
    rows, columns, count = (_number(data, place + 4 * n) for n in range(3))
    return (rows, columns), _events(np.frombuffer(data, _ROS1, count, place + 12))


def _decode_ros2(data: bytes) -> tuple[tuple[int, int], np.ndarray]:
    """The same of ROS 2 (CDR): 4 bytes before the content, from which on places are counted."""
    if data[:2] != b"\x00\x01":
        raise ValueError("a message that is not little-endian CDR")
    data = data[4:]
    place = -(-(12 + _number(data, 8)) // 4) * 4
    rows, columns, count = (_number(data, place + 4 * n) for n in range(3))
    place += 12
    first = np.frombuffer(data, _FIRST, min(count, 1), place)
    padded = data[place + 14 :] + bytes(1)  # the last event ends without padding
    others = np.frombuffer(padded, _ROS2, max(count - 1, 0))
    return (rows, columns), np.concatenate((_events(first), _events(others)))


def _number(data: bytes, place: int) -> int:
    if len(data) < place + 4:
        raise ValueError("a message that ends too early")
    return int.from_bytes(data[place : place + 4], "little")


def _events(rows: np.ndarray) -> np.ndarray:
    t = rows["s"].astype(np.int64) * 1_000_000 + rows["ns"] // 1000
    return make(rows["x"], rows["y"], t, rows["on"])
