"""Open the dataset that a configuration asks for."""

from __future__ import annotations

from pathlib import Path

from spikeseg.errors import SpikeSegError

from ..configs.schema import Config
from .caltech101 import Caltech101
from .camera.n_caltech_sim import NCaltechSim
from .camera.orange_panda_sim import OrangePandaSim
from .events.formats import Invalid
from .n_caltech101 import NCaltech101
from .n_mnist import NMnist
from .recordings import Recordings
from .rendered.orange_panda import OrangePanda
from .sample import Dataset


def open_dataset(config: Config, data: Path | None, invalid: Invalid = "error") -> Dataset | Recordings:
    """The configuration's dataset.

    Parameters
    ----------
    data
        The directory of one that is not rendered.
    invalid
        What becomes of events off the sensor or out of order, see `open_events`.

    Raises
    ------
    SpikeSegError
        The dataset needs a directory and none is given, or it is not the dataset's; or it has no files of events, and
        `invalid` is more than its default.
    """
    wanted = config.data
    if invalid != "error" and wanted.dataset not in ("n-caltech-101", "n-mnist"):
        raise SpikeSegError(f"--invalid {invalid} is for recordings of event cameras: {wanted.dataset} has none")
    if wanted.rendered:
        count = (wanted.train + wanted.validation + (wanted.test or 0)) * len(wanted.classes)
        if wanted.dataset == "orange-panda-sim":
            return OrangePandaSim(count, wanted.split_seed, classes=wanted.classes)
        return OrangePanda(count, wanted.split_seed, config.input.size, classes=wanted.classes)
    if data is None:
        raise SpikeSegError(f"{wanted.dataset} needs a directory: give --data DIR{_FETCH.get(wanted.dataset, '')}")
    match wanted.dataset:
        case "n-caltech-101":
            return NCaltech101(data, wanted.classes, invalid)
        case "n-mnist":
            return NMnist(data, wanted.classes, invalid)
        case "n-caltech-sim":
            return NCaltechSim(Caltech101(data, wanted.classes), wanted.split_seed)
        case _:
            return Caltech101(data, wanted.classes)


_FETCH: dict[str, str] = dict.fromkeys(("caltech-101", "n-caltech-sim"), ", or run `spikeseg data fetch caltech-101`")
