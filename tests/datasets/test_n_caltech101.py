"""N-Caltech101 in its official layout: recordings, and the contours of boxes and objects that go with them."""

from __future__ import annotations

import struct

import numpy as np
import pytest

from helpers.event_files import Event, as_array, atis
from spikeseg.boxes import Box
from spikeseg.datasets.camera.saccades import DURATION_US, triangle
from spikeseg.datasets.n_caltech101 import LARGEST, NCaltech101
from spikeseg.errors import SpikeSegError

EVENTS = [Event(59, 0, 10, 1), Event(0, 39, 20, -1), Event(5, 5, DURATION_US, 1)]  # 40 rows, 60 columns
CORNERS = [(11, 6), (30, 6), (30, 25), (11, 25), (11, 6)]  # x and y on MATLAB's pixels, closed
CONTOUR = [(11, 6), (30, 6), (30, 25)]


def contour(points, rows=2) -> bytes:
    """As the authors write it: int16 rows, int16 columns, column after column."""
    return struct.pack(f"<{2 + 2 * len(points)}h", rows, len(points), *(number for point in points for number in point))


def add(root, label, number, annotation: bytes | None, events=EVENTS):
    folder, annotations = root / "Caltech101" / label, root / "Caltech101_annotations" / label
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"image_{number:04d}.bin").write_bytes(atis(events))
    if annotation is not None:
        annotations.mkdir(parents=True, exist_ok=True)
        (annotations / f"annotation_{number:04d}.bin").write_bytes(annotation)


@pytest.fixture
def root(tmp_path):
    for label, numbers in (("Motorbikes", (2, 10)), ("Faces_easy", (7,)), ("ant", (1,))):
        for number in numbers:
            add(tmp_path, label, number, contour(CORNERS) + contour(CONTOUR))
    return tmp_path


def _moved(t_us: int) -> tuple[float, float]:
    """Rows and columns since the beginning."""
    start, now = triangle(0), triangle(t_us)
    return now.rows - start.rows, now.columns - start.columns


def test_recordings_of_the_asked_classes_come_sorted_by_name(root):
    dataset = NCaltech101(root, ["Motorbikes", "Faces_easy"])
    assert len(dataset) == 3
    assert list(dataset.names) == [
        "Faces_easy/image_0007.bin",
        "Motorbikes/image_0002.bin",
        "Motorbikes/image_0010.bin",
    ]
    assert list(dataset.labels) == ["Faces_easy", "Motorbikes", "Motorbikes"]


def test_a_recording_is_as_large_as_its_events_need(root):
    dataset = NCaltech101(root, ["ant"])
    recording = dataset[0].recording
    assert recording.name == "ant/image_0001.bin"
    assert recording.size == (40, 60)
    np.testing.assert_array_equal(recording.events, as_array(EVENTS))


def test_corners_on_matlabs_pixels_become_a_half_open_box(root):
    (target,) = NCaltech101(root, ["ant"])[0].targets(0)
    assert target.label == "ant"
    assert target.box == Box(top=5, left=10, bottom=25, right=30)


def test_a_mask_is_the_contours_inside_and_no_more(root):
    (target,) = NCaltech101(root, ["ant"])[0].targets(0)
    row, column = np.mgrid[:40, :60]
    inside = (row >= 5) & (column <= 29) & (column - 10 >= row - 5)  # the half of the box above its diagonal
    assert target.mask.shape == (40, 60)
    np.testing.assert_array_equal(target.mask, inside)


@pytest.mark.parametrize("t_us", [50_000, 100_000, 200_000, 250_000])
def test_the_object_moves_with_the_picture(root, t_us):
    take = NCaltech101(root, ["ant"])[0]
    (start,), (target,) = take.targets(0), take.targets(t_us)
    rows, columns = _moved(t_us)
    assert abs(rows) + abs(columns) > 1
    np.testing.assert_allclose(target.box, start.box.shifted(rows, columns))
    shifted = np.roll(start.mask, np.rint([rows, columns]).astype(int), axis=(0, 1))
    assert np.count_nonzero(target.mask ^ shifted) < 0.2 * np.count_nonzero(shifted)


def test_the_object_comes_back(root):
    take = NCaltech101(root, ["ant"])[0]
    np.testing.assert_allclose(take.targets(DURATION_US)[0].box, take.targets(0)[0].box, atol=1e-6)


def test_what_lies_over_the_sensors_edge_is_clipped(tmp_path):
    corners = [(-4, 30), (70, 30), (70, 50), (-4, 50)]
    add(tmp_path, "ant", 1, contour(corners) + contour(corners))
    (target,) = NCaltech101(tmp_path, ["ant"])[0].targets(0)
    assert target.box == Box(top=29, left=0, bottom=40, right=60)
    expected = np.zeros((40, 60), bool)
    expected[29:] = True
    np.testing.assert_array_equal(target.mask, expected)


