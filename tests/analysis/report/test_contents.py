"""What a page compares a run with."""

from __future__ import annotations

import pytest

from spikeseg.analysis.report.contents import published
from spikeseg.configs import load
from spikeseg.configs.reading import shipped

MANY_CLASSES = "dog-caltech-three", "n-mnist", "ornaments-sim"


@pytest.mark.parametrize("name", [name for name in shipped() if name not in MANY_CLASSES])
def test_the_papers_experiments_are_compared_with_its_table(name):
    assert published(load(name).data) is not None


@pytest.mark.parametrize("classes", [["cup", "pen"], ["Faces", "pen"], ["Faces", "Motorbikes", "pen"]])
def test_other_classes_are_not_compared_with_the_paper(classes):
    assert published(load("dog-caltech", {"data.classes": classes, "conv3.maps": 3}).data) is None
