"""Pictures and recordings without any object of a network: it should say that nothing is there."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np

from spikeseg.errors import SpikeSegError

from ..configs.schema import Config
from .camera.n_caltech_sim import NCaltechSim
from .canvas import clutter_picture
from .events.events import Recording, pack
from .own.pictures import OwnPictures
from .own.recordings import OwnRecordings
from .pictures import SUFFIXES
from .recordings import Recordings, Take
from .rendered.backdrop import Backdrop, paint
from .sample import Dataset, Sample

SETS = ("clutter", "desks", "noise")
COUNT = 100  # items of each of them
SEED = 6_000_000  # far from the seeds that people train with

_GREY = (60.0, 200.0)  # grey levels, between which canvases of clutter vary
_RATE_HZ = (0.5, 20.0)  # events of noise per pixel and second, between which recordings vary
_DURATION_US = 300_000  # of a recording of noise: as long as the three saccades of a simulated one


def open_absent(name: str, config: Config) -> Dataset | Recordings:
    """Open a set of pictures, or of recordings for a network that learned from these.

    Parameters
    ----------
    name
        ``clutter``, random lines, ellipses and polygons; ``desks``, those of the rendered ornaments without an
        ornament; ``noise``, pixels or events at random; or a directory of pictures or recordings. A network that
        learned from recordings is shown pictures under saccades, as in n-caltech-sim.
    config
        What the network learned.

    Raises
    ------
    SpikeSegError
        There is no such set, or nothing in the directory that the network can be shown.
    """
    size, of_events = config.input.size, config.input.dog is None
    if name == "noise" and of_events:
        return _Noise(size)
    rendered: dict[str, Callable[[np.random.Generator], np.ndarray]] = {
        "clutter": lambda rng: clutter_picture(size, rng.uniform(*_GREY), rng),
        "desks": lambda rng: 255 * paint(Backdrop(int(rng.integers(2**31))), size),
        "noise": lambda rng: rng.uniform(0, 255, size),
    }
    path = Path(name)
    if name in rendered:
        pictures: Dataset = _Rendered(name, rendered[name])
    elif not path.is_dir():
        raise SpikeSegError(f"{name} is no directory of pictures or recordings: give one, or {', '.join(SETS)}")
    elif of_events and not any(one.suffix.lower() in SUFFIXES for one in path.iterdir()):
        return OwnRecordings(path.parent, [path.name], config.data.sensor)
    else:
        pictures = OwnPictures(path.parent, [path.name])
    return NCaltechSim(pictures, SEED) if of_events else pictures


class _Rendered(Dataset):
    """Pictures that a function draws, each from a seed of its own."""

    def __init__(self, name: str, draw: Callable[[np.random.Generator], np.ndarray]) -> None:
        self.names, self.labels = [f"{name}/{index:05d}" for index in range(COUNT)], [name] * COUNT
        self._draw = draw

    def __getitem__(self, index: int) -> Sample:
        name = self.names[index]
        picture = self._draw(np.random.default_rng([SEED, zlib.crc32(name.encode())]))
        return Sample(name, np.rint(picture).clip(0, 255).astype(np.uint8), ())


class _Noise(Recordings):
    """Recordings of events at random pixels and times, at a different rate each."""

    def __init__(self, size: tuple[int, int]) -> None:
        self.names, self.labels = [f"noise/{index:05d}" for index in range(COUNT)], ["noise"] * COUNT
        self._size = size

    def __getitem__(self, index: int) -> Take:
        rng, (rows, columns) = np.random.default_rng([SEED, index]), self._size
        count = rng.poisson(rng.uniform(*_RATE_HZ) * rows * columns * _DURATION_US * 1e-6)
        times = np.sort(rng.integers(0, _DURATION_US, count))
        x, y, polarity = rng.integers(columns, size=count), rng.integers(rows, size=count), rng.integers(2, size=count)
        name = self.names[index]
        return Take(Recording(name, self._size, pack(x, y, times, polarity, name)), lambda t: ())
