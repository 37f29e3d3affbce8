"""The run directory: the files that a training writes."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Annotated

from pydantic import Field, TypeAdapter

from spikeseg.boxes import Box
from spikeseg.checking import checked
from spikeseg.errors import SpikeSegError
from spikeseg.files import read_json, replacing, write_json
from spikeseg.provenance import provenance
from spikeseg.version import __version__

from ...configs.changes import differences
from ...configs.schema import Config
from ...models.network import TrainedNetwork

_Share = Annotated[float, Field(strict=True, ge=0, le=1)]
_BOXES = TypeAdapter(dict[str, list[tuple[_Share, _Share, _Share, _Share]]])

NAMED = 4  # differing keys that an error names
PRETRAINED = Path(str(files("spikeseg") / "pretrained"))


@dataclass(frozen=True)
class Run:
    """The files of one run.

    ``run.json`` (configuration and provenance), ``split.json`` (names of the pictures in each part), ``boxes.json``
    (boxes of the training pictures, for a baseline), ``checkpoints/``, ``figures/``, and ``network.npz``, which is
    written last: a run with this file is complete.

    Attributes
    ----------
    path
        The run directory.
    """

    path: Path

    @property
    def split_file(self) -> Path:
        """Names of the pictures for training, validation and test."""
        return self.path / "split.json"

    @property
    def network_file(self) -> Path:
        """The trained network."""
        return self.path / "network.npz"

    @property
    def record(self) -> Path:
        """Configuration and provenance."""
        return self.path / "run.json"

    @property
    def rule_file(self) -> Path:
        """The learning rule, where it is the user's own: to be read, and to train elsewhere."""
        return self.path / "rule.toml"

    @property
    def neuron_file(self) -> Path:
        """The neuron model, where it is the user's own."""
        return self.path / "neuron.toml"

    @property
    def figures(self) -> Path:
        """Directory of figures."""
        return self.path / "figures"

    @property
    def results(self) -> Path:
        """Default directory of results: the run directory; for a bundled network, ``NAME-results``."""
        return Path(f"{self.path.name}-results") if self.path.parent == PRETRAINED else self.path

    @property
    def lock(self) -> Path:
        """The lock file, held by the process that trains."""
        return self.path / ".lock"

    def checkpoint(self, layer: str) -> Path:
        """The state of a layer's training after the last completed chunk."""
        return self.path / "checkpoints" / f"{layer}.npz"

    def check(self, config: Config) -> None:
        """Make sure that the directory is empty, or holds the same experiment begun by the same version of spikeseg.

        Raises
        ------
        SpikeSegError
            The directory holds something else.
        """
        if not self.record.exists():
            if self.path.exists() and (not self.path.is_dir() or any(map(_visible, self.path.iterdir()))):
                raise SpikeSegError(f"{self.path} holds something that is not a run: choose another directory")
            return
        begun = read_json(self.record)
        if begun.get("version") != __version__:
            raise SpikeSegError(
                f"{self.path} was begun by spikeseg {str(begun.get('version'))[:40]}, but this is {__version__}: "
                "choose another directory, or install that version"
            )
        if begun.get("digest") != config.digest():
            there = begun.get("config")
            differ = differences(there, config.model_dump(mode="json")) if isinstance(there, dict) else []
            differ = differ or ["its digest"]
            more = f" and {len(differ) - NAMED} more" if len(differ) > NAMED else ""
            raise SpikeSegError(
                f"{self.path} holds another experiment, which differs in {', '.join(differ[:NAMED])}{more}: "
                "choose another directory"
            )

    def start(self, config: Config, data: Path | None, device: str) -> None:
        """Create the directory and its ``run.json``, unless the run has begun already.

        Raises
        ------
        SpikeSegError
            The file system refused.
        """
        if not self.record.exists():
            for file, text in ((self.rule_file, config.plasticity.text), (self.neuron_file, config.neurons.text)):
                if text is not None:
                    with replacing(file) as temporary:
                        temporary.write_text(text, encoding="utf-8")
            content = {"config": config.model_dump(mode="json"), "digest": config.digest()}
            write_json(self.record, content | provenance(data, device))

    def training_boxes(self) -> dict[str, list[Box]]:
        """Boxes of the training pictures per class, in fractions of the picture; empty if there is no ``boxes.json``.

        Raises
        ------
        SpikeSegError
            The file is damaged.
        """
        file = self.path / "boxes.json"
        if not file.exists():
            return {}
        try:
            boxes = checked(_BOXES, read_json(file), str(file))
        except SpikeSegError as error:
            raise SpikeSegError(f"{error}; remove it to go without the constant-box baseline") from error
        return {label: [Box(*box) for box in own] for label, own in boxes.items()}


def _visible(path: Path) -> bool:
    """Whether a file is not hidden. The lock is hidden, and so are unfinished files of a killed process."""
    return not path.name.startswith(".")


def load_network(run: str | Path) -> tuple[TrainedNetwork, Run]:
    """Load a trained network.

    Parameters
    ----------
    run
        A run directory, or the name of a bundled network.

    Returns
    -------
    The network and its run directory.

    Raises
    ------
    SpikeSegError
        There is no such run, its training is not complete, or its network cannot be read.
    """
    bundled = {path.name: path for path in sorted(PRETRAINED.glob("*")) if path.is_dir()}
    path = Path(run)
    if not path.exists() and str(run) in bundled:
        path = bundled[str(run)]
    if not path.is_dir():
        raise SpikeSegError(f"no run {run}: neither a directory nor a bundled network ({', '.join(bundled) or 'none'})")
    directory = Run(path)
    if not directory.network_file.exists():
        if directory.record.exists():
            raise SpikeSegError(f"the training in {path} is not complete: run the same `spikeseg train` again")
        raise SpikeSegError(f"{path} is not a run: it has no network.npz")
    network = TrainedNetwork.load(directory.network_file)
    if not any(network.map_labels):
        raise SpikeSegError(f"{directory.network_file} is damaged: none of its maps stands for a class")
    return network, directory
