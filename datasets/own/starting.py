"""A configuration to start from, out of a survey of your own data: the recipes' text with what the data ask for.

The rules go by docs/choosing.md, which says where each was measured; docs/own-pictures.md and docs/own-recordings.md
say what they reached.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from spikeseg.errors import SpikeSegError

from ...configs.reading import text
from ...configs.writing import rewritten
from .survey import PictureSurvey, RecordingSurvey, Survey

Settings = dict[str, tuple[Any, str]]

AREA = 22_500  # neurons of the input layer: orange-panda's, which learns in a minute or two
LARGEST_AREA = 45_000  # of recordings, and of pictures with small objects: about dog-caltech's
OBJECT_SIDE = 48  # neurons that the longer side of an object is to have at least, where there are boxes
SMALL = 60  # rows or columns: below this there is no room for orange-panda's poolings, n-mnist's are taken
MANY_CLASSES = 3  # from here on boxes of pictures go by silhouettes, and recordings are learned as in ornaments-sim
ELONGATED = 2.0  # longer side / shorter side: 1.7 for motorbikes, whose masks were good enough; 3.1 for airplanes
WITHOUT_BOXES = 0.8  # of the shorter side of Pool2, that Conv3's kernel covers: about that of both recipes
FEWEST_EVENTS = 1000  # that a buffer is to have
BUFFER_MS, LONGEST_BUFFER_MS = 30, 100
FEW = 20  # per class: with fewer, a test says little
VALIDATED = 100  # per class: from here on some are left to validate on


class _Recipe(NamedTuple):
    """What `init` takes from a recipe, or puts in proportion to it.

    Attributes
    ----------
    maps
        Maps of Conv3 per class.
    presentations
        Presentations per map of Conv3, at most.
    features
        Maps of Conv2.
    start
        Inputs of a Conv3 neuron per unit of its first threshold.
    why
        Why so many maps.
    """

    maps: int
    presentations: int
    features: int
    start: int
    why: str


_RECIPES = {
    "orange-panda": _Recipe(4, 500, 20, 4, "poses and sizes may vary; ours"),
    "orange-panda-sim": _Recipe(8, 500, 36, 4, "poses and sizes may vary; ours"),
    "ornaments-sim": _Recipe(8, 100, 36, 13, "results: 97 % of ten ornaments, one network"),
    "n-mnist": _Recipe(10, 50, 24, 32, "results: 99 % of two digits, 80 % of ten"),
}


def starting_configuration(survey: Survey, name: str) -> str:
    """The text of a configuration file, every number with its meaning.

    Raises
    ------
    SpikeSegError
        A class has too few pictures or recordings.
    """
    if isinstance(survey, RecordingSurvey):
        settings = _recordings(survey)
    else:
        assert isinstance(survey, PictureSurvey)
        settings = _pictures(survey) | _decoder(survey)
    settings |= _data(survey) | {"name": (name, "in results and titles of figures")}
    settings["seed"] = (0, "of initial weights and of the order of presentation: train with several")
    size = settings["input.rows"][0], settings["input.columns"][0]
    base = _recipe(survey, size)
    settings |= _network(survey, size, base)
    return rewritten(text(base), list(_heading(survey, base)), settings)


def _recipe(survey: Survey, size: tuple[int, int]) -> str:
    """The recipe for an input of `size` (docs/choosing.md, "Begin with the nearest recipe")."""
    if isinstance(survey, PictureSurvey):
        return "orange-panda"
    if min(size) < SMALL:
        return "n-mnist"
    return "ornaments-sim" if len(survey.counts) >= MANY_CLASSES else "orange-panda-sim"


def _heading(survey: Survey, base: str) -> Iterator[str]:
    what = "pictures" if isinstance(survey, PictureSurvey) else "recordings"
    counts = ", ".join(f"{count} of {label}" for label, count in survey.counts.items())
    yield from (f"{counts}: {what} of your own, with the recipe of {base}.", "Written by `spikeseg init`.", "")
    yield from ("Each comment says what a number means, its unit where it has one, and where it comes from:",)
    yield from ("- your data: follows from what `spikeseg init` saw;",)
    yield from ("- paper: Kirkland et al. 2020, SpikeSEG, with the section; Kheradpisheh: Kheradpisheh et al. 2018;",)
    yield from ("- results: measured, docs/results.md; model: argued in docs/model.md; ours: our choice.", "")
    yield "What to try next, one at a time and with several seeds (docs/choosing.md), if the result is not good enough:"
    yield "- look at figures/features-conv3.png of the run: a map that shows no object will not find one;"
    yield "- conv3.maps: down to one per class if a class looks the same everywhere; more if poses and sizes vary;"
    yield "- conv3.kernel and padding: about as large as the objects;"
    if isinstance(survey, PictureSurvey):
        yield "- input.dog.events: fewer where the background is busy, more where objects have little contrast;"
    else:
        yield "- input.buffer.duration_ms: longer where a buffer shows too little of the object;"
    if len(survey.objects):
        yield "- decoder.extent_headroom: pixels, for what sticks out at the top (results: 0.03 more, or less);"
    yield "- more pictures or recordings of each class."


def _data(survey: Survey) -> Settings:
    """Which classes, and how many of each are for what."""
    least = min(survey.counts, key=lambda label: survey.counts[label])
    count = survey.counts[least]
    if count < 3:
        raise SpikeSegError(f"class {least} has only {count}: give 3 or more, better {FEW} or more, of each class")
    validation = count // 6 if count >= VALIDATED else 0
    held_out = "a sixth, to choose settings on: --split validation" if validation else "few are there: none, all test"
    return {
        "data.dataset": ("folder" if isinstance(survey, PictureSurvey) else "recordings", "DATA/CLASS/FILE"),
        "data.classes": (list(survey.counts), "folders in DATA"),
        "data.train": (2 * count // 3, f"per class: two thirds of those of {least}; your data"),
        "data.validation": (validation, f"per class; {held_out}"),
        "data.test": (None, ""),
    }


def _pictures(survey: PictureSurvey) -> Settings:
    (height, width), (rows, columns) = _typical(survey), picture_size(survey)
    share = min(max(survey.edges, 0.06), 0.15)
    return {
        "input.rows": (rows, f"pixels: pictures, mostly of {width} x {height}, are resized; your data"),
        "input.columns": (columns, "pixels; see rows"),
        "input.dog.events": (
            max(round(share * rows * columns / 10) * 10, 50),
            f"input spikes per picture, {share:.0%} of the pixels: as many as belong to edges; your data",
        ),
    }


def _typical(survey: Survey) -> tuple[int, int]:
    height, width = np.median(survey.sizes, axis=0).round().astype(int).tolist()
    return height, width


def picture_size(survey: Survey) -> tuple[int, int]:
    """Rows and columns of an input layer for pictures: never larger than they are, and as large as objects need."""
    height, width = _typical(survey)
    scale = math.sqrt(AREA / (height * width))
    if len(survey.objects):
        longer = np.median((survey.objects * (height, width)).max(axis=1))
        scale = min(max(scale, OBJECT_SIDE / longer), math.sqrt(LARGEST_AREA / (height * width)))
    scale = min(scale, 1.0)
    rows, columns = (max(4 * round(side * scale / 4), 20) for side in (height, width))
    return rows, columns


def _recordings(survey: RecordingSurvey) -> Settings:
    height, width = survey.sizes.max(axis=0).tolist()
    factor = max(math.ceil(math.sqrt(height * width / LARGEST_AREA)), 1)
    duration = buffer_ms(survey)
    buffers = float(np.median(survey.durations)) * 1000 / duration
    settings: Settings = {
        "input.rows": (
            math.ceil(height / factor),
            f"neurons: the sensor's {height} rows, {factor} to a neuron; your data",
        ),
        "input.columns": (
            math.ceil(width / factor),
            f"neurons: the sensor's {width} columns, {factor} to a neuron; your data",
        ),
        "input.buffer.duration_ms": (duration, "ms; paper, IV.C: 30; longer where events are few; your data"),
        "input.buffer.fit": ("bin", "the whole sensor is scaled to the input layer"),
    }
    fullest = 4 if buffers > 4 else None
    settings["input.buffer.train"] = (fullest, "buffers of a recording to learn from, those with the most events; ours")
    if survey.sensor is not None:
        comment = "rows and columns of the sensor, made out from the events: correct them if they are wrong"
        settings["data.sensor"] = (list(survey.sensor), comment)
    if survey.unit is not None:
        settings["data.unit"] = (survey.unit, "of times, in files that do not name it; as you said")
    return settings


def buffer_ms(survey: RecordingSurvey) -> int:
    """Length of a buffer: 30 ms, or as much as most recordings need for enough events, at most all of them.

    Longer ones divide a recording evenly, so that no short one is left at its end.
    """
    duration = 1000 * float(np.median(survey.durations))
    needed = 1000 * FEWEST_EVENTS / float(np.median(survey.rates))
    length = min(max(BUFFER_MS, 10 * math.ceil(needed / 10)), LONGEST_BUFFER_MS)
    if BUFFER_MS < length < duration:
        evenly = duration / (duration // length)
        length = min(10 * int(evenly / 10), LONGEST_BUFFER_MS)
    return max(min(length, int(duration)), 1)


def _decoder(survey: PictureSurvey) -> Settings:
    """Boxes by silhouettes, where objects are elongated or classes many."""
    sides = survey.objects * _typical(survey)
    longer = sides.max(axis=1) / sides.min(axis=1) if len(sides) else np.ones(1)
    elongated = np.percentile(longer, 75) >= ELONGATED
    if not elongated and len(survey.counts) < MANY_CLASSES:
        return {}
    why = "a quarter of the boxes is elongated" if elongated else f"{len(survey.counts)} classes"
    return {
        "decoder.box": (
            "silhouette+events",
            f"{why}; results: mIoU 0.72, and 0.64 with mask, on three classes; your data",
        ),
        "decoder.extent_threshold": (0.35, "fraction of the silhouettes that cover a pixel; as in dog-caltech-three"),
    }


def _network(survey: Survey, size: tuple[int, int], base: str) -> Settings:
    """Poolings, kernels, maps and thresholds for an input of `size`."""
    pictures, small = isinstance(survey, PictureSurvey), min(size) < SMALL
    window, stride = (2, 2) if small else (7, 4) if pictures else (5, 3)
    cells = [_pooled(_pooled(side, 2, 2), window, stride) for side in size]
    kernel, why = conv3_kernel(survey, size, cells, 2 * stride)
    padding, where = [side // 2 for side in kernel], "half the kernel, so Conv3 keeps Pool2's size"
    if small and isinstance(survey, RecordingSurvey) and (survey.spread * size <= stride).all():  # half a neuron
        kernel, why = cells, "all of them, as objects are centred already; your data"
        padding, where = [0, 0], "none, so Conv3 has one place"
    settings: Settings = {
        "conv3.kernel": (kernel, f"neurons of Pool2, of {cells[0]} x {cells[1]}: {why}"),
        "conv3.padding": (padding, f"neurons: {where}"),
        "conv3.learning.threshold_start": (
            float(max(round(_RECIPES[base].features * math.prod(kernel) / _RECIPES[base].start, -1), 10)),
            f"above all potentials, one for {_RECIPES[base].start} inputs, as in {base}; it falls to them (model)",
        ),
    }
    if small and pictures:
        settings |= {
            "pool2.window": (window, "neurons of Conv2: the input is small; as in n-mnist"),
            "pool2.stride": (stride, "neurons of Conv2: windows do not overlap; as in n-mnist"),
            "conv2.threshold": (3.0, "potential at which a neuron fires while encoding; as in n-mnist"),
        }
    elif small:
        settings |= {
            "decoder.inhibition": (0.25, "subtracted from weak weights; as in orange-panda-sim"),
            "decoder.extent_threshold": (0.2, "fraction of the average mask's maximum; as in orange-panda-sim"),
            "decoder.extent_smoothing": (4.0, "pixels, of the average mask; as in orange-panda-sim"),
        }
    return settings | _maps(len(survey.counts), base)


def _maps(classes: int, base: str) -> Settings:
    """Maps of Conv3, and how long they learn, in proportion to the classes."""
    recipe = _RECIPES[base]
    maps = recipe.maps * classes
    stimuli = recipe.presentations * maps
    return {
        "conv3.maps": (maps, f"{recipe.maps} per class: {recipe.why}"),
        "conv3.learning.stimuli": (stimuli, f"presentations at most: {recipe.presentations} per map, as in {base}"),
        "conv3.learning.doubling": (stimuli // 5, "stimuli until a+ doubles: a fifth of all; ours"),
    }


def conv3_kernel(survey: Survey, size: tuple[int, int], cells: list[int], cell: int) -> tuple[list[int], str]:
    """Rows and columns of Conv3's kernel, odd, and why; a neuron of Pool2 is `cell` neurons of the input wide."""
    if len(survey.objects):
        sides = np.percentile(survey.objects, 90, axis=0) * size / cell + 1
        why = "room for the larger objects; your data"
    else:
        sides = np.full(2, WITHOUT_BOXES * min(cells))
        why = "there are no boxes, so for objects that fill most of it; ours"
    return [_odd(min(side, most)) for side, most in zip(sides.tolist(), cells, strict=True)], why


def _odd(side: float) -> int:
    """The nearest odd number that is not below, and 3 at least."""
    return max(2 * math.ceil((side - 1) / 2) + 1, 3)


def _pooled(side: int, window: int, stride: int) -> int:
    return -(-(side - window) // stride) + 1
