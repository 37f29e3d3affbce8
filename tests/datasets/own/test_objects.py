"""Datasets that a program brings: trained on and evaluated as they are, or refused in one line."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

import spikeseg
from helpers import event_files
from helpers.own import CLASSES, events_of, tiny, write_pictures
from spikeseg.analysis.decoding.segmentation import Segmentation
from spikeseg.datasets.catalogue import open_dataset
from spikeseg.datasets.own.pictures import OwnPictures
from spikeseg.datasets.stimuli import samples, stimuli
from spikeseg.errors import SpikeSegError


class Pictures:
    """The least that a dataset is."""

    def __init__(self, count: int = 6):
        self.labels = [CLASSES[index % 2] for index in range(count)]
        self.names = [f"picture {index}" for index in range(count)]

    def __len__(self) -> int:
        return len(self.names)

    def __getitem__(self, index: int) -> spikeseg.Sample:
        picture = np.random.default_rng(index).integers(150, 200, (64, 64), dtype=np.uint8)
        place = (slice(8, 56), slice(16, 32)) if self.labels[index] == "bar" else (slice(20, 50), slice(20, 50))
        picture[place] = 30
        target = spikeseg.Target(self.labels[index], spikeseg.Box(place[0].start, place[1].start, place[0].stop, 50))
        return spikeseg.Sample(self.names[index], picture, (target,))


def test_it_is_trained_on_and_evaluated(tmp_path, monkeypatch):
    dataset, config = Pictures(), tiny("object")
    network = spikeseg.train(config, dataset, tmp_path / "run", "numpy")
    selection = spikeseg.select(tmp_path / "run", dataset, "test")
    report = spikeseg.evaluate(selection, "numpy").report
    assert (report.n, report.n_boxes, selection.source, network.data) == (2, 2, "Pictures", None)
    monkeypatch.setattr(Segmentation, "is_present", lambda *_: False)
    examples = spikeseg.evaluate(selection, "numpy").examples
    assert [example.segmentations for example in examples] == [[], []]  # nothing is drawn that does not count as found
    with pytest.raises(SpikeSegError, match=r"data\.dataset is object: a Python program gives it"):
        spikeseg.select(tmp_path / "run", None, "test")
    renamed = but(names=[f"other {name}" for name in dataset.names])
    with pytest.raises(SpikeSegError, match="pictures of the stored split"):
        spikeseg.select(tmp_path / "run", renamed, "test")


def but(**changes) -> Pictures:
    dataset = Pictures()
    for name, value in changes.items():
        setattr(dataset, name, value)
    return dataset


@pytest.mark.parametrize(
    ("dataset", "told"),
    [
        ([], "list is no dataset: it lacks names, labels"),
        (but(names=["a"]), "Pictures has 1 items, 1 names and 6 labels"),
        (but(names=["a"] * 6), "Pictures has two items named a"),
        (but(labels=["bar", "cup"] * 3), "Pictures has items of cup, which data.classes lacks"),
        (but(labels=["bar"] * 6), "Pictures has no item of disc"),
    ],
)
def test_what_is_no_dataset_is_told(dataset, told):
    with pytest.raises(SpikeSegError) as caught:
        open_dataset(tiny("object"), dataset)
    assert told in str(caught.value)


def test_items_and_input_belong_together():
    with pytest.raises(SpikeSegError, match=r"items of type Sample, but \[input\.buffer\] needs Take"):
        open_dataset(tiny("object", events=True), Pictures())


def test_the_configuration_says_that_it_is_an_object(tmp_path):
    with pytest.raises(SpikeSegError, match=r"data\.dataset is folder: set it to \"object\""):
        open_dataset(tiny("folder"), Pictures())
    with pytest.raises(SpikeSegError, match=r"data\.dataset is object"):
        open_dataset(tiny("object"), tmp_path)


def test_the_datasets_of_the_package_are_objects_too(tmp_path):
    pictures = OwnPictures(write_pictures(tmp_path), CLASSES)
    assert open_dataset(tiny("object"), pictures) is pictures


class Pairs:
    """The shape of a dataset of Tonic."""

    sensor_size = (64, 48, 2)

    def __init__(self, kind: type = int):
        self.targets = [0, 1, 2] * 3
        self._kind = kind

    def __len__(self) -> int:
        return len(self.targets)

    def __getitem__(self, index: int):
        fields = np.dtype([("x", int), ("y", int), ("t", int), ("p", self._kind)])
        label = CLASSES[min(self.targets[index], 1)]
        return np.array([(e.x, e.y, e.t, e.p > 0) for e in events_of(label, index)], fields), self.targets[index]


@pytest.mark.parametrize("kind", [int, bool])
def test_pairs_of_tonic_are_recordings(kind):
    dataset = spikeseg.from_tonic(Pairs(kind), classes=["0", "1"])
    assert dataset.names == ["0/00000", "1/00001", "0/00003", "1/00004", "0/00006", "1/00007"]
    assert dataset.labels == ["0", "1"] * 3
    take = dataset[3]
    np.testing.assert_array_equal(take.recording.events, event_files.as_array(events_of("disc", 4)))
    assert (take.recording.size, take.targets(0)) == ((48, 64), (spikeseg.Target("1", None),))


def test_pairs_of_tonic_become_stimuli():
    config = tiny("object", events=True, classes=["0", "1"])
    dataset = open_dataset(config, spikeseg.from_tonic(Pairs(), classes=["0", "1"]))
    shown = list(samples(dataset, [0, 1], config.input))
    assert [sample.targets[0].label for sample in shown] == ["0", "0", "1", "1"]
    spikes = stimuli([sample.view for sample in shown], config.input, config.input.size)
    assert np.bincount(spikes.stimulus).min() > 20


def test_labels_are_read_from_the_pairs_where_there_is_no_list():
    pairs = Pairs()
    unlisted = [pairs[index] for index in range(3)]
    dataset = spikeseg.from_tonic(unlisted, size=(48, 64))
    assert dataset.labels == ["0", "1", "2"]


def test_what_does_not_fit_in_pairs_is_told():
    with pytest.raises(SpikeSegError, match="list does not say the size of its sensor: give size"):
        spikeseg.from_tonic([])
    with pytest.raises(SpikeSegError, match="Pairs has no recording of 7; it has 0, 1, 2"):
        spikeseg.from_tonic(Pairs(), classes=["7"])
    frames = SimpleNamespace(frames=np.zeros((3, 2, 4, 4)))
    with pytest.raises(SpikeSegError, match="0/00000 is no structured array with fields x, y, t, p: leave out"):
        spikeseg.from_tonic([(frames.frames, 0)], size=(48, 64))[0]
    with pytest.raises(SpikeSegError, match=r"x = .* is off the sensor"):
        spikeseg.from_tonic(Pairs(), size=(8, 8))[0]


def test_tonic_itself():
    tonic = pytest.importorskip("tonic")

    class Shapes(tonic.Dataset):
        sensor_size = (64, 48, 2)

        def __init__(self, where: str):
            super().__init__(where)
            self.targets = ["bar", "disc"]

        def __len__(self) -> int:
            return 2

        def __getitem__(self, index: int):
            x, y, t, p = (np.array(field) for field in zip(*events_of(self.targets[index], 0), strict=True))
            return tonic.io.make_structured_array(x, y, t, p > 0), self.targets[index]

    dataset = spikeseg.from_tonic(Shapes("nowhere"))
    expected = event_files.as_array(events_of("bar", 0))
    np.testing.assert_array_equal(dataset[0].recording.events, expected)
    assert replace(dataset[0].recording, events=None).size == (48, 64)
