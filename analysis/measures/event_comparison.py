"""Event statistics of two sets of recordings side by side, for example of recorded and simulated ones."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from spikeseg.errors import SpikeSegError

from ...datasets.events.events import Recording

BIN_US = 10_000
"""Bin over which event rates are computed, in microseconds."""

LONGEST_US = 10_000_000_000
"""Longest recording in microseconds: a million bins."""

SOON_US = 10_000
"""Two events of a pixel within this time, in microseconds, mostly belong to one passing edge."""


@dataclass(frozen=True)
class EventSummary:
    """Statistics of a set of recordings, pooled. A pixel is active if it has an event in its recording.

    Attributes
    ----------
    recordings, pixels, events
        Number of recordings; number of pixels and of events in all recordings together.
    duration_us
        Duration of the longest recording in microseconds.
    per_bin, on_per_bin
        Number of events, and of ON events, in each bin of `BIN_US` since time 0 of a recording, shape (bins,).
    per_pixel
        Number of events of each active pixel, sorted, shape (active,).
    intervals_us
        Time from each event to the next one of its pixel in microseconds, sorted, shape (n,).
    alike_soon
        Among successive events of a pixel within `SOON_US`, the fraction of pairs with the same polarity; NaN without
        such pairs.
    """

    recordings: int
    pixels: int
    events: int
    duration_us: int
    per_bin: np.ndarray
    on_per_bin: np.ndarray
    per_pixel: np.ndarray
    intervals_us: np.ndarray
    alike_soon: float

    @property
    def rate(self) -> np.ndarray:
        """Event rate in each bin: events per second and active pixel, shape (bins,)."""
        return self.per_bin / max(len(self.per_pixel), 1) * 1e6 / BIN_US

    @property
    def on_share(self) -> np.ndarray:
        """Fraction of ON events in each bin, NaN for an empty bin, shape (bins,)."""
        return np.divide(self.on_per_bin, self.per_bin, out=np.full(len(self.per_bin), np.nan), where=self.per_bin > 0)


def summarise(recordings: Iterable[Recording]) -> EventSummary:
    """Pool recordings. Times count from time 0 of a recording's clock, or from its first event if that comes late.

    Raises
    ------
    SpikeSegError
        A recording is longer than `LONGEST_US`.
    """
    count = pixels = events = duration = 0
    bins, on_bins, per_pixel, intervals, alike = [], [], [], [], []
    for recording in recordings:
        if recording.duration > LONGEST_US:
            raise SpikeSegError(
                f"{recording.name} lasts {recording.duration / 1e6:,.0f} s, but at most {LONGEST_US / 1e6:,.0f} s can "
                "be compared: cut it, or look for a jump of its clock"
            )
        t, on = _since_start(recording.events["t"]), recording.events["p"] > 0
        count, pixels, events = count + 1, pixels + recording.size[0] * recording.size[1], events + len(t)
        duration = max(duration, int(t[-1]) if len(t) else 0)
        bins.append(np.bincount(t // BIN_US))
        on_bins.append(np.bincount(t[on] // BIN_US))
        place = recording.events["y"].astype(np.int64) * recording.size[1] + recording.events["x"]
        order = np.lexsort((t, place))
        next_one = np.diff(place[order]) == 0
        intervals.append(np.diff(t[order])[next_one])
        alike.append((np.diff(on[order].astype(int)) == 0)[next_one])
        per_pixel.append(np.unique(place, return_counts=True)[1])
    interval, same = np.concatenate([np.empty(0), *intervals]), np.concatenate([np.empty(0), *alike])
    soon = interval < SOON_US
    length = duration // BIN_US + 1
    return EventSummary(
        recordings=count,
        pixels=pixels,
        events=events,
        duration_us=duration,
        per_bin=_summed(bins, length),
        on_per_bin=_summed(on_bins, length),
        per_pixel=np.sort(np.concatenate([np.empty(0, int), *per_pixel])),
        intervals_us=np.sort(interval),
        alike_soon=float(same[soon].mean()) if soon.any() else float("nan"),
    )


def rows(summary: EventSummary) -> dict[str, float]:
    """The numbers of a summary by name, with the unit in the name; NaN where there are too few events."""
    active, interval = summary.per_pixel, summary.intervals_us / 1000
    seconds = max(summary.duration_us, 1) / 1e6
    return {
        "recordings": summary.recordings,
        "events per recording": summary.events / max(summary.recordings, 1),
        "duration (ms)": summary.duration_us / 1000,
        "active pixels (%)": 100 * len(active) / max(summary.pixels, 1),
        "events per second and active pixel": summary.events / max(len(active), 1) / seconds,
        "busiest 10 ms over the mean": float(summary.per_bin.max(initial=0) / max(summary.per_bin.mean(), 1e-9)),
        "ON (%)": 100 * float(summary.on_per_bin.sum()) / max(summary.events, 1),
        **{f"events per active pixel, {q} % quantile": _quantile(active, q) for q in (50, 90, 99)},
        **{f"interval in a pixel (ms), {q} % quantile": _quantile(interval, q) for q in (10, 50, 90)},
        "same polarity within 10 ms (%)": 100 * summary.alike_soon,
    }


def rate_correlation(first: EventSummary, second: EventSummary) -> float:
    """Correlation of the two event rates over time, bin by bin, as long as both last; NaN with fewer than two bins."""
    length = min(len(first.rate), len(second.rate))
    if length < 2:
        return float("nan")
    return float(np.corrcoef(first.rate[:length], second.rate[:length])[0, 1])


def _since_start(t: np.ndarray) -> np.ndarray:
    late = len(t) and not 0 <= t[0] < BIN_US
    return t - t[0] if late else t


def _summed(counts: list[np.ndarray], length: int) -> np.ndarray:
    total = np.zeros(length, np.int64)
    for count in counts:
        total[: len(count)] += count
    return total


def _quantile(values: np.ndarray, percent: int) -> float:
    return float(np.percentile(values, percent)) if len(values) else float("nan")
