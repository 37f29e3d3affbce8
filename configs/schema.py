"""The validated experiment configuration: every number of an experiment, with its unit, meaning and limits.

Sizes are (rows, columns). Potentials, thresholds and weights have no unit: a spike through a weight of 1 raises a
potential by 1. `configs.reading` reads files, and checks besides that the sizes of the layers fit
(`configs.geometry`); `configs.reference` lists all keys.
"""

from __future__ import annotations

import hashlib
import json
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from spikeseg.spikes import Shape

from .fields import ODD, Count, Fraction, Margin, Natural, NotNegative, Positive, Rate, Share, Size
from .fields import in_unit as _in
from .fields import odd as _odd
from .fields import pair as _pair

RENDERED = ("orange", "panda")  # classes of the rendered datasets
PICTURES = ("caltech-101", "orange-panda", "folder")
RECORDINGS = ("n-caltech-101", "n-caltech-sim", "n-mnist", "orange-panda-sim", "recordings")
OBJECT = "object"  # pictures or recordings that a program has in memory, or reads by itself


class Section(BaseModel):
    """A table of the file. Unknown keys, NaN and infinities are errors; values cannot change afterwards."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


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
    classes: tuple[str, ...] = Field(min_length=1, description="classes to tell apart, named as the dataset names them")
    train: Annotated[Count, _in("stimuli")] = Field(description="training pictures or recordings per class")
    validation: Annotated[Natural, _in("stimuli")] = Field(
        default=0, description="pictures or recordings per class that are held out to choose settings on"
    )
    test: Annotated[Count, _in("stimuli")] | None = Field(
        default=None, description="test pictures or recordings per class; all that are left when absent"
    )
    split_seed: Natural = Field(
        default=0, description="of the division into training, validation and test parts; `seed` does not change it"
    )
    sensor: Annotated[tuple[Count, Count], BeforeValidator(_pair), _in("pixels")] | None = Field(
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

    size: Annotated[int, Field(ge=3), AfterValidator(_odd), _in("pixels", **ODD)] = Field(
        default=7, description="rows and columns of the filter; odd, so it has a centre"
    )
    center_sigma: Annotated[Positive, _in("pixels")] = Field(
        default=1.0, description="standard deviation of the Gaussian that excites"
    )
    surround_sigma: Annotated[Positive, _in("pixels")] = Field(
        default=2.0, description="standard deviation of the Gaussian that inhibits; above center_sigma"
    )
    events: Annotated[Count, _in("events")] = Field(
        description="input spikes per picture: the pixels with the strongest responses"
    )

    @model_validator(mode="after")
    def _surrounded(self) -> DoG:
        if self.surround_sigma <= self.center_sigma:
            raise ValueError(f"surround_sigma {self.surround_sigma:g} is not above center_sigma {self.center_sigma:g}")
        return self


class Buffering(Section):
    """How recordings are cut into buffers, each of which is a stimulus (paper, section IV.C)."""

    duration_ms: Annotated[float, Field(ge=1e-3), _in("ms")] | None = Field(
        default=None, description="length of a buffer, 30 in the paper; give either this or events"
    )
    events: Annotated[Count, _in("events")] | None = Field(
        default=None, description="length of a buffer in events of the recording; give either this or duration_ms"
    )
    fit: Literal["crop", "pad", "bin"] = Field(
        default="pad",
        description="pixels to neurons: pad centres the sensor, which must fit; crop centres it and cuts off what "
        "does not fit; bin scales the whole sensor to the input",
    )
    denoise_ms: Annotated[Positive, _in("ms")] | None = Field(
        default=None,
        description="drop events before which no neighbouring pixel had one within this time; none are dropped when "
        "absent",
    )
    train: Annotated[Count, _in("buffers")] | None = Field(
        default=None,
        description="buffers of each training recording to learn from, those with the most events; all when absent",
    )

    @model_validator(mode="after")
    def _one_measure(self) -> Buffering:
        if (self.duration_ms is None) == (self.events is None):
            raise ValueError("give either duration_ms or events")
        return self


class Input(Section):
    """The input layer and its time. Stimuli are pictures, which need `dog`, or recordings, which need `buffer`."""

    rows: Annotated[Count, _in("pixels")] = Field(description="height of the input layer; pictures are resized to it")
    columns: Annotated[Count, _in("pixels")] = Field(description="width of the input layer; pictures are resized to it")
    polarity: Literal["merged", "split"] = Field(
        default="merged", description="ON and OFF events in one channel (merged), or in a channel each (split)"
    )
    steps: Annotated[Count, _in("steps")] = Field(
        default=10,
        description="equal parts into which a stimulus is divided, a step of simulated time each (paper, IV.C)",
    )
    flush_steps: Annotated[Count, _in("steps")] = Field(
        default=10, description="empty steps after a stimulus, in which its last spikes cross the layers (paper, IV.C)"
    )
    dt_ms: Annotated[Positive, _in("ms")] = Field(
        default=1.0, description="simulated time of a step; neurons do not leak, so no spike depends on it"
    )
    threshold_variation: Share = Field(
        default=0.05,
        description="thresholds are scaled from 1 minus this, at the fewest events of a training stimulus, to 1 plus "
        "this, at the most (paper, IV.B)",
    )
    dog: DoG | None = Field(default=None, description="how pictures become spikes")
    buffer: Buffering | None = Field(default=None, description="how recordings become stimuli")

    @model_validator(mode="after")
    def _one_source(self) -> Input:
        if (self.dog is None) == (self.buffer is None):
            raise ValueError("pictures need [input.dog], recordings need [input.buffer]: give one of them")
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


class Gabor(Section):
    """Conv1: fixed, even Gabor filters (paper, section V). The positive weights of each sum to 1."""

    orientations: Annotated[Count, _in("maps")] = Field(
        default=4, description="maps, a filter each, with orientations equally spaced over 180 degrees"
    )
    kernel: Annotated[int, Field(gt=0), AfterValidator(_odd), _in("pixels", **ODD)] = Field(
        default=5, description="rows and columns of a filter; odd, so it has a centre"
    )
    wavelength: Annotated[Positive, _in("pixels")] = Field(
        default=5.0, description="period of the cosine across the edge"
    )
    sigma: Annotated[Positive, _in("pixels")] = Field(
        default=1.6, description="standard deviation of the Gaussian envelope across the edge"
    )
    aspect: Positive = Field(
        default=0.5, description="the envelope's width across the edge divided by its length along it"
    )
    negative: Annotated[float, Field(ge=-1, le=0)] = Field(
        default=-0.5, description="sum of a filter's negative weights"
    )
    threshold: Positive = Field(
        default=0.5, description="potential at which a neuron fires, before it adapts to the stimulus"
    )

    @property
    def padding(self) -> int:
        """Rows and columns of padding, with which Conv1 keeps the size of its input."""
        return self.kernel // 2


class Pool(Section):
    """A pooling layer; windows at the far edges may be incomplete (ceil mode)."""

    window: Annotated[Count, _in("neurons")] = Field(
        description="rows and columns of the window, in which the first spike of the layer below counts"
    )
    stride: Annotated[Count, _in("neurons")] = Field(
        description="distance between windows, in rows and in columns; at most window; if smaller, windows overlap"
    )


class Learning(Section):
    """STDP with winner-take-all and homeostasis of one layer (docs/model.md, rules 5 and 6)."""

    weight_mean: Fraction = Field(description="mean of the initial weights, which are drawn from a normal distribution")
    weight_std: NotNegative = Field(
        description="standard deviation of the initial weights; what falls outside 0 to 1 is clipped"
    )
    a_plus: Rate = Field(
        description="learning rate at the start: a winner's weights w from inputs that fired before it grow by "
        "a+ w (1 - w)"
    )
    a_minus_ratio: NotNegative = Field(
        description="a- / a+: a winner's other weights w, from inputs that have not fired, shrink by a- w (1 - w)"
    )
    doubling: Annotated[Count, _in("stimuli")] = Field(description="a+ and a- double every so many stimuli")
    a_plus_max: Rate = Field(description="a+ stops doubling here; at least a_plus")
    winners: Annotated[Count, _in("neurons")] = Field(
        description="neurons that may learn from one stimulus, at most one per map"
    )
    inhibition_radius: Annotated[Natural, _in("neurons")] = Field(
        description="a winner silences all maps within so many rows and columns, and its own map everywhere"
    )
    threshold_start: Positive = Field(description="threshold of every map when learning begins")
    homeostasis: Share = Field(
        description="a winner's threshold rises by this fraction, then all fall by this fraction divided by the "
        "number of maps"
    )
    threshold_silent: Share = Field(
        default=0.0, description="fraction by which all thresholds fall after a stimulus without a winner"
    )
    stimuli: Annotated[Count, _in("stimuli")] = Field(
        description="learning ends after so many presentations at the latest"
    )
    convergence: Positive = Field(
        description="learning ends once the mean of w (1 - w) is below this, after half of `stimuli` at the earliest"
    )
    chunk: Annotated[Count, _in("stimuli")] = Field(
        default=50, description="stimuli between two checkpoints, which is also when convergence is looked at"
    )

    @model_validator(mode="after")
    def _grows(self) -> Learning:
        if self.a_plus_max < self.a_plus:
            raise ValueError(f"a_plus_max {self.a_plus_max:g} is below a_plus {self.a_plus:g}")
        return self


class Conv(Section):
    """A learned convolutional layer with stride 1."""

    maps: Annotated[Count, _in("maps")] = Field(description="feature maps, each with a kernel of its own")
    kernel: Size = Field(description="rows and columns of the layer below that a neuron sees")
    padding: Margin = Field(default=(0, 0), description="rows above and below, columns left and right, that never fire")
    threshold: Positive | None = Field(
        default=None,
        description="potential at which a neuron fires after learning; when absent, the one that learning led to",
    )
    learning: Learning = Field(description="how the layer learns")


class ClassLayer(Conv):
    """Conv3, whose maps stand for classes."""

    equalise: Literal["wins", "drive"] = Field(
        default="wins",
        description="thresholds are set where all maps win nearly as many training stimuli (wins), or in proportion to "
        "what drives them, for classes of several maps (drive)",
    )
    purity: Fraction = Field(
        default=0.0,
        description="a map without this fraction of its training answers in one class gets no name, and is silenced",
    )
    decide_by: Annotated[float, Field(gt=0, le=1)] | None = Field(
        default=None,
        description="thresholds are scaled so that half the training stimuli make a map fire within this fraction of "
        "their input; when absent, they are not scaled",
    )


class Decoder(Section):
    """Which spikes are decoded, and how a mask becomes a box (paper, section IV.D)."""

    mode: Literal["causal", "exact", "end"] = Field(
        default="end",
        description="inputs that a neuron which fired at step t recruits: those that fired before t (causal), at t - 1 "
        "(exact), or at any time of the stimulus (end)",
    )
    weight_threshold: Fraction = Field(
        default=0.5, description="weights of Conv2 and Conv3 above this are followed back"
    )
    gabor_threshold: float = Field(default=0.05, description="weights of Conv1 above this are followed back")
    inhibition: NotNegative = Field(
        default=0.0,
        description="subtracted from weak weights (below 0.5) inside a map's learned support when its places compete "
        "for the answer; 0 is no inhibition",
    )
    extent_threshold: Fraction | None = Field(
        default=None,
        description="a box stays inside its map's extent: the box around what exceeds this fraction of the maximum of "
        "the map's average mask; no extents when absent",
    )
    extent_smoothing: Annotated[Positive, _in("pixels")] = Field(
        default=5.0, description="standard deviation of the Gaussian that smooths the average mask"
    )
    extent_headroom: Annotated[NotNegative, _in("pixels")] = Field(
        default=0.0, description="extents reach higher by this: what sticks out at the top varies, and averages away"
    )
    box: Literal["mask", "mask+events"] = Field(
        default="mask",
        description="edges of a box: the mask's extremities (mask), or their mean with those of all input events in "
        "the extent (mask+events)",
    )


class Config(Section):
    """A whole experiment."""

    name: str = Field(description="name of the experiment, in results and titles of figures")
    seed: Natural = Field(default=0, description="of initial weights and of the order in which stimuli are presented")
    data: Data = Field(description="stimuli")
    input: Input = Field(description="input layer")
    conv1: Gabor = Field(default=Gabor(), description="fixed edge filters")
    pool1: Pool = Field(description="pools Conv1")
    conv2: Conv = Field(description="learned features")
    pool2: Pool = Field(description="pools Conv2")
    conv3: ClassLayer = Field(description="learned classes")
    decoder: Decoder = Field(default=Decoder(), description="spikes to masks and boxes")

    @model_validator(mode="after")
    def _has_maps(self) -> Config:
        maps, classes = self.conv3.maps, len(self.data.classes)
        if maps < classes:
            raise ValueError(f"conv3.maps is {maps}, fewer than the {classes} classes: give each class a map or more")
        return self

    @model_validator(mode="after")
    def _has_input(self) -> Config:
        if self.data.dataset != OBJECT and (self.input.dog is None) == (self.data.dataset in PICTURES):
            source = "[input.dog]" if self.data.dataset in PICTURES else "[input.buffer]"
            raise ValueError(f"data.dataset {self.data.dataset} needs {source}")
        return self

    def digest(self) -> str:
        """Hash of all values, 12 hexadecimal digits; the layout of the file has no influence on it."""
        values = self.model_dump(mode="json")
        for key in ("sensor", "unit"):  # they came later: without them, older runs are of the same experiment
            if values["data"][key] is None:
                del values["data"][key]
        return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()[:12]
