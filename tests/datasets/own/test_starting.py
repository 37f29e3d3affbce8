"""A configuration written for one's own data is sound, follows from the data, and says so."""

from __future__ import annotations

import tomllib
from collections import Counter
from functools import partial
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from helpers.own import BOXES, CLASSES, write_pictures, write_recordings
from spikeseg.configs import Config, layer_shapes, load, validate
from spikeseg.datasets.own.starting import starting_configuration
from spikeseg.datasets.own.survey import PictureSurvey, RecordingSurvey, known_sensor, survey
from spikeseg.errors import SpikeSegError


def pictures(size=(240, 320), objects=(), count=60, classes=("a", "b"), edges=0.1) -> PictureSurvey:
    sides = np.array(objects, float).reshape(-1, 2)
    return PictureSurvey(Path("data"), Counter(dict.fromkeys(classes, count)), np.array([size] * 3), sides, edges)


def recordings(size=(260, 346), rate=1e5, seconds=0.3, sensor=None, classes="ab", spread=0.2) -> RecordingSurvey:
    counts, objects = Counter(dict.fromkeys(classes, 60)), np.empty((0, 2))
    rates, durations = np.full(3, rate), np.full(3, seconds)
    return RecordingSurvey(
        Path("data"), counts, np.array([size] * 3), objects, rates, durations, np.full(2, spread), sensor
    )


def written(seen) -> Config:
    return validate(tomllib.loads(starting_configuration(seen, "mine")), "mine.toml")


@pytest.mark.parametrize("size", [(20, 20), (28, 28), (64, 64), (240, 320), (4000, 3000), (480, 6000), (100, 30)])
@pytest.mark.parametrize("objects", [(), [(0.5, 0.6)], [(0.02, 0.03)], [(1, 1)]])
def test_it_is_sound_for_pictures_of_any_size(size, objects):
    config = written(pictures(size, objects))
    assert all(n <= max(m, 20) + 3 for n, m in zip(config.input.size, size, strict=True))
    assert config.input.rows * config.input.columns <= 50_000
    shapes = layer_shapes(config, config.input.size)
    assert shapes["conv3"][1:] == shapes["pool2"][1:]


@pytest.mark.parametrize("size", [(34, 34), (128, 128), (180, 240), (260, 346), (480, 640), (720, 1280)])
def test_it_is_sound_for_every_sensor(size):
    config = written(recordings(size))
    assert config.input.rows * config.input.columns <= 50_000
    assert config.input.buffer.fit == "bin"


def test_the_kernel_covers_the_larger_objects():
    config = written(pictures(objects=[(0.3, 0.5)] * 10))
    cell = config.pool1.stride * config.pool2.stride
    for side, share, length in zip(config.conv3.kernel, (0.3, 0.5), config.input.size, strict=True):
        assert share * length <= side * cell <= share * length + 3 * cell


def test_small_objects_get_more_pixels():
    small, large = (written(pictures((1000, 1000), [(side, side)])).input.rows for side in (0.2, 0.8))
    assert small > large


def test_every_class_gets_maps():
    assert written(pictures(classes="abcde")).conv3.maps == 20


def test_maps_and_their_presentations_grow_with_the_classes():
    small = partial(recordings, (34, 34))
    for seen, per_class, per_map, some in (
        (pictures, 4, 500, ("ab", "abc", "abcdefghij")),
        (recordings, 8, 500, ("ab",)),
        (recordings, 8, 100, ("abc", "abcdefghij")),
        (small, 10, 50, ("ab", "abc", "abcdefghij")),
    ):
        for classes in some:
            conv3 = written(seen(classes=classes)).conv3
            assert conv3.maps == per_class * len(classes)
            assert conv3.learning.stimuli == per_map * conv3.maps
            assert conv3.learning.doubling == conv3.learning.stimuli // 5


def test_large_recordings_of_many_classes_get_the_recipe_that_was_found_on_ornaments():
    found, recipe = written(recordings(classes="abcdefghij")), load("ornaments-sim")
    assert (found.input.size, found.conv2, found.pool2) == (recipe.input.size, recipe.conv2, recipe.pool2)
    assert (found.conv3, found.decoder) == (recipe.conv3, recipe.decoder)


@pytest.mark.parametrize(("seconds", "buffers"), [(0.12, None), (0.3, 4)])
def test_long_recordings_are_learned_from_by_their_fullest_buffers(seconds, buffers):
    for classes in ("ab", "abc"):
        assert written(recordings(seconds=seconds, classes=classes)).input.buffer.train == buffers


def test_small_recordings_of_many_classes_get_the_recipe_that_was_found_on_some():
    """What N-MNIST looks like gets N-MNIST's recipe: 13 events a millisecond, digits centred to within a pixel."""
    seen = recordings((34, 34), rate=1.32e4, seconds=0.306, classes="0123456789", spread=0.9 / 34)
    found, recipe = written(seen), load("n-mnist")
    assert found.input.buffer == recipe.input.buffer.model_copy(update={"fit": "bin"})
    assert (found.conv2, found.pool2, found.conv3) == (recipe.conv2, recipe.pool2, recipe.conv3)


@pytest.mark.parametrize(("spread", "places"), [(1.9 / 34, 1), (2.1 / 34, 81)])
def test_conv3_has_one_place_where_small_objects_are_centred(spread, places):
    config = written(recordings((34, 34), classes="abc", spread=spread))
    _, rows, columns = layer_shapes(config, config.input.size)["conv3"]
    assert rows * columns == places


