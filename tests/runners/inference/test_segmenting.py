"""How pictures are presented: with more events where there may be several objects."""

from __future__ import annotations

import numpy as np
import pytest

from spikeseg.models.network import TrainedNetwork
from spikeseg.runners.inference.density import DENSITY
from spikeseg.runners.inference.segmenting import Segmenter


class SeenError(Exception):
    """Enough was seen."""


class Encoder:
    """Keeps the number of events that it is given, and goes no further."""

    ahead = False

    def encode_parts(self, network, inputs, most):
        self.events = len(inputs)
        raise SeenError


@pytest.mark.parametrize(("classes", "share"), [(None, 1), (["orange", "panda"], DENSITY)])
def test_pictures_with_several_objects_have_more_events(trained, classes, share):
    network = TrainedNetwork.load(trained / "network.npz")
    encoder = Encoder()
    segmenter = Segmenter(network, ((network.config.input.size, encoder),))
    picture = np.random.default_rng(0).integers(0, 256, network.config.input.size).astype(np.uint8)
    with pytest.raises(SeenError):
        next(segmenter.segment([picture], classes))
    assert encoder.events == round(share * network.config.input.dog.events)