def test_without_any_annotations_there_are_no_boxes(tmp_path):
    add(tmp_path, "ant", 1, None)
    (target,) = NCaltech101(tmp_path, ["ant"])[0].targets(0)
    assert (target.label, target.box, target.mask) == ("ant", None, None)


def test_a_recording_without_its_annotation_is_named_before_any_is_loaded(root):
    add(root, "Motorbikes", 3, None)
    with pytest.raises(SpikeSegError, match=r"Motorbikes/image_0003\.bin has no annotation: .*annotation_0003\.bin"):
        NCaltech101(root, ["Faces_easy", "Motorbikes"])


@pytest.mark.parametrize(
    "annotation",
    [
        b"",
        b"\x02\x00",
        contour(CORNERS),
        contour(CORNERS)[:-1] + contour(CONTOUR),
        (contour(CORNERS) + contour(CONTOUR))[:-2],
        contour(CORNERS, rows=3) + contour(CONTOUR),
        contour(CORNERS[:1]) + contour(CONTOUR),
        contour([]) + contour([]),
        struct.pack("<4h", 2, -5, 1, 1),
    ],
)
def test_a_damaged_annotation_is_named(tmp_path, annotation):
    add(tmp_path, "ant", 1, annotation)
    dataset = NCaltech101(tmp_path, ["ant"])
    with pytest.raises(SpikeSegError, match=r"annotation_0001\.bin does not hold the contours"):
        dataset[0]


def test_an_annotation_of_another_picture_is_named(tmp_path):
    elsewhere = [(x + 100, y) for x, y in CORNERS]
    add(tmp_path, "ant", 1, contour(elsewhere) + contour(CONTOUR))
    with pytest.raises(SpikeSegError, match=r"annotation_0001\.bin does not fit its recording of 60 x 40 pixels"):
        NCaltech101(tmp_path, ["ant"])[0]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "is empty"),
        (bytes([0, 240, 0, 0, 0]), "holds no events"),
        (atis(EVENTS)[:-1], "cut off after 2 events"),
        (atis([Event(LARGEST[1], 4, 10, 1)]), "x = 240 is off the sensor"),
        (atis([Event(4, LARGEST[0], 10, 1)]), "y = 180 is off the sensor"),
    ],
)
def test_a_damaged_recording_is_named(root, content, told):
    (root / "Caltech101" / "ant" / "image_0001.bin").write_bytes(content)
    with pytest.raises(SpikeSegError, match=rf"image_0001\.bin.*{told}"):
        NCaltech101(root, ["ant"])[0]


@pytest.mark.parametrize("content", [None, "Caltech101", "Caltech101_annotations"])
def test_another_layout_is_refused_with_what_is_missing(tmp_path, content):
    if content:
        (tmp_path / content).mkdir()
    with pytest.raises(SpikeSegError, match=r"Caltech101 (is not a directory|has no class ant; it has none)"):
        NCaltech101(tmp_path, ["ant"])


@pytest.mark.data
def test_the_real_recording_of_a_face_is_read(event_data):
    dataset = NCaltech101(event_data / "n-caltech101", ["Faces_easy"])
    take = dataset[0]
    assert list(dataset.names) == ["Faces_easy/image_0001.bin"]
    assert len(take.recording.events) == 67_445
    assert take.recording.size == (173, 151)
    assert take.targets(0)[0].box is None


def test_a_class_without_annotations_opens_without_boxes(root):
    """The official BACKGROUND_Google is one."""
    add(root, "BACKGROUND_Google", 1, None)
    dataset = NCaltech101(root, ["ant", "BACKGROUND_Google"])
    targets = {take.targets(0)[0].label: take.targets(0)[0].box for take in (dataset[0], dataset[1])}
    assert targets["BACKGROUND_Google"] is None
    assert targets["ant"] is not None


def test_events_out_of_order_are_an_error_or_dropped_or_sorted_and_counted(root):
    late = [*EVENTS[:2], EVENTS[0]._replace(t=15), EVENTS[2]]
    add(root, "late", 1, None, late)
    with pytest.raises(SpikeSegError, match="event 2: t = 15 is earlier"):
        NCaltech101(root, ["late"])[0]
    for invalid, expected in (("drop", EVENTS), ("sort", sorted(late, key=lambda event: event.t))):
        dataset = NCaltech101(root, ["late", "ant"], invalid)
        np.testing.assert_array_equal(dataset[1].recording.events, as_array(expected))
        dataset[0]
        assert dataset.invalid_events == {"late/image_0001.bin": 1, "ant/image_0001.bin": 0}
