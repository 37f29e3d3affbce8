"""Several ornaments before a simulated camera: each is an object of its own, also two of one class."""

from __future__ import annotations

import numpy as np
import pytest

from spikeseg.datasets.camera import ornament_groups_sim
from spikeseg.datasets.camera.crossing import SIZE
from spikeseg.datasets.camera.ornament_groups_sim import OrnamentGroupsSim
from spikeseg.datasets.rendered.ornament_groups import OrnamentGroups


@pytest.fixture
def take(monkeypatch, tmp_path):
    """Reads a recording of a few milliseconds that is not there yet."""
    monkeypatch.setenv("SPIKESEG_CACHE", str(tmp_path))
    monkeypatch.setattr(ornament_groups_sim, "DURATION_US", 6_000)
    return lambda *options: OrnamentGroupsSim(OrnamentGroups(2, 5, SIZE, *options))[0]


@pytest.mark.parametrize(("alike", "classes"), [(True, 1), (False, 2)])
def test_every_object_is_a_target(take, alike, classes):
    targets = take(2, alike).targets(3000)
    assert len(targets) == 2
    assert len({target.label for target in targets}) == classes
    assert not (targets[0].mask & targets[1].mask).any()
    assert all(target.mask.shape == SIZE and target.mask.sum() > 1000 for target in targets)


def test_the_nearer_one_of_two_that_overlap_hides_a_part(take):
    apart, far = take(2, True).targets(0), take(2, True, 0.5).targets(0)
    assert len(far) == 2
    assert not (far[0].mask & far[1].mask).any()
    assert far[0].box.left < far[1].box.right
    assert far[1].box.left < far[0].box.right  # side by side, one of them would not hold
    assert apart[0].box.right <= apart[1].box.left or apart[1].box.right <= apart[0].box.left


def test_the_same_seed_gives_the_same_events(take):
    events = take(2, False).recording.events
    assert len(events) > 100
    np.testing.assert_array_equal(take(2, False).recording.events, events)
