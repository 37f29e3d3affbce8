"""Which pictures train, which validate, which test."""

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
        """The names behind the indices, to be stored with a run; `names` are the dataset's."""
        return {part: [names[int(i)] for i in getattr(self, part)] for part in PARTS}

    @classmethod
    def from_json(cls, content: Any, names: Sequence[str]) -> Split:
        """Find what `to_json` stored among a dataset's `names`, whatever their order now.

        Raises
        ------
        SpikeSegError
            Not what `to_json` wrote, or it names a picture that the dataset does not have.
        """
        if not isinstance(content, dict) or not all(isinstance(content.get(part), list) for part in PARTS):
            raise SpikeSegError(f"a stored split needs the lists {', '.join(PARTS)}: split anew")
        index = {name: i for i, name in enumerate(names)}
        missing = [name for part in PARTS for name in content[part] if name not in index]
        if missing:
            raise SpikeSegError(
                f"{len(missing)} pictures of the stored split, {missing[0]} for one, are not in the dataset: "
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
    """Divide a dataset at random, so many of each class.

    It goes by names, so neither the order of the dataset nor its other classes change what a picture is for.

    Parameters
    ----------
    labels, names
        Of every picture, in the dataset's order; names are unique.
    train, validation, test
        Pictures per class; `test` None takes all that are left, be it none.
    seed
        Same seed, same split.

    Raises
    ------
    SpikeSegError
        A class has fewer pictures than are asked.
    """
    drawn: dict[str, list[int]] = {part: [] for part in PARTS}
    for label in sorted(set(labels)):
        members = sorted((i for i, other in enumerate(labels) if other == label), key=lambda i: names[i])
        asked = train + validation + (test or 0)
        if len(members) < asked:
            raise SpikeSegError(
                f"class {label} has {len(members)} pictures, but {asked} are asked: {train} to train, "
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
