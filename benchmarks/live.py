"""Measure how soon the buffers of a live stream are answered: ``python -m benchmarks.live RUN RECORDING``.

A recording is played at its own pace, over and over. Each packet is handed over at the time of its last event, which is
the first one after so many milliseconds: where a buffer ends, the event that completes it. The latency of a buffer is
the time from then to its answer, as `open_stream` gives it.
"""

from __future__ import annotations

import argparse
import time
from bisect import bisect_left
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from spikeseg.datasets.events.formats import read_events
from spikeseg.memory import keep_freed_memory
from spikeseg.runners.inference.streaming import open_stream
from spikeseg.runners.training.directory import load_network

FIRST = 10  # buffers that do not count: programs are started, and caches are made


def cut(events: np.ndarray, span: int) -> list[np.ndarray]:
    """Packets that end with the first event of the next `span` microseconds."""
    since = events["t"] - events["t"][0]
    ends = np.flatnonzero(np.diff(since // span)) + 2
    return np.split(events, ends)[:-1]


def repeated(events: np.ndarray, times: int) -> np.ndarray:
    """Events so many times in a row, from 0 on."""
    span = int(events["t"][-1] - events["t"][0]) + 1
    copies = np.tile(events, times)
    copies["t"] += np.repeat(np.arange(times) * span, len(events)) - events["t"][0]
    return copies


def measure(run: str, recording: Path, buffers: int, duration_ms: int, packet_ms: int) -> np.ndarray:
    """The latency of each buffer in milliseconds, (buffers,) float."""
    found = read_events(recording)
    needed = 1000 * duration_ms * (FIRST + buffers + 1)
    packets = cut(repeated(found.events, 2 + needed // max(found.duration, 1)), 1000 * packet_ms)
    last, given = [], []  # event of each packet, in microseconds, and the time at which it was handed over

    def played() -> Iterator[np.ndarray]:
        start = time.perf_counter()
        for packet in packets:
            last.append(int(packet["t"][-1]))
            while (left := start + last[-1] / 1e6 - time.perf_counter()) > 0:
                time.sleep(max(left - 0.001, left / 2))  # sleep ends late
            given.append(time.perf_counter())
            yield packet

    latencies = []
    with open_stream(load_network(run)[0], found.size, duration_ms, duration_ms, str(recording)) as stream:
        for moment in stream.see(played()):
            now, end = time.perf_counter(), moment.buffer.start + moment.buffer.duration
            latencies.append(1000 * (now - given[bisect_left(last, end)]))
            if len(latencies) == FIRST + buffers:
                break
    return np.array(latencies[FIRST:])


def main() -> None:
    """Print the latencies that the arguments ask for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run")
    parser.add_argument("recording", type=Path)
    parser.add_argument("--buffers", type=int, default=150)
    parser.add_argument("--duration-ms", type=int, default=30, help="of a buffer")
    parser.add_argument("--packet-ms", type=int, default=30, help="of events that are handed over at a time")
    chosen = parser.parse_args()
    keep_freed_memory()
    found = measure(chosen.run, chosen.recording, chosen.buffers, chosen.duration_ms, chosen.packet_ms)
    median, most = np.percentile(found, [50, 99])
    print(f"{len(found)} buffers: {median:.1f} ms (median), {most:.1f} ms (99 %), {found.max():.1f} ms (all)")


if __name__ == "__main__":
    main()
