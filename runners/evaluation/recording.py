"""Encode a part of a dataset and write the spikes of every layer to disk."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

from spikeseg.provenance import provenance
from spikeseg.recording import description_file, save_recording
from spikeseg.spikes import Spikes

from ...datasets.sample import Sample
from ...datasets.stimuli import samples, stimuli
from ..inference.encoding import batch_size, joined, open_encoder
from .selection import Selection


def record(
    selection: Selection,
    out: Path,
    device: str = "cpp_standalone",
    progress: Callable[[int], None] = lambda done: None,
    jobs: int = 1,
) -> dict[str, Spikes]:
    """Encode the selected pictures and write their spikes to `out` (.npz), with a description beside it (.json).

    Parameters
    ----------
    selection
        The network, and the pictures or recordings.
    out
        The file to write.
    device
        Where Brian2 simulates.
    progress
        Receives the number of stimuli done.
    jobs
        Number of simulations at a time.

    Returns
    -------
    Spikes of ``input, conv1, pool1, conv2, pool2, conv3``.

    Raises
    ------
    SpikeSegError
        A picture cannot be read, the simulation fails, `out` is not an .npz, or the file system refuses.
    """
    out = Path(out)
    description_file(out)  # checks the suffix before the work, not after it
    network, config = selection.network, selection.network.config
    shown: list[Sample] = []

    def chunks() -> Iterator[Spikes]:
        """Yield batches of stimuli; they are read when a job is free, while other jobs simulate."""
        every = samples(selection.dataset, selection.indices, config.input)
        while batch := list(islice(every, batch_size(len(selection.indices), jobs))):
            shown.extend(batch)
            yield stimuli([sample.view for sample in batch], config.input, selection.size)

    with open_encoder(config, selection.size, device, jobs) as encoder:
        spikes = joined(encoder.encode_each(network, chunks()), progress)
    description = {
        "names": [sample.name for sample in shown],
        "labels": [sample.targets[0].label for sample in shown],
        "source": selection.source,
        "dt_ms": config.input.dt_ms,
        "steps": config.input.total_steps,
        "t_start_ms": 0.0,
        "t_stop_ms": config.input.total_steps * config.input.dt_ms,
        "seed": config.seed,
        "config": config.digest(),
    }
    save_recording(out, spikes, description | provenance(None, device))
    return spikes
