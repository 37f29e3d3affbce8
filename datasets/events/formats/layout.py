"""The order of the columns of events, and the unit of their times: what is said, or what the numbers settle."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import permutations
from typing import NamedTuple

import numpy as np

from spikeseg.errors import SpikeSegError

from ..events import LARGEST, pack
from .names import FIELDS, UNITS
from .records import make, printable

SAMPLE = 1000
"""Events that a layout is found out from."""

_WORDS = {"s": "seconds", "ms": "milliseconds", "us": "microseconds", "ns": "nanoseconds"}
_ORDERS = frozenset(map("".join, permutations(FIELDS)))
_COMMON = ("txyp", "xytp", "xypt")  # what is found out where neither a heading nor the caller says it
_LATEST = 1 << 52  # microseconds, of the year 2112: later times are none of the usual unit
_ROUNDING = 0.05  # microseconds, that files of whole microseconds are off after sums and prints: 17 ns were seen
_LARGEST_DOUBT = 0.25  # microseconds, between neighbouring numbers: beyond that nothing shows that they are whole
_LONGEST = 86_400  # seconds: a sample of events that takes longer is not in seconds


class UnknownUnitError(SpikeSegError):
    """Neither names nor numbers settle the unit of times: it has to be said."""


class Layout(NamedTuple):
    """The order of x, y, t and p, and the unit of the times, one of `UNITS`; None for what is not known yet."""

    order: str | None = None
    unit: str | None = None

    def __str__(self) -> str:
        return f"{' '.join(self.order or '')}, {_WORDS.get(self.unit or '')}".removeprefix(", ")


def said_layout(columns: str | None, unit: str | None) -> Layout:
    """What the caller says about columns and unit. Raises SpikeSegError where either is none."""
    if columns is not None and columns not in _ORDERS:
        raise SpikeSegError(f"{columns!r} is no order of columns: give each of x, y, t and p once, e.g. txyp")
    if unit is not None and unit not in UNITS:
        raise SpikeSegError(f"unknown unit {unit!r} of time: it is one of {', '.join(UNITS)}")
    return Layout(columns, unit)


def read_layout(text: str) -> Layout | None:
    """A layout out of ``UNIT`` or ``ORDER-UNIT``, such as ``ns`` or ``xypt-us``; None where the text is none."""
    order, _, unit = text.rpartition("-")
    if unit not in UNITS or (order or "txyp") not in _ORDERS or text.startswith("-"):
        return None
    return Layout(order or None, unit)


class Assembler:
    """Makes events of four columns of numbers, as soon as enough have come to find out what nobody says.

    Parameters
    ----------
    where
        For messages.
    said
        What the caller says; its order is that of the columns, or None.
    named
        The unit that the source names, see `find_unit`.
    usual
        The unit that such sources have, by their documentation.
    """

    def __init__(self, where: str, said: Layout, named: str | None = None, usual: str | None = None):
        self._where, self._said, self._named, self._usual = where, said, named, usual
        self._waiting: list[Sequence[np.ndarray]] = []
        self._count = 0
        self.layout: Layout | None = None

    @property
    def begun(self) -> bool:
        """Whether there were events."""
        return bool(self._waiting) or self._count > 0

    def events(self, columns: Sequence[np.ndarray] | None, last: bool = False) -> np.ndarray:
        """Events, dtype `EVENT`, of columns of shape (n,), or none while they wait for more.

        Raises
        ------
        SpikeSegError
            The order or the unit cannot be found out, or a number is none of an event.
        """
        if self.layout is None:
            self._waiting += [columns] if columns and len(columns[0]) else []
            known = self._said.order and (self._said.unit or self._named or self._usual)
            if not self._waiting or not (known or last or sum(len(some[0]) for some in self._waiting) >= SAMPLE):
                return make(*[()] * 4)
            columns = [np.concatenate(parts) for parts in zip(*self._waiting, strict=True)]
            self._waiting = []
            self.layout = self._find([column[:SAMPLE] for column in columns])
        if not columns:
            return make(*[()] * 4)
        order, unit = self.layout.order or "", self.layout.unit or ""
        x, y, t, p = (columns[order.index(field)] for field in FIELDS)
        t = microseconds(t, unit, self._named is not None)
        events = pack(x, y, t, p, self._where, self._count)
        self._count += len(events)
        return events

    def _find(self, columns: Sequence[np.ndarray]) -> Layout:
        order = self._said.order or find_order(columns, self._where)
        t = columns[order.index("t")]
        return Layout(order, find_unit(t, self._said.unit, self._named, self._usual, self._where))


def find_order(columns: Sequence[np.ndarray], where: str) -> str:
    """Find out the order of four columns of numbers, shape (n,) each.

    The column of times is the one that no pixel's coordinate can be, or else the one that never falls; where it is the
    last one, the third holds polarities and it does not. x is taken to be before y.

    Raises
    ------
    SpikeSegError
        Several columns could be the times, or none.
    """
    finite = [column[np.isfinite(column)] for column in columns]
    places = [0, 2]
    if _are_polarities(finite[2]) and not _are_polarities(finite[3]):
        places = [0, 3]
    times = [place for place in places if not _are_coordinates(finite[place])]
    if not times:
        times = [place for place in places if not (finite[place][1:] < finite[place][:-1]).any()]
    if len(times) != 1:
        first, second = ("first", {2: "third", 3: "fourth"}[places[1]])
        raise SpikeSegError(
            f"{where}: the {first} or the {second} column could be the times: name the order, e.g. --columns txyp"
        )
    return next(order for order in _COMMON if order.index("t") == times[0])


def find_unit(t: np.ndarray, said: str | None, named: str | None, usual: str | None, where: str) -> str:
    """Find the unit of times.

    Parameters
    ----------
    t
        Shape (n,), the first of them.
    said
        By the caller, or None.
    named
        By the heading, the name of the field or the dataset: a unit, another word, or None.
    usual
        In such files, or None; it counts where neither is there, and the times can be in it.

    Returns
    -------
    What is said, named or usual; or else seconds, if the times are nothing else, see `are_seconds`.

    Raises
    ------
    SpikeSegError
        `named` is not the unit that is `said`. `UnknownUnitError`: nothing settles it.
    """
    if said is not None:
        if named in UNITS and named != said:
            raise SpikeSegError(f"{where} names its times as {_WORDS[named]}, not {_WORDS[said]}")
        return said
    if named in UNITS:
        return named
    if named is not None:
        reason = f"{where}: {printable(repr(named))} is no unit of time that is known"
    elif usual is not None and (np.abs(t.astype(float)) * UNITS[usual][0] <= _LATEST).all():
        return usual
    elif are_seconds(t):
        return "s"
    else:
        reason = f"{where} does not name the unit of its times"
    raise UnknownUnitError(f"{reason}: give it, e.g. --unit us{_spans(t)}")


def are_seconds(t: np.ndarray) -> bool:
    """Whether times can be nothing but seconds: they are whole microseconds then, and fractions of them otherwise.

    No event camera has a clock that is finer than a microsecond. So times that need four decimals or more are not
    milliseconds, and if all of them are whole microseconds as seconds, they are that.
    """
    t = t[np.isfinite(t)]
    t = t if t.dtype.kind == "f" else t.astype(float)
    doubt = float(np.spacing(np.abs(t).max(initial=0))) * 1e6  # float32 has fewer digits
    t = t.astype(float)
    scaled = t * 1e6
    if not len(t) or t.max() - t.min() > _LONGEST or doubt > _LARGEST_DOUBT:
        return False
    tolerance = max(doubt, _ROUNDING)
    whole = np.abs(scaled - np.round(scaled)) <= tolerance
    milliseconds = np.abs(scaled / 1000 - np.round(scaled / 1000)) <= tolerance / 1000
    return bool(whole.all() and not milliseconds.all())


def _spans(t: np.ndarray) -> str:
    """How long the times take in each unit, for a person to choose."""
    t = t[np.isfinite(t)].astype(float)
    if len(t) < 2:
        return ""
    seconds = {unit: (t.max() - t.min()) * up / down / 1e6 for unit, (up, down) in UNITS.items()}
    told = ", ".join(f"{unit}: {span:.3g} s" for unit, span in reversed(seconds.items()))
    return f" (its first {len(t):,} events would take, in {told})"


def microseconds(t: np.ndarray, unit: str, named: bool = False) -> np.ndarray:
    """Times in microseconds, shape (n,): exact where they are integers, else rounded to the nearest.

    Nanoseconds that are integers lose their last three digits. Microseconds with a fraction are kept, for `pack` to
    refuse, unless the file itself has `named` the unit.
    """
    up, down = UNITS[unit]
    if t.dtype.kind in "iub":
        if down > 1:
            return t.astype(np.int64) // down if t.dtype.kind != "u" else t // np.uint64(down)
        if up == 1 or not len(t) or int(np.abs(t.astype(float)).max()) < 2**62 // up:
            return t if up == 1 else t.astype(np.int64) * up
    scaled = t.astype(float) * up / down
    return np.round(scaled) if named or unit != "us" else scaled


def _are_coordinates(values: np.ndarray) -> bool:
    return bool(((values == np.floor(values)) & (values >= 0) & (values < LARGEST)).all())


def _are_polarities(values: np.ndarray) -> bool:
    return bool(np.isin(values, (-1, 0, 1)).all())
