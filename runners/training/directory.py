"""The run directory: what a training leaves behind, and where."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from spikeseg.boxes import Box
from spikeseg.errors import SpikeSegError
from spikeseg.files import read_json, write_json
from spikeseg.provenance import provenance
from spikeseg.version import __version__

from ...configs.schema import Config
from ...models.network import TrainedNetwork

PRETRAINED = Path(str(files("spikeseg") / "pretrained"))


@dataclass(frozen=True)
class Run:
    """Files of one run.

    ``run.json`` (configuration and provenance), ``split.json`` (names of the pictures), ``boxes.json`` (training
    boxes, for a baseline), ``checkpoints/``, ``network.npz`` (last: the run is complete), ``figures/``.
    """

    path: Path

    @property
    def split_file(self) -> Path:
        """Names of the pictures to train, to validate and to test."""
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
    def figures(self) -> Path:
        """Directory of pictures."""
        return self.path / "figures"

    @property
    def results(self) -> Path:
        """Where results go by default: here; for a network that comes along, to NAME-results."""
        return Path(f"{self.path.name}-results") if self.path.parent == PRETRAINED else self.path

    @property
    def lock(self) -> Path:
        """Held by the process that trains."""
        return self.path / ".lock"

    def checkpoint(self, layer: str) -> Path:
        """State of a layer's training after its last chunk."""
        return self.path / "checkpoints" / f"{layer}.npz"

    def check(self, config: Config) -> None:
        """Make sure that the directory holds nothing, or the same experiment, begun by the same version.

        Raises
        ------
        SpikeSegError
            It holds something else.
        """
        if not self.record.exists():
            if self.path.exists() and (not self.path.is_dir() or any(map(_shown, self.path.iterdir()))):
                raise SpikeSegError(f"{self.path} holds something that is not a run: choose another directory")
            return
        begun = read_json(self.record)
        if begun.get("version") != __version__:
            raise SpikeSegError(
                f"{self.path} was begun by spikeseg {begun.get('version')}, this is {__version__}: "
                "choose another directory, or install that version"
            )
        if begun.get("digest") != config.digest():
            raise SpikeSegError(f"{self.path} holds another experiment: choose another directory")

    def start(self, config: Config, data: Path | None, device: str) -> None:
        """Create the directory, unless its run has begun already.

        Raises
        ------
        SpikeSegError
            The file system refused.
        """
        if not self.record.exists():
            content = {"config": config.model_dump(mode="json"), "digest": config.digest()}
            write_json(self.record, content | provenance(data, device))

    def training_boxes(self) -> dict[str, list[Box]]:
        """Boxes of the training pictures per class, in fractions of the picture; empty where unknown."""
        file = self.path / "boxes.json"
        if not file.exists():
            return {}
        try:
            return {label: [Box(*box) for box in boxes] for label, boxes in read_json(file).items()}
        except TypeError as error:
            raise SpikeSegError(f"{file} holds no boxes: remove it to go without that baseline") from error


def _shown(path: Path) -> bool:
    """Not hidden, as the lock is, and what a killed process was about to write."""
    return not path.name.startswith(".")


def load_network(run: str | Path) -> tuple[TrainedNetwork, Run]:
    """A run's trained network, or one that comes with the package by its name.

    Raises
    ------
    SpikeSegError
        No such run, its training is not complete, or its network cannot be read.
    """
    shipped = {path.name: path for path in sorted(PRETRAINED.glob("*")) if path.is_dir()}
    path = Path(run)
    if not path.exists() and str(run) in shipped:
        path = shipped[str(run)]
    if not path.is_dir():
        raise SpikeSegError(
            f"no run {run}: neither a directory nor one of {', '.join(shipped) or 'those that come along'}"
        )
    directory = Run(path)
    if not directory.network_file.exists():
        if directory.record.exists():
            raise SpikeSegError(f"the training in {path} is not complete: run the same `spikeseg train` again")
        raise SpikeSegError(f"{path} is not a run: no network.npz there")
    return TrainedNetwork.load(directory.network_file), directory
