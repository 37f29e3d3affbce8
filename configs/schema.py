"""The validated experiment configuration: one TOML file, every number of an experiment.

Sizes are (rows, columns). Thresholds and weights are dimensionless (a weight of 1 raises a potential by 1).
"""

from __future__ import annotations

import hashlib
import json
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from spikeseg.errors import SpikeSegError
from spikeseg.spikes import Shape


def _pair(value: Any) -> Any:
    return (value, value) if isinstance(value, int) else value


def _odd(value: int) -> int:
    if value % 2 == 0:
        raise ValueError(f"{value} has no centre: make it odd")
    return value


RENDERED = ("orange", "panda")  # the classes of what is rendered without end
PICTURES = ("caltech-101", "orange-panda")
RECORDINGS = ("n-caltech-101", "n-caltech-sim", "n-mnist", "orange-panda-sim")

Count = Annotated[int, Field(gt=0)]
Positive = Annotated[float, Field(gt=0)]
Fraction = Annotated[float, Field(ge=0, le=1)]
Size = Annotated[tuple[Count, Count], BeforeValidator(_pair)]
Checked = TypeVar("Checked", bound=BaseModel)
Margin = Annotated[tuple[Annotated[int, Field(ge=0)], Annotated[int, Field(ge=0)]], BeforeValidator(_pair)]


