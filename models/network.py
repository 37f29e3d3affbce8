"""A trained network: its configuration, kernels, thresholds, and the classes that its maps stand for."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import astuple, dataclass, field
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from pydantic import BaseModel, Field

from spikeseg.checking import checked
from spikeseg.errors import SpikeSegError
from spikeseg.files import Expected, parse_json, read_arrays, write_arrays
from spikeseg.version import __version__

from ..configs.geometry import LARGEST_KERNEL, layer_shapes
from ..configs.limits import MOST_MAPS, Natural
from ..configs.reading import validate
from ..configs.schema import Config
from .decay import EXACT

GRID = 2.0**-20  # weights are multiples of it, see `summable`
LARGEST_SUM = 2**24  # of whole numbers, in single precision

LARGEST_WEIGHT = 2**15
LARGEST_EXTENT = 2**20  # pixels
LONGEST_HEADER = 2**22  # characters

UNNAMED = ""  # the label of a Conv3 map that stands for no class

FORMAT = 1  # version of the file; raised when older readers would misread a new file

RANKS = 101  # quantiles by which margins become a presence: every percent

PRESENCE = ("presence_weights", "presence_offsets", "presence_ranks")  # the file's arrays, for `Presence`
CONV_LAYERS = ("conv1", "conv2", "conv3")
LAYERS = ("conv1", "pool1", "conv2", "pool2", "conv3")


@dataclass(frozen=True)
class Presence:
    """Readouts that tell whether the object of a map is there at all (docs/model.md, rule 13).

    Attributes
    ----------
    weights
        A readout for each Conv3 map, of the shape of the maps' kernels.
    offsets
        Added to each map's largest readout, which makes it the margin, (maps,).
    ranks
        For each class, in the configuration's order, quantiles of the margins of its own training stimuli, ascending,
        (classes, `RANKS`).
    """

    weights: np.ndarray
    offsets: np.ndarray
    ranks: np.ndarray

    def __post_init__(self):
        for name in ("weights", "offsets", "ranks"):
            object.__setattr__(self, name, _fixed(getattr(self, name)))


@dataclass(frozen=True, eq=False)
class TrainedNetwork:
    """Everything that inference needs; potentials, weights and thresholds have no units.

    Arrays cannot be written to, as what is made of them is kept: `dataclasses.replace` gives a network with others.

    Attributes
    ----------
    config
        The configuration of its training.
    kernels
        Per conv layer, shape (maps, features of the layer below, kernel rows, kernel columns), float64.
        A map's potential is the cross-correlation of its kernel with the spikes below. Weights are rounded, see
        `summable`, so that potentials are exact, and maps that tie do so on every device.
    thresholds
        Per conv layer, the threshold of each map before adaptation, shape (maps,), float64.
    map_labels
        The class of each Conv3 map, or `UNNAMED`; empty until training has named the maps.
    event_range
        Fewest and most input events of a training stimulus (paper, IV.B).
    extents
        Per Conv3 map, the box in which the pixels of its object are expected, (maps, 4): top, left, bottom, right in
        pixels from the centre of the winning neuron; None if the configuration asks for no extents.
    presence
        What tells whether an object is there at all; None in networks of older versions.
    provenance
        How it was made: data, seed, versions, stimuli, convergence.
    """

    config: Config
    kernels: dict[str, np.ndarray]
    thresholds: dict[str, np.ndarray]
    map_labels: tuple[str, ...] = ()
    event_range: tuple[int, int] = (0, 0)
    extents: np.ndarray | None = None
    presence: Presence | None = None
    provenance: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self):
        kernels = {name: _fixed(summable(kernel)) for name, kernel in self.kernels.items()}
        object.__setattr__(self, "kernels", kernels)
        object.__setattr__(self, "thresholds", {name: _fixed(values) for name, values in self.thresholds.items()})
        object.__setattr__(self, "extents", None if self.extents is None else _fixed(self.extents))

    @property
    def data(self) -> Path | None:
        """Directory of the data that it was trained on; None if they were rendered."""
        path = self.provenance.get("data")
        return Path(path) if path else None

    def threshold_scale(self, events: np.ndarray) -> np.ndarray:
        """Compute the factor on all thresholds for stimuli with these numbers of input events (paper, IV.B).

        It grows linearly between the fewest and the most events of a training stimulus, and is constant beyond them.

        Parameters
        ----------
        events
            Number of events of each stimulus, any shape.

        Returns
        -------
        numpy.ndarray
            One factor per stimulus, of the same shape, float64.
        """
        fewest, most = self.event_range
        if most <= fewest:
            return np.ones(np.shape(events))
        position = np.clip((np.asarray(events, float) - fewest) / (most - fewest), 0, 1)
        return 1 + self.config.input.threshold_variation * (2 * position - 1)

    def save(self, path: Path) -> None:
        """Write one ``.npz`` file, atomically. Raises SpikeSegError if it cannot be written."""
        header = {
            "format": FORMAT,
            "version": __version__,
            "config": self.config.model_dump(mode="json"),
            "map_labels": self.map_labels,
            "event_range": [int(n) for n in self.event_range],
            "provenance": self.provenance,
        }
        arrays = {f"kernel_{name}": array for name, array in self.kernels.items()}
        arrays |= {f"threshold_{name}": array for name, array in self.thresholds.items()}
        if self.extents is not None:
            arrays["extents"] = self.extents
        if self.presence is not None:
            arrays |= dict(zip(PRESENCE, astuple(self.presence), strict=True))
        write_arrays(path, arrays | {"header": np.array(json.dumps(header))})

    @classmethod
    def load(cls, path: Path) -> TrainedNetwork:
        """Read what `save` wrote.

        Raises
        ------
        SpikeSegError
            The file is missing, damaged, or of another format.
        """
        header = _read_header(path)
        config = validate(header.config, str(path))
        arrays = read_arrays(path, _expected(config))
        if fault := _fault(config, arrays, header):
            raise SpikeSegError(f"{path} is damaged: {fault}")
        return cls(
            config,
            {name: arrays[f"kernel_{name}"].astype(float) for name in CONV_LAYERS},
            {name: arrays[f"threshold_{name}"].astype(float) for name in CONV_LAYERS},
            header.map_labels,
            header.event_range,
            arrays.get("extents"),
            Presence(*(arrays[name] for name in PRESENCE)) if PRESENCE[0] in arrays else None,
            header.provenance.model_dump(exclude_unset=True),
        )


def summable(kernel: np.ndarray) -> np.ndarray:
    """Round the weights of a kernel, (maps, C, rows, columns), so that potentials are exact in single precision.

    They become multiples of `GRID`, or of the next larger power of two for which no map's weights have a sum of more
    than 2**24 times it: up to there single precision has all whole numbers. A neuron is reached once through each
    weight at most, so its potential is a sum of some of them, in whatever order. What is rounded stays as it is.
    """
    grid = GRID
    while LARGEST_SUM < np.abs(np.rint(kernel / grid)).sum(axis=(1, 2, 3)).max() < np.inf:
        grid *= 2
    return grid * np.rint(kernel / grid)


def _fixed(values: np.ndarray) -> np.ndarray:
    """A copy that cannot be written to."""
    copy = np.array(values)
    copy.flags.writeable = False
    return copy


class _LayerTraining(BaseModel):
    presented: Annotated[int, Field(strict=True, ge=0)]
    convergence: Annotated[float, Field(allow_inf_nan=False)]


class _Provenance(BaseModel, extra="allow"):
    data: str | None = None
    digest: str | None = None
    seed: int | None = None
    layers: dict[str, _LayerTraining] = {}
    packages: dict[str, str] = {}


class _Header(BaseModel):
    """What a file says beside its arrays."""

    config: dict[str, Any]
    map_labels: Annotated[tuple[str, ...], Field(max_length=MOST_MAPS)]
    event_range: tuple[Natural, Natural]
    provenance: _Provenance


def _read_header(path: Path) -> _Header:
    text = str(read_arrays(path, {"header": Expected("U", (), LONGEST_HEADER)})["header"])
    try:
        header = parse_json(text)
        version, made_by = header["format"], header["version"]
    except (ValueError, KeyError, TypeError) as error:
        raise SpikeSegError(f"{path} is not a trained network: {error!r}") from error
    if version != FORMAT:
        raise SpikeSegError(
            f"{path} has format {version!r:.40} (spikeseg {made_by!s:.40}), "
            f"this spikeseg {__version__} reads format {FORMAT}: train anew, or install that version"
        )
    return checked(_Header, header, f"{path} is not a trained network")


def kernel_shapes(config: Config) -> dict[str, tuple[int, int, int, int]]:
    """Maps, features of the layer below, kernel rows and columns of each conv layer."""
    shapes = layer_shapes(config, config.input.size)
    sizes = {"conv1": (config.conv1.kernel,) * 2, "conv2": config.conv2.kernel, "conv3": config.conv3.kernel}
    below = {"conv1": "input", "conv2": "pool1", "conv3": "pool2"}
    return {name: (shapes[name].features, shapes[below[name]].features, *sizes[name]) for name in CONV_LAYERS}


def _expected(config: Config) -> dict[str, Expected]:
    """The arrays of a file: nothing else in it is read."""
    expected = {"extents": Expected("f", (config.conv3.maps, 4), 4 * MOST_MAPS, optional=True)}
    for name, shape in kernel_shapes(config).items():
        expected[f"kernel_{name}"] = Expected("f", shape, LARGEST_KERNEL)
        expected[f"threshold_{name}"] = Expected("f", shape[:1], MOST_MAPS)
    shapes = kernel_shapes(config)["conv3"], (config.conv3.maps,), (len(config.data.classes), RANKS)
    for name, shape in zip(PRESENCE, shapes, strict=True):
        expected[name] = Expected("f", shape, LARGEST_KERNEL, optional=True)
    return expected


def _fault(config: Config, arrays: Mapping[str, np.ndarray], header: _Header) -> str:
    """Say what does not fit the configuration or cannot be; empty if nothing is wrong."""
    for name in CONV_LAYERS:
        kernel, thresholds = arrays[f"kernel_{name}"], arrays[f"threshold_{name}"]
        if not (np.abs(kernel) <= LARGEST_WEIGHT).all():
            return f"{name} has weights that are no numbers, or not below {LARGEST_WEIGHT}"
        if not (thresholds >= EXACT).all():
            return f"{name} has thresholds that are no numbers, or not above 0"
    labels, extents, maps = header.map_labels, arrays.get("extents"), config.conv3.maps
    if labels and (len(labels) != maps or not {*labels} <= {UNNAMED, *config.data.classes}):
        return f"its map_labels are {', '.join(labels)[:200]}, not {maps} of {', '.join(config.data.classes)}"
    fewest, most = header.event_range
    if fewest > most:
        return f"its event_range is {fewest}, {most}: the fewest events come first"
    if extents is not None and not (np.abs(extents) <= LARGEST_EXTENT).all():
        return "its extents are no boxes"
    told = [arrays[name] for name in PRESENCE if name in arrays]
    if told and (len(told) < len(PRESENCE) or not all((np.abs(part) <= LARGEST_WEIGHT).all() for part in told)):
        return "its readouts of presence are no numbers, or not complete"
    if told and (np.diff(told[-1]) < 0).any():
        return "its presence_ranks do not ascend"
    return ""


LEARNED_LAYERS = ("conv2", "conv3")
