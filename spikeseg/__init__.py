"""SpikeSEG on Brian2: spiking, unsupervised semantic segmentation.

Data flow in one direction: ``datasets -> runners(models(equations)) -> spikes on disk -> analysis``.

The Python API follows the command line. Each name is imported when it is first used, so ``import spikeseg`` is fast.
Simulations import Brian2 in a process of their own, so that its settings, device and signal handlers in this one stay
as they are; only `ConvSynapses` imports it here.

=====================  =============================================================================
`load_config`          a TOML file or a bundled configuration, checked
`open_dataset`         the pictures or recordings that a configuration names, with their objects
`from_tonic`           a dataset of Tonic, as recordings for `train` and `select`
`read_picture`         any picture file as an RGB array
`read_events`          all events of an event camera's recording
`open_events`          a context manager: the same in packets, from a file or a stream
`open_stream`          a context manager: packets of events in; class, mask, box and latency out
`open_tracks`          a context manager: packets of events in; all objects out, numbered over time
`train`                learn by STDP, layer by layer, into a run directory; an interrupted run resumes
`load_network`         the trained network of a run, or a bundled network
`open_segmenter`       a context manager: pictures in; class, mask, box and saliency out
`select`               a network and a part of its dataset, for `encode` and `evaluate`
`on_canvas`            the same pictures at random places and scales: the shifted test
`overlapping`          pairs of overlapping rendered objects instead of single ones
`multi_object_scenes`  scenes of several objects, for `count_objects`
`encode`               write the spikes of every layer to disk
`load_recording`       read the spikes that `encode` wrote
`evaluate`             accuracy and mIoU beside the baselines
`linear_readout`       what the spikes of some layers say about the class: supervised, fitted to training labels
`population_readouts`  answers of all Conv3 maps together, assigned by training labels, and of a readout they teach
`count_objects`        segment every object of each scene and count them (docs/instances.md)
`Sample`, `Take`       a picture, a recording, with its objects: what a dataset of your own gives
`Target`, `Box`        an object: class, box, mask
`Recording`            events, and the size of their sensor
`ConvSynapses`         convolutions for any Brian2 model (docs/conv-synapses.md)
`Window`, `Shape`      the geometry of a convolution, and the size of a layer
=====================  =============================================================================

Your own data are a directory, or an object: with ``data.dataset = "object"``, `train` and `select` take anything that
has names, labels, a length and, by index, a `Sample` (a picture) or a `Take` (a recording) with its `Target`::

    config = load_config("orange-panda", {"data.dataset": "object", "data.classes": ["cup", "pen"]})
    train(config, dataset, Path("run"))
    evaluate(select("run", dataset, "test"))

A user's mistake raises `SpikeSegError`; its message is one line that says what to do.
"""

# In a checkout the sub-packages are folders beside this one, where a type checker does not look for them.
# pyright: reportMissingImports=false

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .errors import SpikeSegError
from .version import __version__

# Python started in a checkout finds this folder before the installed package: the others lie beside it.
if not Path(__file__).with_name("runners").exists():
    __path__.append(str(Path(__file__).resolve().parents[1]))

if TYPE_CHECKING:
    from .boxes import Box
    from .configs import load as load_config
    from .datasets.catalogue import open_dataset
    from .datasets.events.events import Recording
    from .datasets.events.formats import open_events, read_events
    from .datasets.own.tonic import from_tonic
    from .datasets.pictures import read_picture
    from .datasets.recordings import Take
    from .datasets.sample import Sample, Target
    from .models.conv_synapses import ConvSynapses
    from .models.geometry import Window
    from .recording import load_recording
    from .runners.evaluation.counting import count_objects
    from .runners.evaluation.evaluation import evaluate_selection as evaluate
    from .runners.evaluation.readouts import linear_readout, population_readouts
    from .runners.evaluation.recording import record as encode
    from .runners.evaluation.selection import select
    from .runners.evaluation.variants import multi_object_scenes, on_canvas, overlapping
    from .runners.inference.segmenting import open_segmenter
    from .runners.inference.streaming import open_stream
    from .runners.inference.tracking import open_tracks
    from .runners.training.directory import load_network
    from .runners.training.training import train
    from .spikes import Shape

__all__ = [
    "Box",
    "ConvSynapses",
    "Recording",
    "Sample",
    "Shape",
    "SpikeSegError",
    "Take",
    "Target",
    "Window",
    "__version__",
    "count_objects",
    "encode",
    "evaluate",
    "from_tonic",
    "linear_readout",
    "load_config",
    "load_network",
    "load_recording",
    "multi_object_scenes",
    "on_canvas",
    "open_dataset",
    "open_events",
    "open_segmenter",
    "open_stream",
    "open_tracks",
    "overlapping",
    "population_readouts",
    "read_events",
    "read_picture",
    "select",
    "train",
]

_HOME = {
    "Box": ("boxes", "Box"),
    "ConvSynapses": ("models.conv_synapses", "ConvSynapses"),
    "Recording": ("datasets.events.events", "Recording"),
    "Sample": ("datasets.sample", "Sample"),
    "Shape": ("spikes", "Shape"),
    "Take": ("datasets.recordings", "Take"),
    "Target": ("datasets.sample", "Target"),
    "Window": ("models.geometry", "Window"),
    "count_objects": ("runners.evaluation.counting", "count_objects"),
    "encode": ("runners.evaluation.recording", "record"),
    "evaluate": ("runners.evaluation.evaluation", "evaluate_selection"),
    "from_tonic": ("datasets.own.tonic", "from_tonic"),
    "multi_object_scenes": ("runners.evaluation.variants", "multi_object_scenes"),
    "linear_readout": ("runners.evaluation.readouts", "linear_readout"),
    "load_config": ("configs", "load"),
    "load_network": ("runners.training.directory", "load_network"),
    "load_recording": ("recording", "load_recording"),
    "on_canvas": ("runners.evaluation.variants", "on_canvas"),
    "open_dataset": ("datasets.catalogue", "open_dataset"),
    "open_events": ("datasets.events.formats", "open_events"),
    "open_segmenter": ("runners.inference.segmenting", "open_segmenter"),
    "open_stream": ("runners.inference.streaming", "open_stream"),
    "open_tracks": ("runners.inference.tracking", "open_tracks"),
    "population_readouts": ("runners.evaluation.readouts", "population_readouts"),
    "overlapping": ("runners.evaluation.variants", "overlapping"),
    "read_events": ("datasets.events.formats", "read_events"),
    "read_picture": ("datasets.pictures", "read_picture"),
    "select": ("runners.evaluation.selection", "select"),
    "train": ("runners.training.training", "train"),
}


def __getattr__(name: str) -> Any:
    """Import a name of the API when it is first used (PEP 562)."""
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module, attribute = _HOME[name]
    return getattr(import_module(f".{module}", __name__), attribute)


def __dir__() -> list[str]:
    return __all__
