"""Divide a dataset into training, validation and test parts."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np

from spikeseg.errors import SpikeSegError

Part = Literal["train", "validation", "test"]
AnyPart = Literal["train", "validation", "test", "all"]
"""A part of a split, or everything that is in the dataset."""

PARTS: tuple[Part, ...] = get_args(Part)


@dataclass(frozen=True, eq=False)
class Split:
    """Disjoint, sorted indices into a dataset, shape (n,), int64."""

    train: np.ndarray
    validation: np.ndarray
    test: np.ndarray

    def to_json(self, names: Sequence[str]) -> dict[str, list[str]]:
        """Replace indices by names, to be stored with a run; `names` are those of the dataset."""
        return {part: [names[int(i)] for i in getattr(self, part)] for part in PARTS}

    @classmethod
    def from_json(cls, content: Any, names: Sequence[str]) -> Split:
        """Replace the names that `to_json` stored by their indices in `names`, those of a dataset in any order.

        Raises
        ------
        SpikeSegError
            `content` is not what `to_json` wrote, or names a picture that the dataset does not have.
        """
        if not isinstance(content, dict) or not all(isinstance(content.get(part), list) for part in PARTS):
            raise SpikeSegError(f"a stored split needs the lists {', '.join(PARTS)}: split anew")
        stored = [name for part in PARTS for name in content[part]]
        if not all(isinstance(name, str) for name in stored) or len(set(stored)) < len(stored):
            raise SpikeSegError("a stored split has something that is no name, or a name twice: split anew")
        index = {name: i for i, name in enumerate(names)}
        missing = [name for name in stored if name not in index]
        if missing:
            raise SpikeSegError(
                f"{len(missing)} pictures of the stored split, {missing[0][:100]} for one, are not in the dataset: "
                "use the data that it was made for, or split anew"
            )
        return cls(*(_indices([index[name] for name in content[part]]) for part in PARTS))


def split(
    labels: Sequence[str],
    train: int,
    validation: int,
    test: int | None,
    seed: int,
    *,
    names: Sequence[str],
) -> Split:
    """Divide a dataset at random, with the same numbers for each class.

    Pictures are drawn by name: neither the order of the dataset nor its other classes change which part a picture is
    in.

    Parameters
    ----------
    labels, names
        Class and name of every picture, in the dataset's order; names are unique.
    train, validation, test
        Pictures per class. If `test` is None, all that are left are for the test, which may be none.
    seed
        The same seed gives the same split.

    Raises
    ------
    SpikeSegError
        A class has fewer pictures than are asked for.
    """
    drawn: dict[str, list[int]] = {part: [] for part in PARTS}
    for label in sorted(set(labels)):
        members = sorted((i for i, other in enumerate(labels) if other == label), key=lambda i: names[i])
        asked = train + validation + (test or 0)
        if len(members) < asked:
            raise SpikeSegError(
                f"class {label} has {len(members)} pictures, but {asked} are asked for: {train} to train, "
                f"{validation} to validate, {test or 0} to test"
            )
        order = np.random.default_rng([seed, zlib.crc32(label.encode())]).permutation(members)
        stop = None if test is None else asked
        drawn["train"].extend(order[:train])
        drawn["validation"].extend(order[train : train + validation])
        drawn["test"].extend(order[train + validation : stop])
    return Split(*(_indices(drawn[part]) for part in PARTS))


def _indices(values: list[int]) -> np.ndarray:
    return np.sort(np.array(values, dtype=np.int64))
