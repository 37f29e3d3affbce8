"""The validated experiment configuration: every number of an experiment, with its unit, meaning and limits.

Sizes are (rows, columns). Potentials, thresholds and weights have no unit: a spike through a weight of 1 raises a
potential by 1. `configs.reading` reads files, and checks besides that the sizes of the layers fit
(`configs.geometry`); `configs.reference` lists all keys.
"""

from __future__ import annotations

import hashlib
import json
from typing import Annotated, Literal

from pydantic import Field, model_validator

from .inputs import OBJECT, PICTURES, Data, Input
from .language.files import LONGEST_FILE
from .limits import (
    LARGEST_INT,
    ODD,
    Chunk,
    Count,
    FilterSide,
    Fraction,
    Items,
    Maps,
    Margin,
    NotNegative,
    Positive,
    Rate,
    Reach,
    Real,
    Section,
    Seed,
    Share,
    Side,
    Size,
    Tau,
    Text,
    Width,
    in_unit,
)
from .neurons.neuron import NEURONS, NeuronModel, read_neuron
from .plasticity.rule import RULES, Rule, read_rule

DEFAULT_RULE = "multiplicative"
DEFAULT_NEURON = "integrate-and-fire"

_LATER = (
    ("data", "sensor", "unit"),
    ("input", "augmentation"),
    *((layer, "tau_ms") for layer in ("conv1", "conv2", "conv3")),
    ("plasticity", "text", "parameters"),
    ("neurons", "text", "parameters"),
)
"""Keys that came later, by section: without them, older runs are of the same experiment."""


class Gabor(Section):
    """Conv1: fixed, even Gabor filters (paper, section V). The positive weights of each sum to 1."""

    orientations: Annotated[Maps, in_unit("maps")] = Field(
        default=4, description="maps, a filter each, with orientations equally spaced over 180 degrees"
    )
    kernel: Annotated[FilterSide, in_unit("pixels", **ODD)] = Field(
        default=5, description="rows and columns of a filter; odd, so it has a centre"
    )
    wavelength: Annotated[Width, in_unit("pixels")] = Field(
        default=5.0, description="period of the cosine across the edge"
    )
    sigma: Annotated[Width, in_unit("pixels")] = Field(
        default=1.6, description="standard deviation of the Gaussian envelope across the edge"
    )
    aspect: Width = Field(
        default=0.5, description="the envelope's width across the edge divided by its length along it"
    )
    negative: Annotated[Real, Field(ge=-1, le=0)] = Field(
        default=-0.5, description="sum of a filter's negative weights"
    )
    threshold: Positive = Field(
        default=0.5, description="potential at which a neuron fires, before it adapts to the stimulus"
    )
    tau_ms: Tau = None

    @property
    def padding(self) -> int:
        """Rows and columns of padding, with which Conv1 keeps the size of its input."""
        return self.kernel // 2


