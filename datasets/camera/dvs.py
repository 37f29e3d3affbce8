"""The pixels of an event camera: they turn rendered frames into events with microsecond times.

A pixel follows the logarithm of its intensity and fires when that has changed by a threshold since its last event
(Lichtsteiner, Posch, Delbruck 2008, IEEE JSSC 43:566; the change detector of the ATIS is the same circuit: Posch,
Matolin, Wohlgenannt 2011, IEEE JSSC 46:259). Between two frames the logarithm is taken to change linearly, which
gives every event a time of its own (Rebecq, Gehrig, Scaramuzza 2018, "ESIM", CoRL).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from spikeseg.errors import SpikeSegError

from ..events.events import EVENT

LEAST = 0.1
"""No pixel's threshold is below this share of the nominal one, however the mismatch is drawn."""


@dataclass(frozen=True)
class Pixel:
    """What all pixels of a sensor have in common.

    Attributes
    ----------
    on, off
        Contrast thresholds: changes of the natural logarithm of intensity that make an ON and an OFF event.
    mismatch
        Standard deviation of both thresholds over the pixels, in the same units.
    refractory_us
        Microseconds for which a pixel is held in reset after an event. From then on it compares with the intensity at
        the end of the reset.
    shot_hz
        Noise events per pixel and second, half of them ON.
    leak_hz
        Further noise events per pixel and second, all ON: the reset switch leaks.
    dark
        Added to the intensity, whose white is 1, for dark current and stray light. It keeps the logarithm finite.

    Raises
    ------
    SpikeSegError
        A number is out of its range.
    """

    on: float
    off: float
    mismatch: float
    refractory_us: float
    shot_hz: float
    leak_hz: float
    dark: float

    def __post_init__(self) -> None:
        for name, least in (("on", 0.01), ("off", 0.01), ("dark", 1e-6)):
            if not getattr(self, name) >= least:
                raise SpikeSegError(f"DVS pixel: {name} is {getattr(self, name)}: give at least {least}")
        for name in ("mismatch", "refractory_us", "shot_hz", "leak_hz"):
            if not 0 <= getattr(self, name) < np.inf:
                raise SpikeSegError(f"DVS pixel: {name} is {getattr(self, name)}: give 0 or more")


# v2e: Hu, Liu, Delbruck 2021, CVPR workshops, and the settings in its published code.

ATIS = Pixel(
    on=0.3,  # fitted; the same as v2e's authors take to simulate N-Caltech101
    off=0.3,
    mismatch=0.06,  # fitted; v2e 0.03, and 0.021 measured by Lichtsteiner et al. 2008
    refractory_us=500,  # v2e; few pixels of the recording fire again in less than 400
    shot_hz=0.5,  # from pixels of the recording that see no edge: 0.6 Hz with the leak
    leak_hz=0.1,  # v2e; 56 % of the events between the recording's saccades are ON
    dark=0.045,  # fitted; a monitor's black level and light in the room
)
"""The sensor of N-Caltech101, fitted together with the blur to its recording of a face (`event_comparison`)."""

DAVIS346 = Pixel(
    on=0.3,  # as fitted for the ATIS; v2e 0.2
    off=0.3,
    mismatch=0.03,  # v2e
    refractory_us=500,  # v2e
    shot_hz=0.1,  # recordings of DAVIS cameras indoors have almost none; v2e 0.001 to 5, bright to dark
    leak_hz=0.1,  # v2e
    dark=0.02,  # chosen: a black indoors
)
"""A DAVIS346 in a room with good light; not fitted."""