class Section(BaseModel):
    """A table of the file: unknown keys and numbers that are none are refused, values cannot change afterwards."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Data(Section):
    """Where stimuli come from and how they are divided."""

    dataset: Literal["caltech-101", "orange-panda", "n-caltech-101", "n-caltech-sim", "n-mnist", "orange-panda-sim"] = (
        Field(description="which pictures or recordings, or in whose layout the files lie")
    )
    classes: tuple[str, ...] = Field(min_length=1, description="names of the classes, which are those of their folders")
    train: Count = Field(description="training pictures or recordings per class")
    validation: Annotated[int, Field(ge=0)] = Field(0, description="validation pictures or recordings per class")
    test: Count | None = Field(None, description="test pictures or recordings per class; all that are left when absent")
    split_seed: Annotated[int, Field(ge=0)] = Field(
        0, description="the split does not change with the training's seed: what is test stays test"
    )

    @model_validator(mode="after")
    def _known(self) -> Data:
        if len(set(self.classes)) < len(self.classes):
            raise ValueError(f"classes name {', '.join(self.classes)}: each of them once is enough")
        if self.rendered:
            unknown = [label for label in self.classes if label not in RENDERED]
            if unknown:
                raise ValueError(f"{self.dataset} has no class {unknown[0]}: choose from {', '.join(RENDERED)}")
            if self.test is None:
                raise ValueError(f"{self.dataset} is rendered without end: say how many are to test")
        return self

    @property
    def rendered(self) -> bool:
        """Whether it needs no directory."""
        return self.dataset in ("orange-panda", "orange-panda-sim")


class DoG(Section):
    """Pictures to ON/OFF events: a difference of Gaussians, the strongest responses first (paper, section IV.A)."""

    size: Annotated[int, Field(ge=3), AfterValidator(_odd)] = Field(7, description="pixels of the filter's side; odd")
    center_sigma: Positive = Field(1.0, description="pixels, width of the centre")
    surround_sigma: Positive = Field(2.0, description="pixels, width of the surround; above that of the centre")
    events: Count = Field(description="how many pixels spike: those with the strongest responses")

    @model_validator(mode="after")
    def _surrounded(self) -> DoG:
        if self.surround_sigma <= self.center_sigma:
            raise ValueError(f"surround_sigma {self.surround_sigma:g} is not above center_sigma {self.center_sigma:g}")
        return self


class Buffering(Section):
    """A recording cut into buffers, each of them a stimulus (paper, section IV.C)."""

    duration_ms: Annotated[float, Field(ge=1e-3)] | None = Field(
        None, description="length of a buffer; 30 in the paper"
    )
    events: Count | None = Field(None, description="instead of a length: so many events make a buffer")
    fit: Literal["crop", "pad", "bin"] = Field(
        "pad",
        description="pixels to neurons: pad centres the sensor, which must fit; crop centres it and cuts off what "
        "does not fit; bin scales it, as a whole, to the input",
    )
    denoise_ms: Positive | None = Field(
        None, description="drop events without another one on a neighbouring pixel in so many milliseconds before"
    )
    train: Count | None = Field(
        None, description="learn from so many buffers of each recording, those with the most events; all when absent"
    )

    @model_validator(mode="after")
    def _one_measure(self) -> Buffering:
        if (self.duration_ms is None) == (self.events is None):
            raise ValueError("give either duration_ms or events")
        return self


class Input(Section):
    """The input layer and its time; stimuli are pictures through `dog`, or recordings through `buffer`."""

    rows: Count = Field(description="rows of the input layer, to which pictures are resized")
    columns: Count = Field(description="the same for columns")
    polarity: Literal["merged", "split"] = Field(
        "merged", description="one channel for ON and OFF events, or a channel for each"
    )
    steps: Count = Field(10, description="steps in which input spikes come")
    flush_steps: Count = Field(10, description="empty steps after them, in which the last spikes cross the network")
    dt_ms: Positive = Field(1.0, description="milliseconds of simulated time per step")
    threshold_variation: Annotated[float, Field(ge=0, lt=1)] = Field(
        0.05, description="thresholds vary by +- this fraction between the fewest and the most events (IV.B)"
    )
    dog: DoG | None = None
    buffer: Buffering | None = None

    @model_validator(mode="after")
    def _one_source(self) -> Input:
        if (self.dog is None) == (self.buffer is None):
            raise ValueError("pictures need [input.dog], recordings need [input.buffer]: give one of them")
        return self

    @property
    def size(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.rows, self.columns

    @property
    def shape(self) -> Shape:
        """Input layer: 1 channel of merged or 2 of ON and OFF events."""
        return Shape(1 if self.polarity == "merged" else 2, self.rows, self.columns)

    @property
    def total_steps(self) -> int:
        """Steps per stimulus: input, then flush."""
        return self.steps + self.flush_steps


class Gabor(Section):
    """Conv1: fixed, even Gabor filters; the positive part sums to 1, the negative to `negative`."""

    orientations: Count = Field(default=4, description="how many filters, at equal angles")
    kernel: Annotated[int, Field(gt=0), AfterValidator(_odd)] = Field(
        default=5, description="pixels of a filter's side; odd"
    )
    wavelength: Positive = Field(default=5.0, description="pixels, of the cosine")
    sigma: Positive = Field(default=1.6, description="pixels, of the Gaussian envelope")
    aspect: Positive = Field(default=0.5, description="the envelope's width over its length")
    negative: Annotated[float, Field(ge=-1, le=0)] = Field(
        default=-0.5, description="sum of a filter's negative weights"
    )
    threshold: Positive = Field(default=0.5, description="potential at which a neuron fires")

    @property
    def padding(self) -> int:
        """Conv1 keeps the size of the picture."""
        return self.kernel // 2


class Pool(Section):
    """A pooling layer; windows at the far edges may be incomplete (ceil mode)."""

    window: Count = Field(description="rows and columns that a neuron sees")
    stride: Count = Field(description="rows and columns from one neuron's window to the next; at most the window")


class Learning(Section):
    """STDP with winner-take-all and homeostasis of one layer (contract 5 and 6)."""

    weight_mean: Fraction = Field(description="mean of the initial weights")
    weight_std: Annotated[float, Field(ge=0)] = Field(description="standard deviation of the initial weights")
    a_plus: Annotated[float, Field(gt=0, lt=1)] = Field(description="a+, the rate of potentiation, at the start")
    a_minus_ratio: Annotated[float, Field(ge=0)] = Field(description="a- / a+")
    doubling: Count = Field(description="a+ doubles every so many stimuli")
    a_plus_max: Annotated[float, Field(gt=0, lt=1)] = Field(description="a+ grows up to this")
    winners: Count = Field(description="at most so many winners per stimulus, one per map")
    inhibition_radius: Annotated[int, Field(ge=0)] = Field(
        description="a winner silences all maps within so many rows and columns"
    )
    threshold_start: Positive = Field(description="all maps' threshold before learning")
    homeostasis: Annotated[float, Field(ge=0, lt=1)] = Field(
        description="a winner's threshold rises by this fraction, all fall by as much shared between the maps"
    )
    threshold_silent: Annotated[float, Field(ge=0, lt=1)] = Field(
        0.0, description="every map's fall after a stimulus without a winner"
    )
    stimuli: Count = Field(description="at most so many stimuli")
    convergence: Positive = Field(description="stop when mean w (1 - w) is below this")
    chunk: Count = Field(50, description="stimuli between two checkpoints")

    @model_validator(mode="after")
    def _grows(self) -> Learning:
        if self.a_plus_max < self.a_plus:
            raise ValueError(f"a_plus_max {self.a_plus_max:g} is below a_plus {self.a_plus:g}")
        return self


class Conv(Section):
    """A learned convolutional layer with stride 1."""

    maps: Count = Field(description="how many features it learns")
    kernel: Size = Field(description="rows and columns that a neuron sees")
    padding: Margin = Field((0, 0), description="rows and columns of nothing that are added at each edge of its input")
    threshold: Positive | None = Field(None, description="at inference; the one that homeostasis reached when absent")
    learning: Learning


class Classes(Conv):
    """Conv3, whose maps stand for classes."""

    equalise: Literal["wins", "drive"] = Field(
        "wins",
        description="thresholds settle where all maps win as often, or where all are driven as much, on average",
    )
    purity: Fraction = Field(
        0.0,
        description="a map has no name, and no say, unless this fraction of its training answers is of one class",
    )
    decide_by: Annotated[float, Field(gt=0, le=1)] | None = Field(
        None, description="thresholds let half the training stimuli spike within this fraction of their input"
    )


class Decoder(Section):
    """Which spikes are decoded, and how a mask becomes a box."""

    mode: Literal["causal", "exact", "end"] = Field(
        default="end",
        description="which spikes a neuron that fired at step t recruits: those before t, at t - 1, or of all steps",
    )
    weight_threshold: Fraction = Field(default=0.5, description="decode through weights of Conv2 and Conv3 above this")
    gabor_threshold: float = Field(default=0.05, description="decode through weights of Conv1 above this")
    inhibition: Annotated[float, Field(ge=0)] = Field(
        default=0.0, description="weak synapses inside the learned support inhibit by this when places compete"
    )
    extent_threshold: Fraction | None = Field(
        default=None,
        description="a map's extent: its expected mask above this fraction of the largest; none when absent",
    )
    extent_smoothing: Positive = Field(default=5.0, description="pixels, sigma of the expected mask's smoothing")
    extent_headroom: Annotated[float, Field(ge=0)] = Field(
        default=0.0,
        description="pixels by which extents reach higher: what sticks out at the top varies, and averages away",
    )
    box: Literal["mask", "mask+events"] = Field(
        default="mask",
        description="edges of the mask, or the mean of its edges and those of all input events in the extent",
    )


class Config(Section):
    """A whole experiment."""

    name: str = Field(description="of the experiment, for its results")
    seed: Annotated[int, Field(ge=0)] = Field(0, description="of initial weights and of the order of presentation")
    data: Data
    input: Input
    conv1: Gabor = Gabor()
    pool1: Pool
    conv2: Conv
    pool2: Pool
    conv3: Classes
    decoder: Decoder = Decoder()

    @model_validator(mode="after")
    def _fits(self) -> Config:
        if (self.input.dog is None) == (self.data.dataset in PICTURES):
            source = "[input.dog]" if self.data.dataset in PICTURES else "[input.buffer]"
            raise ValueError(f"data.dataset {self.data.dataset} needs {source}")
        layer_shapes(self, self.input.size)
        return self

    def digest(self) -> str:
        """Content hash: equal configurations have equal labels, whatever their file's layout."""
        text = json.dumps(self.model_dump(mode="json"), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:12]


