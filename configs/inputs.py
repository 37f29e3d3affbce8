"""The part of a configuration that is about stimuli: where they come from, and how they become input spikes."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from spikeseg.spikes import MOST_STEPS, Shape

from .limits import (
    LARGEST_FILTER,
    MOST_CLASSES,
    MOST_ITEMS,
    ODD,
    ClassName,
    Count,
    Fraction,
    Items,
    Positive,
    Reach,
    Real,
    Section,
    Seed,
    Share,
    Side,
    Size,
    Steps,
    Whole,
    Width,
    in_unit,
    odd,
)

RENDERED = (
    *("orange", "panda", "cactus", "duck", "rocket"),
    *("snowman", "star", "sunflower", "toadstool", "tree"),
)
"""Classes of the rendered datasets."""
PICTURES = ("caltech-101", "orange-panda", "folder")
RECORDINGS = ("n-caltech-101", "n-caltech-sim", "n-mnist", "orange-panda-sim", "recordings")
OBJECT = "object"  # pictures or recordings that a program has in memory, or reads by itself
Fit = Literal["crop", "pad", "bin"]


class Data(Section):
    """Where stimuli come from and how they are divided."""

    dataset: Literal[
        "caltech-101",
        "orange-panda",
        "n-caltech-101",
        "n-caltech-sim",
        "n-mnist",
        "orange-panda-sim",
        "folder",
        "recordings",
        "object",
    ] = Field(
        description="which dataset; rendered ones (orange-panda, orange-panda-sim) need no files; data of your own are "
        "a folder (of pictures), recordings (of an event camera), or an object that a Python program gives"
    )
    classes: tuple[ClassName, ...] = Field(
        min_length=1, max_length=MOST_CLASSES, description="classes to tell apart, named as the dataset names them"
    )
    train: Annotated[Items, in_unit("stimuli")] = Field(description="training pictures or recordings per class")
    validation: Annotated[Whole, Field(ge=0, le=MOST_ITEMS), in_unit("stimuli")] = Field(
        default=0, description="pictures or recordings per class that are held out to choose settings on"
    )
    test: Annotated[Items, in_unit("stimuli")] | None = Field(
        default=None, description="test pictures or recordings per class; all that are left when absent"
    )
    split_seed: Seed = Field(
        default=0, description="of the division into training, validation and test parts; `seed` does not change it"
    )
    sensor: Annotated[Size, in_unit("pixels")] | None = Field(
        default=None, description="sensor of your own recordings, [rows, columns], for formats that do not name it"
    )
    unit: Literal["s", "ms", "us", "ns"] | None = Field(
        default=None, description="unit of times in your own recordings, for text, NumPy and HDF5 that do not name it"
    )

    @model_validator(mode="after")
    def _known(self) -> Data:
        if len(set(self.classes)) < len(self.classes):
            raise ValueError(f"classes {', '.join(self.classes)} repeat a class: name each of them once")
        if self.rendered:
            unknown = [label for label in self.classes if label not in RENDERED]
            if unknown:
                raise ValueError(f"{self.dataset} has no class {unknown[0]}: choose from {', '.join(RENDERED)}")
            if self.test is None:
                raise ValueError(f"{self.dataset} is rendered without end: say how many are to test")
        if self.dataset != "recordings" and (own := [key for key in ("sensor", "unit") if getattr(self, key)]):
            raise ValueError(f"{own[0]} is for your own recordings, not for {self.dataset}: leave it out")
        return self

    @property
    def rendered(self) -> bool:
        """Whether the dataset is rendered, and so needs no directory."""
        return self.dataset in ("orange-panda", "orange-panda-sim")


class DoG(Section):
    """How pictures become spikes: a difference of Gaussians, the strongest responses first (paper, section V)."""

    size: Annotated[Whole, Field(ge=3, le=LARGEST_FILTER), AfterValidator(odd), in_unit("pixels", **ODD)] = Field(
        default=7, description="rows and columns of the filter; odd, so it has a centre"
    )
    center_sigma: Annotated[Width, in_unit("pixels")] = Field(
        default=1.0, description="standard deviation of the Gaussian that excites"
    )
    surround_sigma: Annotated[Width, in_unit("pixels")] = Field(
        default=2.0, description="standard deviation of the Gaussian that inhibits; above center_sigma"
    )
    events: Annotated[Count, in_unit("events")] = Field(
        description="input spikes per picture: the pixels with the strongest responses"
    )

    @model_validator(mode="after")
    def _surrounded(self) -> DoG:
        if self.surround_sigma <= self.center_sigma:
            raise ValueError(f"surround_sigma {self.surround_sigma:g} is not above center_sigma {self.center_sigma:g}")
        return self


class Buffering(Section):
    """How recordings are cut into buffers, each of which is a stimulus (paper, section IV.C)."""

    duration_ms: Annotated[Real, Field(ge=1e-3), in_unit("ms")] | None = Field(
        default=None, description="length of a buffer, 30 in the paper; give either this or events"
    )
    events: Annotated[Count, in_unit("events")] | None = Field(
        default=None, description="length of a buffer in events of the recording; give either this or duration_ms"
    )
    fit: Fit = Field(
        default="pad",
        description="pixels to neurons: pad centres the sensor, which must fit; crop centres it and cuts off what "
        "does not fit; bin scales the whole sensor to the input",
    )
    denoise_ms: Annotated[Positive, in_unit("ms")] | None = Field(
        default=None,
        description="drop events before which no neighbouring pixel had one within this time; none are dropped when "
        "absent",
    )
    train: Annotated[Count, in_unit("buffers")] | None = Field(
        default=None,
        description="buffers of each training recording to learn from, those with the most events; all when absent",
    )

    @model_validator(mode="after")
    def _one_measure(self) -> Buffering:
        if (self.duration_ms is None) == (self.events is None):
            raise ValueError("give either duration_ms or events")
        return self


class Augmentation(Section):
    """How presentations in training differ from the recording (docs/training.md)."""

    versions: Annotated[Steps, in_unit("versions")] = Field(
        default=5, description="drawn of each training stimulus; each epoch presents the next, then the first again"
    )

    shift: Annotated[Reach, in_unit("pixels")] = Field(
        default=0, description="all events move by up to this many rows and columns of the sensor, either way"
    )
    flip: Fraction = Field(
        default=0.0, description="probability that ON and OFF are swapped, as where an object moves the other way"
    )
    drop: Share = Field(default=0.0, description="events are dropped: a share that is drawn from 0 to this, at random")
    noise_hz: Annotated[Real, Field(ge=0, le=1000), in_unit("Hz")] = Field(
        default=0.0, description="background events that are added, per pixel of the sensor and second"
    )


class Input(Section):
    """The input layer and its time. Stimuli are pictures, which need `dog`, or recordings, which need `buffer`."""

    rows: Annotated[Side, in_unit("pixels")] = Field(
        description="height of the input layer; pictures are resized to it"
    )
    columns: Annotated[Side, in_unit("pixels")] = Field(
        description="width of the input layer; pictures are resized to it"
    )
    polarity: Literal["merged", "split"] = Field(
        default="merged", description="ON and OFF events in one channel (merged), or in a channel each (split)"
    )
    steps: Annotated[Steps, in_unit("steps")] = Field(
        default=10,
        description="equal parts into which a stimulus is divided, a step of simulated time each (paper, IV.C)",
    )
    flush_steps: Annotated[Steps, in_unit("steps")] = Field(
        default=10, description="empty steps after a stimulus, in which its last spikes cross the layers (paper, IV.C)"
    )
    dt_ms: Annotated[Real, Field(ge=1e-6, le=1e6), in_unit("ms")] = Field(
        default=1.0,
        description="simulated time of a step, which counts where there are time constants: of layers that leak, "
        "neuron models and learning rules; else no spike depends on it",
    )
    threshold_variation: Share = Field(
        default=0.05,
        description="thresholds are scaled from 1 minus this, at the fewest events of a training stimulus, to 1 plus "
        "this, at the most (paper, IV.B)",
    )
    dog: DoG | None = Field(default=None, description="how pictures become spikes")
    buffer: Buffering | None = Field(default=None, description="how recordings become stimuli")
    augmentation: Augmentation | None = Field(
        default=None, description="how presentations of recordings vary in training; they do not when absent"
    )

    @model_validator(mode="after")
    def _one_source(self) -> Input:
        if (self.dog is None) == (self.buffer is None):
            raise ValueError("pictures need [input.dog], recordings need [input.buffer]: give one of them")
        if self.augmentation is not None and self.buffer is None:
            raise ValueError("[input.augmentation] is for recordings, not for pictures: leave it out")
        if self.augmentation is not None and self.augmentation.flip and self.polarity == "merged":
            raise ValueError("augmentation.flip changes nothing while polarity is merged: set polarity to split")
        if self.total_steps > MOST_STEPS:
            raise ValueError(f"steps and flush_steps are {self.total_steps:,} together: {MOST_STEPS:,} at most")
        return self

    @property
    def size(self) -> tuple[int, int]:
        """Rows and columns of the input layer."""
        return self.rows, self.columns

    @property
    def shape(self) -> Shape:
        """Shape of the input layer: 1 channel for merged polarities, or 2 for ON and OFF events."""
        return Shape(1 if self.polarity == "merged" else 2, self.rows, self.columns)

    @property
    def total_steps(self) -> int:
        """Steps per stimulus: those of the input, then the empty ones."""
        return self.steps + self.flush_steps
