"""The run directory: what a training leaves behind, and where."""

from __future__ import annotations

import platform
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import spikeseg
from spikeseg.errors import SpikeSegError
from spikeseg.files import read_json, write_json
from spikeseg.version import __version__

from ..configs.schema import Config, validate
from ..datasets.sample import Box
from ..models.network import Network

PRETRAINED = Path(spikeseg.__file__).parent / "pretrained"


@dataclass(frozen=True)
class Run:
    """Files of one run.

    ``run.json`` (configuration and provenance), ``split.json`` (names of the pictures), ``boxes.json`` (training
    boxes, for a baseline), ``checkpoints/``, ``network.npz`` (last: the run is complete), ``figures/``.
    """

    path: Path

    @property
    def network_file(self) -> Path:
        """The trained network."""
        return self.path / "network.npz"

    @property
    def figures(self) -> Path:
        """Directory of pictures."""
        return self.path / "figures"

    def checkpoint(self, layer: str) -> Path:
        """State of a layer's training after its last chunk."""
        return self.path / "checkpoints" / f"{layer}.npz"

    def start(self, config: Config, data: Path | None, device: str) -> None:
        """Create the directory, or make sure that it holds the same experiment, begun by the same version.

        Raises
        ------
        SpikeSegError
            It holds something else, or cannot be written.
        """
        file = self.path / "run.json"
        if not file.exists():
            if self.path.exists() and (not self.path.is_dir() or any(self.path.iterdir())):
                raise SpikeSegError(f"{self.path} holds something that is not a run: choose another directory")
            content = {"config": config.model_dump(mode="json"), "digest": config.digest()}
            write_json(file, content | provenance(data, device))
            return
        begun = read_json(file)
        if begun.get("version") != __version__:
            raise SpikeSegError(
                f"{self.path} was begun by spikeseg {begun.get('version')}, this is {__version__}: "
                "choose another directory, or install that version"
            )
        if begun.get("digest") != config.digest():
            raise SpikeSegError(f"{self.path} holds another experiment: choose another directory")

    def config(self) -> Config:
        """The run's configuration. Raises SpikeSegError where there is no run."""
        file = self.path / "run.json"
        if not file.exists():
            raise SpikeSegError(f"{self.path} is not a run: no run.json there")
        return validate(read_json(file).get("config", {}), str(file))

    def data(self) -> Path | None:
        """Directory of the data that the run was trained on."""
        path = read_json(self.path / "run.json").get("data")
        return Path(path) if path else None

    def training_boxes(self) -> dict[str, list[Box]]:
        """Boxes of the training pictures per class, in fractions of the picture; empty where unknown."""
        file = self.path / "boxes.json"
        if not file.exists():
            return {}
        return {label: [Box(*box) for box in boxes] for label, boxes in read_json(file).items()}


def provenance(data: Path | None, device: str) -> dict[str, Any]:
    """What produced a result, for people who want to produce it again."""
    packages = ("brian2", "numpy", "scipy")
    return {
        "version": __version__,
        "data": str(Path(data).resolve()) if data else None,
        "device": device,
        "command": " ".join(Path(sys.argv[0]).name if i == 0 else a for i, a in enumerate(sys.argv)),
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
        "python": platform.python_version(),
        "packages": {name: version(name) for name in packages},
    }


def load_network(run: str | Path) -> tuple[Network, Run]:
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
        raise SpikeSegError(f"no run {run}: neither a directory nor one of {', '.join(shipped)}")
    directory = Run(path)
    if not directory.network_file.exists() and (path / "run.json").exists():
        raise SpikeSegError(f"the training in {path} is not complete: run the same `spikeseg train` again")
    return Network.load(directory.network_file), directory