def layer_shapes(config: Config, size: tuple[int, int]) -> dict[str, Shape]:
    """Shapes of ``input, conv1, pool1, conv2, pool2, conv3`` for an input of `size` (rows, columns).

    Raises
    ------
    ValueError
        A kernel or window does not fit its input, or a stride leaves inputs uncovered.
    """
    shapes = {"input": Shape(config.input.shape.features, *size)}

    def convolve(name: str, below: str, maps: int, kernel, padding) -> None:
        _, *sizes = shapes[below]
        out = [n + 2 * p - k + 1 for n, p, k in zip(sizes, padding, kernel, strict=True)]
        if min(out) < 1:
            raise ValueError(
                f"{name}: kernel {kernel[0]}x{kernel[1]} with padding {padding[0]}, {padding[1]} "
                f"does not fit its input of {sizes[0]}x{sizes[1]}"
            )
        shapes[name] = Shape(maps, *out)

    def pool(name: str, below: str, layer: Pool) -> None:
        features, *sizes = shapes[below]
        if layer.stride > layer.window:
            raise ValueError(f"{name}: stride {layer.stride} skips inputs of window {layer.window}")
        if layer.window > min(sizes):
            raise ValueError(f"{name}: window {layer.window} does not fit its input of {sizes[0]}x{sizes[1]}")
        shapes[name] = Shape(features, *(-(-(n - layer.window) // layer.stride) + 1 for n in sizes))

    gabor = config.conv1
    convolve("conv1", "input", gabor.orientations, (gabor.kernel,) * 2, (gabor.padding,) * 2)
    pool("pool1", "conv1", config.pool1)
    convolve("conv2", "pool1", config.conv2.maps, config.conv2.kernel, config.conv2.padding)
    pool("pool2", "conv2", config.pool2)
    convolve("conv3", "pool2", config.conv3.maps, config.conv3.kernel, config.conv3.padding)
    return shapes


def shipped() -> dict[str, Path]:
    """The configurations that come with the package, by name."""
    return {path.stem: path for path in sorted(Path(__file__).parent.glob("*.toml"))}


def load(source: str | Path, **overrides: Any) -> Config:
    """Read a configuration from a TOML file, or by the name of one that comes with the package.

    `overrides` replace top-level keys, e.g. ``seed=3``.

    Raises
    ------
    SpikeSegError
        No such file, not TOML, an unknown key, a value out of range, or a geometry that does not fit.
    """
    path, content = read(source)
    return validate({**content, **overrides}, str(path))


def read(source: str | Path) -> tuple[Path, dict[str, Any]]:
    """File and content, not checked yet, of what `load` takes. Raises SpikeSegError where there is none."""
    path = shipped().get(str(source), Path(source))
    try:
        return path, read_toml(path)
    except FileNotFoundError as error:
        names = ", ".join(shipped())
        raise SpikeSegError(f"no configuration {source}: neither a file nor one of {names}") from error


def read_toml(path: Path) -> dict[str, Any]:
    """Content of a TOML file.

    Raises
    ------
    FileNotFoundError
        There is none.
    SpikeSegError
        It cannot be read.
    """
    try:
        with path.open("rb") as file:
            return tomllib.load(file)
    except FileNotFoundError:
        raise
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SpikeSegError(f"{path} cannot be read as TOML: {error}") from error


def validate(content: dict[str, Any], where: str) -> Config:
    """Check a configuration's content. Raises SpikeSegError with one line that names every wrong key."""
    return checked(Config, content, where)


def checked(schema: type[Checked], content: dict[str, Any], where: str) -> Checked:
    """Content as what its schema makes of it. Raises SpikeSegError with one line that names every wrong key."""
    try:
        return schema.model_validate(content)
    except ValidationError as error:
        raise SpikeSegError(f"{where}: " + "; ".join(_explain(e) for e in error.errors())) from error


def _explain(error: Any) -> str:
    key = ".".join(str(part) for part in error["loc"])
    if error["type"] == "extra_forbidden":
        return f"unknown key {key}"
    message = error["msg"].removeprefix("Value error, ")
    return f"{key}: {message}" if key else message