class Camera:
    """A simulated sensor: it is shown frames, and returns the events between them.

    Parameters
    ----------
    size
        Rows and columns.
    pixel
        Its parameters.
    rng
        Draws the mismatch, then the noise between each frame and the next. The same frames at the same times give
        the same bits, whether they are shown one by one or all at once.
    """

    def __init__(self, size: tuple[int, int], pixel: Pixel, rng: np.random.Generator):
        self.size, self.pixel, self._rng = size, pixel, rng
        count = size[0] * size[1]
        self._on, self._off = (
            np.maximum(rng.normal(threshold, pixel.mismatch, count), LEAST * threshold)
            for threshold in (pixel.on, pixel.off)
        )
        self._shown: tuple[int, np.ndarray] | None = None  # the last frame: its time and levels
        self._reference = np.empty(count)  # the level that each pixel compares with
        self._release = np.full(count, np.nan)  # when a pixel is let out of reset, microseconds; NaN: it is not in it

    def expose(self, frame: np.ndarray, t_us: int) -> np.ndarray:
        """Show the next frame.

        Parameters
        ----------
        frame
            Linear intensity, shape (rows, columns), 0 or more.
        t_us
            Time of the frame in microseconds, later than that of the frame before.

        Returns
        -------
        numpy.ndarray
            Events after the last frame, up to and including the time of this one; shape (n,), dtype `EVENT`, sorted by
            time, row and column. The array is empty for the first frame, to which the pixels are reset.

        Raises
        ------
        ValueError
            The frame is of another size, or not later than the one before it.
        """
        if frame.shape != self.size:
            raise ValueError(f"a frame of {frame.shape} before a sensor of {self.size}")
        level = np.log(np.asarray(frame, dtype=float).ravel() + self.pixel.dark)
        shown, self._shown = self._shown, (t_us, level)
        if shown is None:
            self._reference[:] = level
            return np.empty(0, EVENT)
        if t_us <= shown[0]:
            raise ValueError(f"a frame at {t_us} us after one at {shown[0]} us")
        line, found = _Line(shown[0], t_us, shown[1], level), []
        for pixels, times, polarity in self._noise(line.start, line.stop):
            found += self._follow(line, pixels, times)
            free = np.isnan(self._release[pixels])
            found.append(self._fire(pixels[free], times[free], polarity[free]))
        change = level - self._reference
        moved = np.flatnonzero((change >= self._on) | (-change >= self._off) | ~np.isnan(self._release))
        found += self._follow(line, moved, np.full(len(moved), float(t_us)))
        return self._sorted(line, found)

    def film(self, frames: Iterable[tuple[int, np.ndarray]]) -> np.ndarray:
        """Show frames with their times in microseconds, and return all events; see `expose`."""
        events = [self.expose(frame, t_us) for t_us, frame in frames]
        return np.concatenate([np.empty(0, EVENT), *events])

    def _noise(self, start: int, stop: int) -> Iterator[_Fired]:
        """Draw the noise between two times, in batches: batch k has the k-th event of each pixel that has so many."""
        rate = self.pixel.shot_hz + self.pixel.leak_hz
        count = self._rng.poisson(rate * len(self._release) * (stop - start) / 1e6)
        pixels = self._rng.integers(len(self._release), size=count)
        times = np.sort(self._rng.uniform(start, stop, count))
        on = self._rng.uniform(0, rate, count) < self.pixel.leak_hz + self.pixel.shot_hz / 2
        while len(pixels):
            first = np.unique(pixels, return_index=True)[1]
            yield _Fired(pixels[first], times[first], on[first])
            pixels, times, on = (np.delete(column, first) for column in (pixels, times, on))

    def _follow(self, line: _Line, pixels: np.ndarray, until: np.ndarray) -> list[_Fired]:
        """Events that the change of intensity causes in different pixels, in each until its time; shape (n,) each."""
        found = []
        while True:
            release = self._release[pixels]
            over = release <= until
            self._reference[pixels[over]] = line.level(pixels[over], release[over])
            self._release[pixels[over]] = np.nan
            change = line.level(pixels, until) - self._reference[pixels]
            on = change >= self._on[pixels]
            fires = (on | (-change >= self._off[pixels])) & np.isnan(self._release[pixels])
            pixels, until, on = pixels[fires], until[fires], on[fires]
            step = np.where(on, self._on[pixels], -self._off[pixels])
            found.append(self._fire(pixels, line.time(pixels, self._reference[pixels] + step), on))
            if not len(pixels):
                return found

    def _fire(self, pixels: np.ndarray, times: np.ndarray, on: np.ndarray) -> _Fired:
        """Put pixels in reset, and return their events."""
        self._release[pixels] = times + self.pixel.refractory_us
        return _Fired(pixels, times, on)

    def _sorted(self, line: _Line, found: list[_Fired]) -> np.ndarray:
        """Sort events; their times are rounded up to whole microseconds, as those of a clock would be."""
        pixels, times, on = (np.concatenate(column) for column in zip(*found, strict=True))
        events = np.empty(len(pixels), EVENT)
        events["y"], events["x"] = np.divmod(pixels, self.size[1])
        events["t"] = np.clip(np.ceil(times), line.start + 1, line.stop)
        events["p"] = np.where(on, 1, -1)
        return events[np.lexsort((pixels, events["t"]))]


class _Fired(NamedTuple):
    """Events: flat indices of their pixels, times in microseconds, and whether they are ON; shape (n,) each."""

    pixels: np.ndarray
    times: np.ndarray
    on: np.ndarray


class _Line(NamedTuple):
    """Levels of all pixels that change linearly from a time to a later one, microseconds."""

    start: int
    stop: int
    first: np.ndarray
    last: np.ndarray

    def level(self, pixels: np.ndarray, times: np.ndarray) -> np.ndarray:
        """Levels of some pixels, each at its time."""
        share = (times - self.start) / (self.stop - self.start)
        return self.first[pixels] + (self.last[pixels] - self.first[pixels]) * share

    def time(self, pixels: np.ndarray, levels: np.ndarray) -> np.ndarray:
        """When some pixels reach their levels."""
        rise = self.last[pixels] - self.first[pixels]  # 0 where rounding alone reached a threshold
        share = np.divide(levels - self.first[pixels], rise, out=np.zeros(len(pixels)), where=rise != 0)
        return self.start + share.clip(0, 1) * (self.stop - self.start)
