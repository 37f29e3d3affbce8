"""Check a dataset that a Python program brings as an object."""

from __future__ import annotations

from collections.abc import Sequence

from spikeseg.errors import SpikeSegError

from ...configs.inputs import OBJECT
from ...configs.schema import Config
from ..recordings import Recordings, Take
from ..sample import Dataset, Sample


def check_object(dataset: Dataset | Recordings, config: Config) -> None:
    """Make sure that an object is the dataset that a configuration needs. Its first item is loaded.

    Raises
    ------
    SpikeSegError
        The configuration names another dataset, names or labels are missing, not as many as items, or not those of
        the configuration's classes; or an item is neither what pictures nor what recordings give.
    """
    kind, classes = type(dataset).__name__, config.data.classes
    if config.data.dataset != OBJECT:
        raise SpikeSegError(
            f'a dataset was given as an object, but data.dataset is {config.data.dataset}: set it to "{OBJECT}"'
        )
    missing = [name for name in ("names", "labels", "__len__", "__getitem__") if not hasattr(dataset, name)]
    if missing:
        raise SpikeSegError(f"{kind} is no dataset: it lacks {', '.join(missing)} (docs/own-pictures.md)")
    names, labels = list(dataset.names), list(dataset.labels)
    if not len(dataset) == len(names) == len(labels):
        raise SpikeSegError(
            f"{kind} has {len(dataset)} items, {len(names)} names and {len(labels)} labels: give one of each per item"
        )
    _check_names(kind, names, labels, classes)
    item, wanted = dataset[0], Sample if config.input.buffer is None else Take
    if not isinstance(item, wanted):
        needs = "[input.dog] needs Sample" if wanted is Sample else "[input.buffer] needs Take"
        raise SpikeSegError(f"{kind} gives items of type {type(item).__name__}, but {needs}")


def _check_names(kind: str, names: Sequence[str], labels: Sequence[str], classes: Sequence[str]) -> None:
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise SpikeSegError(f"{kind} has two items named {twice}: give every item a name of its own")
    if strange := sorted(set(labels) - set(classes)):
        raise SpikeSegError(f"{kind} has items of {strange[0]}, which data.classes lacks: add it, or leave them out")
    if absent := [label for label in classes if label not in labels]:
        raise SpikeSegError(f"{kind} has no item of {absent[0]}, which data.classes has")
