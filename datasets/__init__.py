"""Where stimuli come from: pictures with their objects, and their conversion to spike times."""

from __future__ import annotations

from pathlib import Path

from spikeseg.errors import SpikeSegError

from ..configs.schema import Config
from .caltech101 import Caltech101
from .orange_panda import OrangePanda
from .recordings import Recordings, Take
from .sample import Box, Dataset, Sample, Target

__all__ = ["Box", "Caltech101", "Dataset", "OrangePanda", "Recordings", "Sample", "Take", "Target", "open_dataset"]


def open_dataset(config: Config, data: Path | None) -> Dataset:
    """The configuration's dataset; `data` is the directory of one that is not rendered.

    Raises
    ------
    SpikeSegError
        The dataset needs a directory and none is given, or it is not the dataset's.
    """
    if config.data.dataset == "orange-panda":
        parts = config.data.train, config.data.validation, config.data.test or 0
        count = sum(parts) * len(config.data.classes)
        return OrangePanda(count, config.data.split_seed, config.input.size, classes=config.data.classes)
    if data is None:
        raise SpikeSegError(
            f"{config.data.dataset} needs a directory: give --data DIR, or run `spikeseg data fetch caltech-101`"
        )
    return Caltech101(data, config.data.classes)
