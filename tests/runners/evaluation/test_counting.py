"""Objects of recordings are counted buffer by buffer against those that are there."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from helpers.networks import configuration, random_network
from spikeseg.datasets.camera import ornament_groups_sim
from spikeseg.datasets.camera.orange_panda_sim import OrangePandaSim
from spikeseg.errors import SpikeSegError
from spikeseg.models.network import TrainedNetwork
from spikeseg.runners.evaluation.counting import count_objects
from spikeseg.runners.evaluation.selection import Selection
from spikeseg.runners.evaluation.variants import multi_object_scenes
from spikeseg.runners.training.directory import Run

ROWS, COLUMNS = 130, 173


def selected(dataset: str) -> Selection:
    config = configuration(
        data={"dataset": dataset, "classes": ["orange", "panda"], "test": 1},
        input={"rows": ROWS, "columns": COLUMNS, "dog": None, "buffer": {"duration_ms": 30, "fit": "bin"}},
        conv1={"orientations": 2, "kernel": 3},
        pool1={"window": 4, "stride": 4},
        conv2={"maps": 2, "kernel": [3, 3], "padding": [1, 1]},
        pool2={"window": 4, "stride": 4},
        conv3={"maps": 2, "kernel": [3, 3], "padding": [1, 1]},
    )
    network: TrainedNetwork = replace(random_network(config, 4, "tenths"), map_labels=("orange", "panda"))
    return Selection(network, Run(Path("run")), OrangePandaSim(1, 0), np.arange(1), "simulated", config.input.size)


@pytest.fixture
def short(monkeypatch, tmp_path):
    monkeypatch.setenv("SPIKESEG_CACHE", str(tmp_path))
    monkeypatch.setattr(ornament_groups_sim, "DURATION_US", 60_000)


def test_each_buffer_of_a_recording_is_a_scene_with_its_objects(short):
    done: list[int] = []
    scenes = multi_object_scenes(selected("orange-panda-sim"), "validation", 2, False, None)
    counting = count_objects(scenes, "numpy", done.append)
    assert (counting.report.scenes, counting.report.objects, done) == (2, 4, [1, 1])
    matches = [match for scene in counting.scenes for match in scene.matches]
    assert [match.label for match in matches] == ["orange"] * 4
    edges = np.array([match.box for match in matches])
    assert (edges[:, 2:] <= (ROWS, COLUMNS)).all()  # in pixels of the input, as what is found
    assert (edges[:, 2] - edges[:, 0]).min() > 0.3 * ROWS
    assert {len(scene.matches) for scene in counting.scenes} == {2}


def test_recordings_whose_scenes_cannot_be_made_are_refused():
    with pytest.raises(SpikeSegError, match=r"recordings|pictures"):
        multi_object_scenes(selected("n-mnist"), "validation", 2, False, None)
