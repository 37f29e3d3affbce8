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
_LATEST = 1 << 52  # microseconds, of the year 2112: what whole numbers mean that are larger, nobody knows
_LONGEST = 86_400  # seconds: a sample of events that takes longer is not in seconds


class Layout(NamedTuple):
    """The order of x, y, t and p, and the unit of the times, one of `UNITS`; None for what is not known yet."""

    order: str | None = None
    unit: str | None = None

    def __str__(self) -> str:
        return f"{' '.join(self.order or '')}, {_WORDS.get(self.unit or '')}".removeprefix(", ")


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
    """

    def __init__(self, where: str, said: Layout, named: str | None = None):
        self._where, self._said, self._named = where, said, named
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
            known = self._said.order and (self._said.unit or self._named)
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
        return Layout(order, find_unit(columns[order.index("t")], self._said.unit, self._named, self._where))


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
            f"{where}: the {first} or the {second} column could be the times: name the order and the unit, "
            "e.g. --format txyp-us"
        )
    return next(order for order in _COMMON if order.index("t") == times[0])


def find_unit(t: np.ndarray, said: str | None, named: str | None, where: str) -> str:
    """Find the unit of times.

    Parameters
    ----------
    t
        Shape (n,), the first of them.
    said
        By the caller, or None.
    named
        By the heading, the name of the field or the dataset: a unit, another word, or None.

    Returns
    -------
    What is said or named; or else seconds if one of the times is not whole, and microseconds otherwise.

    Raises
    ------
    SpikeSegError
        `named` is no unit or not the one that is `said`, or neither is there and the times can be neither seconds
        nor microseconds.
    """
    if said is not None:
        if named in UNITS and named != said:
            raise SpikeSegError(f"{where} names its times as {_WORDS[named]}, not {_WORDS[said]}")
        return said
    if named in UNITS:
        return named
    give = "give it, e.g. --format ns"
    if named is not None:
        raise SpikeSegError(f"{where}: {printable(repr(named))} is no unit of time that is known: {give}")
    t = t[np.isfinite(t)]
    if (t != np.floor(t)).any():
        if t.max() - t.min() > _LONGEST:
            raise SpikeSegError(f"{where} does not name the unit of its times, which cannot be seconds: {give}")
        return "s"
    if (np.abs(t.astype(float)) > _LATEST).any():
        raise SpikeSegError(f"{where} does not name the unit of its times, which cannot be microseconds: {give}")
    return "us"


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
