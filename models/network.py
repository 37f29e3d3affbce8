"""A trained network: its configuration, kernels, thresholds, and the classes that its maps stand for."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from spikeseg.errors import SpikeSegError
from spikeseg.files import read_arrays, write_arrays
from spikeseg.version import __version__

from ..configs.geometry import layer_shapes
from ..configs.reading import validate
from ..configs.schema import Config

EXACT = 2.0**-38  # weights are multiples of it: sums below 2**15 are exact, in any order of adding

UNNAMED = ""  # the label of a Conv3 map that stands for no class

FORMAT = 1  # version of the file; raised when older readers would misread a new file

RANKS = 101  # quantiles by which margins become a presence: every percent

PRESENCE = ("weights", "offsets", "ranks")  # of `Presence`, in the file
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


@dataclass(frozen=True)
class TrainedNetwork:
    """Everything that inference needs; potentials, weights and thresholds have no units.

    Attributes
    ----------
    config
        The configuration of its training.
    kernels
        Per conv layer, shape (maps, features of the layer below, kernel rows, kernel columns), float64.
        A map's potential is the cross-correlation of its kernel with the spikes below. Weights are rounded to
        multiples of 2**-38 (4e-12), so that potentials are exact, and maps that tie do so on every device.
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
        object.__setattr__(self, "kernels", {name: EXACT * np.rint(w / EXACT) for name, w in self.kernels.items()})

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
            arrays |= {f"presence_{part}": getattr(self.presence, part) for part in PRESENCE}
        write_arrays(path, arrays | {"header": np.array(json.dumps(header))})

    @classmethod
    def load(cls, path: Path) -> TrainedNetwork:
        """Read what `save` wrote.

        Raises
        ------
        SpikeSegError
            The file is missing, damaged, or of another format.
        """
        arrays = read_arrays(path, ["header"])
        try:
            header = json.loads(str(arrays["header"]))
            if header["format"] != FORMAT:
                raise SpikeSegError(
                    f"{path} has format {header['format']} (spikeseg {header['version']}), "
                    f"this spikeseg {__version__} reads format {FORMAT}: train anew, or install that version"
                )
            network = cls(
                validate(header["config"], str(path)),
                {name: arrays[f"kernel_{name}"] for name in CONV_LAYERS},
                {name: arrays[f"threshold_{name}"] for name in CONV_LAYERS},
                tuple(header["map_labels"]),
                tuple(header["event_range"]),
                arrays.get("extents"),
                Presence(*(arrays[f"presence_{part}"] for part in PRESENCE)) if "presence_ranks" in arrays else None,
                header["provenance"],
            )
            fault = _fault(network)
        except (ValueError, KeyError, TypeError) as error:
            raise SpikeSegError(f"{path} is not a trained network: {error!r}") from error
        if fault:
            raise SpikeSegError(f"{path} is damaged: {fault}")
        return network


def kernel_shapes(config: Config) -> dict[str, tuple[int, int, int, int]]:
    """Maps, features of the layer below, kernel rows and columns of each conv layer."""
    shapes = layer_shapes(config, config.input.size)
    sizes = {"conv1": (config.conv1.kernel,) * 2, "conv2": config.conv2.kernel, "conv3": config.conv3.kernel}
    below = {"conv1": "input", "conv2": "pool1", "conv3": "pool2"}
    return {name: (shapes[name].features, shapes[below[name]].features, *sizes[name]) for name in CONV_LAYERS}


def _fault(network: TrainedNetwork) -> str:
    """Say what does not fit the configuration or is no number; empty if nothing is wrong."""
    config, maps = network.config, network.config.conv3.maps
    for name, wanted in kernel_shapes(config).items():
        kernel, thresholds = network.kernels[name], network.thresholds[name]
        if kernel.shape != wanted or thresholds.shape != wanted[:1]:
            return f"{name} has kernels {kernel.shape} and thresholds {thresholds.shape}, not {wanted}, {wanted[:1]}"
        if not np.isfinite(kernel).all() or np.isnan(thresholds).any():
            return f"{name} has weights or thresholds that are no numbers"
    labels, extents = network.map_labels, network.extents
    if labels and (len(labels) != maps or not {*labels} <= {UNNAMED, *config.data.classes}):
        return f"its map_labels are {', '.join(map(str, labels))}, not {maps} of {', '.join(config.data.classes)}"
    if len(network.event_range) != 2 or not all(isinstance(count, int) for count in network.event_range):
        return f"its event_range is {network.event_range}, not two numbers of events"
    if extents is not None and (extents.shape != (maps, 4) or not np.isfinite(extents).all()):
        return f"its extents are not {maps} boxes"
    return _presence_fault(network)


def _presence_fault(network: TrainedNetwork) -> str:
    presence, classes = network.presence, len(network.config.data.classes)
    if presence is None:
        return ""
    kernel = network.kernels["conv3"].shape
    shapes = {"weights": kernel, "offsets": kernel[:1], "ranks": (classes, RANKS)}
    for part, wanted in shapes.items():
        array = getattr(presence, part)
        if array.shape != wanted or not np.isfinite(array).all():
            return f"its presence_{part} are not {wanted} numbers"
    return "" if (np.diff(presence.ranks) >= 0).all() else "its presence_ranks do not ascend"


LEARNED_LAYERS = ("conv2", "conv3")
