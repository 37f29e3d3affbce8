"""Files that somebody else could have written: every change of bytes, of JSON values and of arrays."""

from __future__ import annotations

import io
import json
import os
import resource
import signal
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from typing import Any

import numpy as np

from spikeseg.errors import SpikeSegError

DAMAGES = int(os.environ.get("SPIKESEG_DAMAGES", "20"))
"""Damaged files of each kind: CONTRIBUTING.md."""

MEMORY = 1 << 30  # bytes more than before
PATIENCE = 60  # seconds

VALUES: tuple[Any, ...] = (
    *(None, True, False, 0, 1, -1, 7, 255, 2**15, 2**31 - 1, 2**31, 2**32 + 15, 2**63, 10**12, 10**400, -(10**12)),
    *(0.0, 0.5, 1.5, -0.5, 1e-320, 1e308, float("nan"), float("inf"), float("-inf")),
    *("", " ", "x", "..", "../../x", "/etc/x", "a/b", "\x1b[31mred", "a\0b", "\udcff", "=1+1", "NaN", "1", "x" * 5000),
    *([], {}, [0], [1, 2, 3], [[1, 2], [3]], {"x": 1}, ["x"] * 3, [10**9] * 3, [0, -1, 2]),
)


KINDS = ("c16", "i1", "i8", "u8", "f2", "f4", ">f8", "f16", "U3", "S2", "?", "M8[s]")


def changed_bytes(whole: bytes, rng: np.random.Generator) -> bytes:
    """A file with some bytes changed, lost, doubled or cut off."""
    data = bytearray(whole)
    for _ in range(rng.integers(1, 5)):
        place = int(rng.integers(len(data) + 1))
        length = int(rng.integers(1, 9))
        match rng.integers(5):
            case 0:
                data[place : place + 1] = rng.bytes(1)
            case 1:
                data[place : place + length] = rng.bytes(length)
            case 2:
                del data[place : place + length]
            case 3:
                data[place:place] = data[max(0, place - length) : place]
            case 4 if rng.random() < 0.2:
                del data[place:]
    return bytes(data)


def changed_json(content: Any, rng: np.random.Generator) -> Any:
    """JSON with one or two values changed, lost or added."""
    root = {"root": json.loads(json.dumps(content))}
    for _ in range(rng.integers(1, 3)):
        holder, key = _some_place(root, rng)
        match rng.integers(6):
            case 0 if holder is not root:
                del holder[key]
            case 1 if isinstance(holder, dict):
                holder[str(_some_value(rng))] = holder[key]
            case 2 if isinstance(holder, list):
                holder.append(_some_value(rng))
            case 3 if rng.random() < 0.1:
                holder[key] = _nested(int(rng.integers(1, 5000)))
            case _:
                holder[key] = _some_value(rng)
    return root["root"]


def _some_place(root: dict, rng: np.random.Generator) -> tuple[Any, Any]:
    places: list[tuple[Any, Any]] = []

    def walk(holder: Any) -> None:
        for key in holder if isinstance(holder, dict) else range(len(holder)):
            places.append((holder, key))
            if isinstance(holder[key], dict | list):
                walk(holder[key])

    walk(root)
    return places[rng.integers(len(places))]


def _some_value(rng: np.random.Generator) -> Any:
    return deepcopy(VALUES[rng.integers(len(VALUES))])  # it may be changed itself, next


def _nested(depth: int) -> Any:
    content: Any = 1
    for _ in range(min(depth, 900)):  # more is too much for json.dumps, and comes as text: `as_text`
        content = [content]
    return content


def as_text(content: Any, rng: np.random.Generator) -> str:
    """JSON, now and then of a depth that no parser takes."""
    return "[" * 100_000 if rng.random() < 0.01 else json.dumps(content)


def changed_arrays(arrays: dict[str, np.ndarray], rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Arrays one of which has another type, shape or value, is lost, or has company."""
    name = list(arrays)[rng.integers(len(arrays))]
    array = arrays[name]
    if array.dtype.kind not in "iuf" or not array.size or rng.random() < 0.05:
        return {key: value for key, value in arrays.items() if key != name}
    match rng.integers(4):
        case 0:
            kind = KINDS[rng.integers(len(KINDS))]
            with np.errstate(all="ignore"), warnings.catch_warnings():
                warnings.simplefilter("ignore")
                changed = (
                    array.view("V4") if kind == "V4" and array.itemsize == 4 else array.astype(kind.replace("V4", "f4"))
                )
        case 1:
            flat = array.ravel()
            shapes = (array[None], flat, flat[:-1], flat[:7], flat[:0], flat[0], np.repeat(array, 2, 0), array.T)
            changed = shapes[rng.integers(len(shapes))]
        case 2:
            changed = array.copy()
            number = VALUES[rng.integers(3, 25)]
            with np.errstate(all="ignore"), warnings.catch_warnings():
                warnings.simplefilter("ignore")
                try:
                    changed.flat[rng.integers(changed.size)] = number
                except (OverflowError, ValueError):
                    changed.flat[rng.integers(changed.size)] = np.inf if changed.dtype.kind == "f" else -1
        case _:
            return arrays | {"more": np.zeros(10**5), name: array[..., ::-1]}
    return arrays | {name: changed}


def packed(arrays: dict[str, np.ndarray]) -> bytes:
    file = io.BytesIO()
    np.savez_compressed(file, **arrays)
    return file.getvalue()


@contextmanager
def bounded() -> Iterator[None]:
    """Let what is done take neither long nor much memory, and let it warn of nothing."""
    before = resource.getrlimit(resource.RLIMIT_AS)
    with open("/proc/self/statm") as file:
        there = int(file.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    resource.setrlimit(resource.RLIMIT_AS, (there + MEMORY, before[1]))
    signal.alarm(PATIENCE)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            yield
    finally:
        signal.alarm(0)
        resource.setrlimit(resource.RLIMIT_AS, before)


def complaint(action: Callable[[], Any]) -> str:
    """The one line of what is wrong; empty where nothing is. Nothing else may come of it."""
    try:
        with bounded():
            action()
    except SpikeSegError as error:
        told = str(error)
        assert told
        assert "\n" not in told, told
        assert len(told) < 3000, told
        return told
    return ""