class Pool(Section):
    """A pooling layer; windows at the far edges may be incomplete (ceil mode)."""

    window: Annotated[Side, in_unit("neurons")] = Field(
        description="rows and columns of the window, in which the first spike of the layer below counts"
    )
    stride: Annotated[Side, in_unit("neurons")] = Field(
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
    doubling: Annotated[Count, in_unit("stimuli")] = Field(description="a+ and a- double every so many stimuli")
    a_plus_max: Rate = Field(description="a+ stops doubling here; at least a_plus")
    winners: Annotated[Maps, in_unit("neurons")] = Field(
        description="neurons that may learn from one stimulus, at most one per map"
    )
    inhibition_radius: Annotated[Reach, in_unit("neurons")] = Field(
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
    stimuli: Annotated[Items, in_unit("stimuli")] = Field(
        description="learning ends after so many presentations at the latest"
    )
    convergence: Positive = Field(
        description="learning ends once the mean of w (1 - w) is below this, after half of `stimuli` at the earliest"
    )
    chunk: Annotated[Chunk, in_unit("stimuli")] = Field(
        default=50, description="stimuli between two checkpoints, which is also when convergence is looked at"
    )

    @model_validator(mode="after")
    def _grows(self) -> Learning:
        if self.a_plus_max < self.a_plus:
            raise ValueError(f"a_plus_max {self.a_plus_max:g} is below a_plus {self.a_plus:g}")
        return self


class Conv(Section):
    """A learned convolutional layer with stride 1."""

    maps: Annotated[Maps, in_unit("maps")] = Field(description="feature maps, each with a kernel of its own")
    kernel: Annotated[Size, in_unit("neurons")] = Field(
        description="rows and columns of the layer below that a neuron sees"
    )
    padding: Annotated[Margin, in_unit("neurons")] = Field(
        default=(0, 0), description="rows above and below, columns left and right, that never fire"
    )
    threshold: Positive | None = Field(
        default=None,
        description="potential at which a neuron fires after learning; when absent, the one that learning led to",
    )
    tau_ms: Tau = None
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
    decide_by: Annotated[Real, Field(gt=0, le=1)] | None = Field(
        default=None,
        description="thresholds are scaled so that half the training stimuli make a map fire within this fraction of "
        "their input; when absent, they are not scaled",
    )


class Plasticity(Section):
    """The learning rule (docs/changing-the-rule.md)."""

    rule: Text = Field(
        default=DEFAULT_RULE,
        description="a bundled rule (`spikeseg config rules`), or a file of your own, relative to that of the "
        "configuration; where that is a bundled one, to the current directory",
    )
    text: Annotated[str, Field(max_length=LONGEST_FILE)] | None = Field(
        default=None, description="text of the rule, which is read from the file that `rule` names"
    )
    parameters: dict[str, Real] | None = Field(
        default=None, description="parameters of the rule by name, where they differ from those in its file"
    )
    layers: Annotated[tuple[Literal["conv2", "conv3"], ...], Field(min_length=1)] = Field(
        default=("conv2", "conv3"),
        description=f"layers that learn by this rule; the other one learns by {DEFAULT_RULE}",
    )

    @model_validator(mode="after")
    def _is_a_rule(self) -> Plasticity:
        RULES.check(self.rule, self.text, self.parameters)
        if self.learning_rule.supervised and self.layers != ("conv3",):
            raise ValueError(f'{self.rule} is supervised, and only maps of Conv3 stand for classes: layers = ["conv3"]')
        return self

    @property
    def learning_rule(self) -> Rule:
        """The rule that a network is built from."""
        return read_rule(RULES.text(self.rule, self.text), self.rule).rule

    def of(self, layer: str) -> Plasticity:
        """The rule of a layer."""
        return self if layer in self.layers else Plasticity()

    @property
    def values(self) -> dict[str, float]:
        """Every parameter, by its key in the rule's file."""
        return RULES.values(self.rule, self.text, self.parameters)


class Neurons(Section):
    """What the neurons of convolutional layers are (docs/changing-the-neuron.md)."""

    model: Text = Field(
        default=DEFAULT_NEURON,
        description="a bundled neuron model (`spikeseg config neurons`), or a file of your own, relative to that of "
        "the configuration; where that is a bundled one, to the current directory",
    )
    text: Annotated[str, Field(max_length=LONGEST_FILE)] | None = Field(
        default=None, description="text of the model, which is read from the file that `model` names"
    )
    parameters: dict[str, Real] | None = Field(
        default=None, description="parameters of the model by name, where they differ from those in its file"
    )
    layers: Annotated[tuple[Literal["conv1", "conv2", "conv3"], ...], Field(min_length=1)] = Field(
        default=("conv1", "conv2", "conv3"),
        description=f"layers with such neurons; those of the others are {DEFAULT_NEURON}, or leak by their tau_ms",
    )

    @model_validator(mode="after")
    def _is_a_model(self) -> Neurons:
        NEURONS.check(self.model, self.text, self.parameters)
        return self

    @property
    def neuron_model(self) -> NeuronModel | None:
        """The model that a network is built from; None for the default."""
        if self.text is None and self.model == DEFAULT_NEURON:
            return None
        return read_neuron(NEURONS.text(self.model, self.text), self.model).model

    def of(self, layer: str) -> Neurons:
        """The neurons of a layer."""
        return self if layer in self.layers else COUNTERS

    @property
    def values(self) -> dict[str, float]:
        """Every parameter, by its key in the model's file."""
        return NEURONS.values(self.model, self.text, self.parameters)


COUNTERS = Neurons()
"""The default: counters that fire once per stimulus, and leak where a layer has a `tau_ms`."""


class Decoder(Section):
    """Which spikes are decoded, and how a mask becomes a box (paper, section IV.D)."""

    mode: Literal["causal", "exact", "end"] = Field(
        default="causal",
        description="inputs that a neuron which fired at step t recruits: those that fired before t (causal), at t - 1 "
        "(exact), or at any time of the stimulus (end)",
    )
    presence: bool = Field(
        default=True,
        description="maps get readouts after learning, which choose class and place and tell if anything is there; "
        "without them potentials choose, and one of the classes is always the answer",
    )
    weight_threshold: Fraction = Field(
        default=0.5, description="weights of Conv2 and Conv3 above this are followed back"
    )
    gabor_threshold: Real = Field(default=0.05, description="weights of Conv1 above this are followed back")
    inhibition: NotNegative = Field(
        default=0.0,
        description="subtracted from weak weights (below 0.5) inside a map's learned support when its places compete "
        "for the answer; 0 is no inhibition",
    )
    extent_threshold: Fraction | None = Field(
        default=None,
        description="a box stays inside its map's extent: the box around what exceeds this fraction of the maximum of "
        "the map's average mask, or is in this fraction of its silhouettes (box); no extents when absent",
    )
    extent_smoothing: Annotated[Width, in_unit("pixels")] = Field(
        default=5.0, description="standard deviation of the Gaussian that smooths the average mask"
    )
    extent_headroom: Annotated[NotNegative, in_unit("pixels")] = Field(
        default=0.0, description="extents reach higher by this: what sticks out at the top varies, and averages away"
    )
    box: Literal["mask", "mask+events", "silhouette+events"] = Field(
        default="mask",
        description="edges of a box: the mask's extremities (mask), or the mean of those of all input events in the "
        "extent with the mask's (mask+events) or with the silhouette's (silhouette+events, where extents are those of "
        "silhouettes, too)",
    )


class Config(Section):
    """A whole experiment."""

    name: Text = Field(description="name of the experiment, in results and titles of figures")
    seed: Seed = Field(default=0, description="of initial weights and of the order in which stimuli are presented")
    data: Data = Field(description="stimuli")
    input: Input = Field(description="input layer")
    conv1: Gabor = Field(default=Gabor(), description="fixed edge filters")
    pool1: Pool = Field(description="pools Conv1")
    conv2: Conv = Field(description="learned features")
    pool2: Pool = Field(description="pools Conv2")
    conv3: ClassLayer = Field(description="learned classes")
    plasticity: Plasticity = Field(default=Plasticity(), description="learning rule")
    neurons: Neurons = Field(default=COUNTERS, description="neuron model")
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

    @model_validator(mode="after")
    def _has_time(self) -> Config:
        for name, learning in (("conv2", self.conv2.learning), ("conv3", self.conv3.learning)):
            ticks = (self.input.steps + 1) * learning.winners * learning.chunk
            if ticks > LARGEST_INT:
                raise ValueError(
                    f"{name}.learning: steps + 1 times winners times chunk is {ticks:,}, and {LARGEST_INT:,} at most: "
                    "make chunk smaller"
                )
        return self

    @model_validator(mode="after")
    def _has_one_kind_of_neurons(self) -> Config:
        for name, layer in (("conv1", self.conv1), ("conv2", self.conv2), ("conv3", self.conv3)):
            if layer.tau_ms is not None and self.neurons.of(name).neuron_model is not None:
                raise ValueError(
                    f"{name}.tau_ms is of the default neurons, but {name} has neurons.model "
                    f"{self.neurons.model}: leave out tau_ms, or {name} in neurons.layers"
                )
        if self.conv3.decide_by is not None and self.neurons.of("conv3").neuron_model is not None:
            raise ValueError(
                f"conv3.decide_by goes by the potentials of the default neurons, but conv3 has neurons.model "
                f"{self.neurons.model}: leave out decide_by, or conv3 in neurons.layers"
            )
        return self

    @property
    def title(self) -> str:
        """The name for results, which tell where labels had a say in learning."""
        return f"{self.name}, supervised" if self.plasticity.learning_rule.supervised else self.name

    def digest(self) -> str:
        """Hash of all values, 12 hexadecimal digits; the layout of the file has no influence on it."""
        values = self.model_dump(mode="json")
        for section, *keys in _LATER:
            for key in keys:
                if values[section][key] is None:
                    del values[section][key]
        for section, default in (("plasticity", Plasticity()), ("neurons", COUNTERS)):
            if values[section] == default.model_dump(mode="json", exclude_none=True):  # that of older runs
                del values[section]
        return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()[:12]
