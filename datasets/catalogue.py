"""Open the dataset that a configuration asks for."""

from __future__ import annotations

from pathlib import Path

from spikeseg.errors import SpikeSegError

from ..configs.inputs import OBJECT
from ..configs.schema import Config
from .caltech101 import Caltech101
from .camera.n_caltech_sim import NCaltechSim
from .camera.orange_panda_sim import OrangePandaSim
from .events.formats import Invalid
from .n_caltech101 import NCaltech101
from .n_mnist import NMnist
from .own.objects import check_object
from .own.pictures import OwnPictures
from .own.recordings import OwnRecordings
from .recordings import Recordings
from .rendered.orange_panda import OrangePanda
from .sample import Dataset

Source = Path | str | Dataset | Recordings | None
"""A dataset's directory, the dataset itself, or None where it is rendered."""


def open_dataset(config: Config, data: Source, invalid: Invalid = "error") -> Dataset | Recordings:
    """The configuration's dataset.

    Parameters
    ----------
    config
        Says which.
    data
        Its directory; None for one that is rendered. Where ``data.dataset`` is ``object``, the dataset itself, which
        has `names` (no two alike), `labels`, a length, and by index a `Sample` (of pictures, for ``[input.dog]``) or a
        `Take` (of recordings, for ``[input.buffer]``).
    invalid
        What becomes of events off the sensor or out of order, see `open_events`.

    Raises
    ------
    SpikeSegError
        The dataset needs a directory and none is given, or the other way round; or it is not the dataset's; or it has
        no files of events, and `invalid` is more than its default.
    """
    wanted, directory = config.data, directory_of(data)
    if invalid != "error" and wanted.dataset not in _EVENT_FILES:
        raise SpikeSegError(f"--invalid {invalid} is for recordings of event cameras: {wanted.dataset} has none")
    if data is not None and directory is None:
        check_object(data, config)  # pyright: ignore[reportArgumentType]
        return data  # pyright: ignore[reportReturnType]
    if wanted.rendered:
        if directory is not None:
            raise SpikeSegError(f"{wanted.dataset} is rendered and reads no files: leave out --data {directory}")
        return _rendered(config)
    if wanted.dataset == OBJECT:
        raise SpikeSegError("data.dataset is object: a Python program gives it to spikeseg.train and spikeseg.select")
    if directory is None:
        raise SpikeSegError(f"{wanted.dataset} needs a directory: give --data DIR{_FETCH.get(wanted.dataset, '')}")
    match wanted.dataset:
        case "folder":
            return OwnPictures(directory, wanted.classes)
        case "recordings":
            return OwnRecordings(directory, wanted.classes, wanted.sensor, invalid, wanted.unit)
        case "n-caltech-101":
            return NCaltech101(directory, wanted.classes, invalid)
        case "n-mnist":
            return NMnist(directory, wanted.classes, invalid)
        case "n-caltech-sim":
            return NCaltechSim(Caltech101(directory, wanted.classes), wanted.split_seed)
        case _:
            return Caltech101(directory, wanted.classes)


def directory_of(data: Source) -> Path | None:
    """The directory that a dataset is read from; None for an object, and where there is none."""
    return Path(data) if isinstance(data, str | Path) else None


def _rendered(config: Config) -> Dataset | Recordings:
    wanted = config.data
    count = (wanted.train + wanted.validation + (wanted.test or 0)) * len(wanted.classes)
    if wanted.dataset == "orange-panda-sim":
        return OrangePandaSim(count, wanted.split_seed, classes=wanted.classes)
    return OrangePanda(count, wanted.split_seed, config.input.size, classes=wanted.classes)


_EVENT_FILES = ("n-caltech-101", "n-mnist", "recordings")
_FETCH: dict[str, str] = dict.fromkeys(("caltech-101", "n-caltech-sim"), ", or run `spikeseg data fetch caltech-101`")