@pytest.mark.parametrize(
    ("objects", "classes", "box"),
    [
        ([(0.4, 0.5)] * 8, "ab", "mask"),
        ([(0.4, 0.5)] * 8, "abc", "silhouette+events"),
        ([(0.4, 0.5)] * 6 + [(0.2, 0.5)] * 4, "ab", "silhouette+events"),
        ([(0.9, 0.2)] * 4, "ab", "silhouette+events"),
        ([(0.3, 0.5)] * 4, "ab", "silhouette+events"),  # pixels count: pictures are wider than high
        ([(0.8, 0.2)] * 1 + [(0.5, 0.5)] * 9, "ab", "mask"),
        ([], "ab", "mask"),
    ],
)
def test_boxes_go_by_silhouettes_where_objects_are_elongated_or_classes_many(objects, classes, box):
    decoder = written(pictures(objects=objects, classes=classes)).decoder
    assert (decoder.box, decoder.extent_threshold) == (box, 0.35 if box == "silhouette+events" else 0.2)


def test_a_busy_picture_gets_more_events_within_limits():
    events = [written(pictures(edges=edges)).input.dog.events for edges in (0, 0.1, 0.14, 0.9)]
    pixels = 128 * 172
    assert events[0] < events[1] < events[2] < events[3] < 0.16 * pixels


@pytest.mark.parametrize(("count", "parts"), [(3, (2, 0)), (60, (40, 0)), (300, (200, 50))])
def test_two_thirds_are_to_train(count, parts):
    data = written(pictures(count=count)).data
    assert (data.train, data.validation, data.test) == (*parts, None)


def test_too_few_are_refused():
    with pytest.raises(SpikeSegError, match="class a has only 2: give 3 or more, better 20"):
        written(pictures(count=2))


@pytest.mark.parametrize(
    ("rate", "seconds", "ms"), [(1e6, 1, 30), (2e4, 1, 50), (1e3, 1, 100), (1e6, 0.01, 10), (1.3e4, 0.3, 100)]
)
def test_buffers_are_longer_where_events_are_few(rate, seconds, ms):
    assert written(recordings(rate=rate, seconds=seconds)).input.buffer.duration_ms == ms


def test_every_value_has_a_comment_and_the_file_says_what_to_try():
    for seen in (pictures((30, 30)), recordings(seconds=5, sensor=(260, 346))):
        text = starting_configuration(seen, "mine")
        assert "What to try next" in text
        lines = text.splitlines()
        assert max(map(len, lines)) <= 120
        for before, line in pairwise(lines):
            if " = " in line and not line.startswith("#"):
                assert "  # " in line or before.startswith("# "), line


def test_pictures_are_seen_as_they_are(tmp_path):
    write_pictures(tmp_path, 3)
    rows = [f"{label}/0.png,{','.join(map(str, BOXES[label]))}" for label in CLASSES]
    (tmp_path / "boxes.csv").write_text("\n".join(["name,top,left,bottom,right", *rows]))
    seen = survey(tmp_path)
    assert isinstance(seen, PictureSurvey)
    assert seen.counts == {"bar": 3, "disc": 3}
    assert seen.sizes.tolist() == [[64, 80]] * 6
    np.testing.assert_allclose(seen.objects, [[24 / 64, 32 / 80], [40 / 64, 40 / 80]])
    assert 0 < seen.edges < 0.3
    assert written(seen).data.dataset == "folder"


def test_recordings_are_seen_as_they_are(tmp_path):
    seen = survey(write_recordings(tmp_path, ("npz", "bin"), 4))
    assert isinstance(seen, RecordingSurvey)
    assert seen.counts == {"bar": 4, "disc": 4}
    np.testing.assert_array_less(seen.durations, 0.09)
    # bars stand at column 21 of 64, halfway up 48 rows; discs' events lie in row 21, halfway across
    np.testing.assert_allclose(seen.spread, [1.5 / 48, 5.5 / 64], atol=0.02)
    assert seen.sensor == (48, 64)
    config = written(seen)
    assert (config.data.dataset, config.data.sensor) == ("recordings", (48, 64))


@pytest.mark.parametrize(
    ("extent", "sensor"),
    [((258, 346), (260, 346)), ((34, 33), (34, 34)), ((700, 1275), (720, 1280)), ((50, 60), (50, 60))],
)
def test_a_sensor_is_known_by_what_its_events_need(extent, sensor):
    assert known_sensor(extent) == sensor


def test_pictures_beside_recordings_are_refused(tmp_path):
    write_recordings(tmp_path / "both", count=1)
    (tmp_path / "both" / "disc" / "0.png").write_bytes(b"")
    with pytest.raises(SpikeSegError, match=r"has pictures .*0\.png.* and recordings .*0\.npz"):
        survey(tmp_path / "both")
    (tmp_path / "none" / "a").mkdir(parents=True)
    with pytest.raises(SpikeSegError, match="needs two folders or more, one per class; it has only a"):
        survey(tmp_path / "none")
    (tmp_path / "none" / "b").mkdir()
    with pytest.raises(SpikeSegError, match="no pictures and no recordings in"):
        survey(tmp_path / "none")
