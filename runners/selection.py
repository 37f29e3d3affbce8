"""Which network, on which pictures: what encode and evaluate are asked for."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import numpy as np

from spikeseg.errors import SpikeSegError
from spikeseg.files import read_json

from ..datasets import Dataset, OrangePanda, Recordings, open_dataset
from ..datasets.canvas import Canvas
from ..datasets.split import Split
from ..models.network import Network
from .directory import Run, load_network

CANVAS = 1.5  # sides of the shifted test's canvas, over the network's input
CANVAS_SEED = 0
SMALLEST_SCALE = 0.25  # the time and memory of a zoom grow with 1 / scale squared
OVERLAP_SEED = 1_000_000  # apart from the seeds that anybody trains with


@dataclass(frozen=True)
class Selection:
    """A trained network and the pictures that it is to see.

    Attributes
    ----------
    network, run
        The network and where it lives.
    dataset, indices
        Pictures or recordings `indices` of `dataset`.
    source
        Where the pictures come from, for a result's record.
    size
        Rows and columns of a picture at zoom 1.
    zooms
        At which multiples of its size a picture is presented.
    pasted
        Whether the pictures are on a canvas, where the training pictures' boxes mean nothing.
    """

    network: Network
    run: Run
    dataset: Dataset | Recordings
    indices: np.ndarray
    source: str
    size: tuple[int, int]
    zooms: tuple[float, ...] = (1.0,)
    pasted: bool = False

    @property
    def sizes(self) -> list[tuple[int, int]]:
        """Rows and columns at which a picture is presented."""
        rows, columns = self.size
        return [(round(rows * zoom), round(columns * zoom)) for zoom in self.zooms]


def select(name: str | Path, data: Path | None, part: str) -> Selection:
    """Choose a part of a dataset: ``train``, ``validation`` or ``test`` of the run's split, or ``all`` there is.

    Raises
    ------
    SpikeSegError
        No such run or dataset, or the dataset lacks pictures of the split.
    """
    network, run = load_network(name)
    config = network.config
    rendered = config.data.dataset == "orange-panda"
    directory = None if rendered else data or network.data
    dataset = open_dataset(config, directory)
    if part == "all":
        indices = np.arange(len(dataset))
    else:
        indices = getattr(Split.from_json(read_json(run.split_file), dataset.names), part)
    if not len(indices):
        raise SpikeSegError(f"the {part} part of {run.path} is empty: choose another --split")
    source = f"{config.data.dataset} (simulated)" if rendered else str(directory)
    return Selection(network, run, dataset, indices, source, config.input.size)


def on_canvas(selection: Selection, scales: tuple[float, float], clutter: bool) -> Selection:
    """The same pictures, each at a random place and scale on a larger canvas.

    An object smaller than the network has learned is presented at zooms that make up for it, a factor of at most
    1.25 apart.

    Raises
    ------
    SpikeSegError
        The scales are no range, too small to be zoomed, or too large for the canvas; or they are recordings.
    """
    if selection.network.config.input.dog is None:
        raise SpikeSegError(f"{selection.run.path} learned from recordings: only pictures are pasted on a canvas")
    base = selection.size
    size = round(base[0] * CANVAS), round(base[1] * CANVAS)
    smallest, largest = scales
    if 0 < smallest < SMALLEST_SCALE:
        raise SpikeSegError(f"a scale of {smallest:g} is too small to be zoomed: give {SMALLEST_SCALE:g} or more")
    dataset = Canvas(cast(Dataset, selection.dataset), size, base, scales, clutter, CANVAS_SEED)
    count = 1 + int(np.ceil(np.log(largest / smallest) / np.log(1.25) - 1e-9))
    zooms = tuple(np.geomspace(1 / largest, 1 / smallest, count).tolist())
    source = f"{selection.source}, pasted on a canvas of {size[0]} x {size[1]} at scales {smallest:g} to {largest:g}"
    source += ", cluttered" if clutter else ""
    return replace(selection, dataset=dataset, source=source, size=size, zooms=zooms, pasted=True)


def with_buffers(selection: Selection, duration_ms: float) -> Selection:
    """The same recordings in buffers of another length; the network and its thresholds stay as they are.

    Raises
    ------
    SpikeSegError
        The network was not trained on recordings.
    """
    inputs = selection.network.config.input
    if inputs.buffer is None:
        raise SpikeSegError(f"{selection.run.path} learned from pictures: buffers are for recordings")
    buffer = inputs.buffer.model_copy(update={"duration_ms": duration_ms, "events": None})
    return _with_input(selection, {"buffer": buffer})


def with_fixed_thresholds(selection: Selection) -> Selection:
    """The same network with thresholds that do not adapt to the number of events (paper, IV.B)."""
    return _with_input(selection, {"threshold_variation": 0.0})


def _with_input(selection: Selection, update: dict[str, Any]) -> Selection:
    config = selection.network.config
    config = config.model_copy(update={"input": config.input.model_copy(update=update)})
    return replace(selection, network=replace(selection.network, config=config))


def overlapping(selection: Selection, overlap: float) -> Selection:
    """Instead of the chosen pictures as many rendered ones with two objects that overlap by this fraction.

    Raises
    ------
    SpikeSegError
        The network was not trained on rendered pictures.
    """
    data = selection.network.config.data
    if data.dataset != "orange-panda":
        raise SpikeSegError(f"only orange-panda is rendered with overlapping objects, not {data.dataset}")
    count = len(selection.indices)
    dataset = OrangePanda(count, OVERLAP_SEED, selection.size, "both", overlap, data.classes)
    source = f"{selection.source}, two objects overlapping by {overlap:.0%}"
    return replace(selection, dataset=dataset, indices=np.arange(count), source=source)
