"""Simulated N-Caltech101: pictures become recordings, and boxes go along."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from spikeseg.boxes import Box
from spikeseg.datasets.caltech101 import Caltech101
from spikeseg.datasets.camera.dvs import Camera
from spikeseg.datasets.camera.n_caltech_sim import LARGEST, MARGIN, NCaltechSim
from spikeseg.datasets.camera.saccades import DURATION_US, triangle
from spikeseg.datasets.events.events import check
from spikeseg.datasets.events.formats import read_events
from spikeseg.datasets.sample import Sample, Target
from spikeseg.errors import SpikeSegError


class Pictures:
    """A dataset of given pictures, each with one box."""

    def __init__(self, *pictures: tuple[np.ndarray, Box | None]):
        self.pictures = pictures
        self.names = [f"squares/{index}" for index in range(len(pictures))]
        self.labels = ["square"] * len(pictures)

    def __len__(self) -> int:
        return len(self.pictures)

    def __getitem__(self, index: int) -> Sample:
        image, box = self.pictures[index]
        return Sample(self.names[index], image, (Target("square", box),))

    def __iter__(self):
        return (self[index] for index in range(len(self)))


def square(level: int = 230, rows: int = 90, columns: int = 120) -> tuple[np.ndarray, Box]:
    """A bright square on grey."""
    image = np.full((rows, columns, 3), 90, np.uint8)
    image[30:60, 40:80] = level
    return image, Box(30, 40, 60, 80)


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("SPIKESEG_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.mark.parametrize(("rows", "columns"), [(90, 120), (300, 200), (100, 400), (331, 511)])
def test_a_picture_is_fitted_to_the_largest_size_in_its_proportions(rows, columns):
    take = NCaltechSim(Pictures((np.zeros((rows, columns, 3), np.uint8), None)), 0)[0]
    shown = np.array(take.recording.size) + MARGIN
    assert np.any(shown == LARGEST)
    assert np.all(shown <= LARGEST)
    assert shown[0] / shown[1] == pytest.approx(rows / columns, rel=0.03)
    assert take.targets(0)[0].box is None


def test_names_and_labels_are_those_of_the_pictures():
    pictures = Pictures(square(), square(30))
    recordings = NCaltechSim(pictures, 0)
    assert len(recordings) == 2
    assert list(recordings.names) == pictures.names
    assert list(recordings.labels) == pictures.labels
    assert recordings[1].recording.name == pictures.names[1]
    assert recordings[1].targets(0)[0].label == "square"


def test_a_recording_is_sound_and_lasts_300_ms():
    recording = NCaltechSim(Pictures(square()), 0)[0].recording
    check(recording.events, recording.size, "recording")
    assert 1 <= recording.events["t"][0] < 10_000
    assert DURATION_US - 10_000 < recording.events["t"][-1] <= DURATION_US


def test_events_lie_on_the_edges_of_the_box_at_every_time():
    take = NCaltechSim(Pictures(square()), 0)[0]
    events, seen = take.recording.events, 0
    for start in range(20_000, 290_000, 5000):
        part = events[(events["t"] > start) & (events["t"] <= start + 5000)]
        box = take.targets(start + 2500)[0].box
        along = {"x": (box.left, box.right), "y": (box.top, box.bottom)}
        for field, other in (("x", "y"), ("y", "x")):
            beside = (part[other] > along[other][0] + 4) & (part[other] < along[other][1] - 4)  # no corners
            for edge in along[field]:
                offset = part[field][beside] + 0.5 - edge
                offset = offset[np.abs(offset) < 6]
                if len(offset) > 50:  # the edge moves
                    seen += 1
                    assert abs(np.median(offset)) < 1.2
    assert seen > 50


def test_boxes_are_scaled_move_with_the_picture_and_come_back():
    image, box = square(rows=90, columns=120)
    targets = NCaltechSim(Pictures((image, box)), 0)[0].targets
    boxes = np.array([targets(t)[0].box for t in range(0, DURATION_US + 1, 10_000)])
    moved = np.array([triangle(t)[:2] for t in range(0, DURATION_US + 1, 10_000)])
    np.testing.assert_allclose(boxes[:, :2] - moved, np.tile(np.array(box[:2]) * 2 - MARGIN / 2, (31, 1)), atol=1e-9)
    np.testing.assert_allclose(boxes[:, 2:] - boxes[:, :2], np.tile([60, 80], (31, 1)), atol=1e-9)
    np.testing.assert_allclose(boxes[0], boxes[-1], atol=1e-9)
    assert np.ptp(boxes[:, 0]) > 4
    assert np.ptp(boxes[:, 1]) > 4


def test_boxes_are_clipped_to_the_sensor():
    image, _ = square()
    take = NCaltechSim(Pictures((image, Box(0, 0, 90, 120))), 0)[0]
    for t in range(0, DURATION_US, 20_000):
        assert take.targets(t)[0].box == Box(0, 0, *take.recording.size)


def test_the_first_saccade_darkens_below_and_brightens_above_a_dark_square():
    """The picture moves down: a dark square covers grey below it, and uncovers grey above it."""
    take = NCaltechSim(Pictures(square(20)), 0)[0]
    events = take.recording.events
    early = events[events["t"] < 36_000]  # before the pan starts
    box = take.targets(0)[0].box
    middle = (early["x"] > box.left + 8) & (early["x"] < box.right - 8)
    above, below = (middle & (np.abs(early["y"] + 0.5 - edge) < 5) for edge in (box.top, box.bottom))
    assert np.mean(early["p"][above]) > 0.9
    assert np.mean(early["p"][below]) < -0.9


def test_same_seed_same_bits_in_any_order_and_other_seeds_and_pictures_differ(cache, monkeypatch):
    pictures = Pictures(square(), square(200))
    first = [take.recording.events for take in map(NCaltechSim(pictures, 3).__getitem__, (0, 1))]
    monkeypatch.setenv("SPIKESEG_CACHE", str(cache / "other"))
    again = [take.recording.events for take in map(NCaltechSim(pictures, 3).__getitem__, (1, 0))]
    np.testing.assert_array_equal(first[0], again[1])
    np.testing.assert_array_equal(first[1], again[0])
    assert not np.array_equal(first[0], first[1])
    assert not np.array_equal(first[0], NCaltechSim(pictures, 4)[0].recording.events)


def test_a_recording_is_rendered_once(monkeypatch):
    recordings = NCaltechSim(Pictures(square()), 0)
    first = recordings[0].recording.events
    with monkeypatch.context() as patch:
        patch.setattr(Camera, "film", lambda *_: pytest.fail("rendered again"))
        np.testing.assert_array_equal(recordings[0].recording.events, first)
    other = NCaltechSim(Pictures(square(201)), 0)[0].recording.events  # same name, another picture
    assert not np.array_equal(other, first)


@pytest.mark.parametrize("damage", [b"", b"nonsense", None])
def test_a_damaged_file_in_the_cache_is_made_anew(cache, damage):
    recordings = NCaltechSim(Pictures(square()), 0)
    first = recordings[0].recording.events
    (file,) = (cache / "n-caltech-sim").iterdir()
    whole = file.read_bytes()
    file.write_bytes(whole[: len(whole) // 2] if damage is None else damage)
    np.testing.assert_array_equal(recordings[0].recording.events, first)
    assert len(file.read_bytes()) == len(whole)


def test_a_picture_that_is_too_narrow_is_refused_by_name():
    with pytest.raises(SpikeSegError, match=r"squares/0 of 5 x 400 pixels is too narrow"):
        NCaltechSim(Pictures((np.zeros((5, 400, 3), np.uint8), None)), 0)[0]


def test_what_the_cache_holds_is_a_recording_that_the_readers_read(cache):
    recording = NCaltechSim(Pictures(square()), 0)[0].recording
    (file,) = (cache / "n-caltech-sim").iterdir()
    read = read_events(file)
    assert read.size == recording.size
    np.testing.assert_array_equal(read.events, recording.events)


@pytest.mark.data
def test_the_recorded_face_and_its_picture_simulated_are_alike(caltech):
    """The recorded picture is a part of Faces/image_0001.jpg; which one was found by fitting the two."""
    from spikeseg.analysis.measures.event_comparison import rate_correlation, rows, summarise

    file = caltech.parent / "events" / "n-caltech101" / "Caltech101" / "Faces_easy" / "image_0001.bin"
    if not file.is_file():
        pytest.skip(f"no recording: {file} is missing")
    image = Caltech101(caltech, ["Faces"])[0].image[3:335, 203:492]
    simulated = NCaltechSim(Pictures((np.ascontiguousarray(image), None)), 0)[0].recording
    recorded = read_events(file)
    assert np.abs(np.subtract(simulated.size, recorded.size)).max() <= 1
    ours, theirs = summarise([simulated]), summarise([recorded])
    assert rate_correlation(ours, theirs) > 0.95
    for name, value in rows(theirs).items():
        allowed = 0.4 if "10 %" in name else 0.15  # the shortest intervals are longer in the simulation
        assert rows(ours)[name] == pytest.approx(value, rel=allowed), name


@pytest.mark.data
def test_real_pictures_keep_their_objects_in_sight(caltech):
    recordings = NCaltechSim(Caltech101(caltech, ["Faces", "Motorbikes"]), 0)
    for index in (0, len(recordings) - 1):
        take = recordings[index]
        for t in (0, 90_000, 210_000):
            (target,) = take.targets(t)
            assert target.label == recordings.labels[index]
            assert target.box.area > 0.1 * np.prod(take.recording.size)
