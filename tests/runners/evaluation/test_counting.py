"""Objects of recordings are counted buffer by buffer against those that are there."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import spikeseg
from spikeseg.datasets.camera import ornament_groups_sim
from spikeseg.errors import SpikeSegError
from spikeseg.runners.evaluation.counting import count_objects
from spikeseg.runners.evaluation.variants import multi_object_scenes


@pytest.fixture
def selection(monkeypatch, tmp_path):
    monkeypatch.setenv("SPIKESEG_CACHE", str(tmp_path))
    monkeypatch.setattr(ornament_groups_sim, "DURATION_US", 60_000)
    chosen = spikeseg.select("orange-panda-sim", None, "validation")
    return replace(chosen, indices=chosen.indices[:1])


def test_each_buffer_of_a_recording_is_a_scene_with_its_objects(selection):
    done: list[int] = []
    counting = count_objects(multi_object_scenes(selection, "validation", 2, False, None), "numpy", done.append)
    assert (counting.report.scenes, counting.report.objects, done) == (2, 4, [1, 1])
    assert sum(counting.report.counts["2"].values()) == 2
    assert counting.report.found is not None
    assert counting.report.found >= 0.5  # boxes are compared in the same pixels
    assert [match.label for match in counting.scenes[0].matches] == ["orange", "orange"]


def test_recordings_whose_scenes_cannot_be_made_are_refused(selection):
    data = selection.network.config.data.model_copy(update={"dataset": "n-mnist"})
    network = replace(selection.network, config=selection.network.config.model_copy(update={"data": data}))
    chosen = replace(selection, network=network, indices=np.arange(40))
    with pytest.raises(SpikeSegError, match="recordings"):
        multi_object_scenes(chosen, "validation", 2, False, None)
