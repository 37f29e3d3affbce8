"""Select a trained network and the pictures or recordings to use it on."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import get_args

import numpy as np

from spikeseg.errors import SpikeSegError
from spikeseg.files import read_json

from ...configs.schema import Config
from ...datasets.catalogue import Source, directory_of, open_dataset
from ...datasets.events.formats import Invalid
from ...datasets.recordings import Recordings
from ...datasets.sample import Dataset
from ...datasets.split import AnyPart, Split
from ...models.network import TrainedNetwork
from ..training.directory import Run, load_network


@dataclass(frozen=True)
class Selection:
    """A trained network and the pictures or recordings to use it on.

    Attributes
    ----------
    network, run
        The network and its run directory.
    dataset, indices
        The dataset, and the indices of the selected pictures or recordings in it, (n,) int.
    source
        Where the pictures come from, in words; recorded with results.
    size
        Rows and columns of a picture at zoom 1.
    zooms
        Zooms at which each picture is presented, as factors of `size`.
    pasted
        Whether the pictures are pasted on a canvas, where boxes of training pictures are no baseline.
    """

    network: TrainedNetwork
    run: Run
    dataset: Dataset | Recordings
    indices: np.ndarray
    source: str
    size: tuple[int, int]
    zooms: tuple[float, ...] = (1.0,)
    pasted: bool = False

    @property
    def sizes(self) -> list[tuple[int, int]]:
        """Rows and columns at which a picture is presented, for each zoom."""
        rows, columns = self.size
        return [(round(rows * zoom), round(columns * zoom)) for zoom in self.zooms]


def select(name: str | Path, data: Source, part: str, invalid: Invalid = "error") -> Selection:
    """Select a network and a part of its dataset.

    Parameters
    ----------
    name
        A run, or a network that comes along.
    data
        Directory of the dataset, where it is another than in training; or the dataset itself, where one was trained on.
    part
        Which.

    Raises
    ------
    SpikeSegError
        There is no such run, dataset or part; the part is empty; or the dataset lacks pictures of the split.
    """
    parts = get_args(AnyPart)
    if part not in parts:
        raise SpikeSegError(f"unknown part {part!r}: choose one of {', '.join(parts)}")
    network, run = load_network(name)
    config = network.config
    given = network.data if data is None and not config.data.rendered else data
    dataset = open_dataset(config, given, invalid)
    if part == "all":
        indices = np.arange(len(dataset))
    else:
        indices = getattr(Split.from_json(read_json(run.split_file), dataset.names), part)
    if not len(indices):
        raise SpikeSegError(f"the {part} part of {run.path} is empty: choose another --split")
    return Selection(network, run, dataset, indices, _source(config, given), config.input.size)


def _source(config: Config, data: Source) -> str:
    """Where pictures come from, for people."""
    directory = directory_of(data)
    if config.data.rendered:
        return f"{config.data.dataset} (simulated)"
    if config.data.dataset == "n-caltech-sim":
        return f"n-caltech-sim (simulated from {directory})"
    return str(directory or type(data).__name__)
