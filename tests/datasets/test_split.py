"""A split is disjoint, stratified, reproducible and a matter of names, not of order."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spikeseg.datasets.split import Split, split
from spikeseg.errors import SpikeSegError

LABELS = ["Faces"] * 30 + ["Motorbikes"] * 50
NAMES = [f"{label}/image_{i:04d}.jpg" for i, label in enumerate(LABELS)]


def _parts(division: Split) -> list[np.ndarray]:
    return [division.train, division.validation, division.test]


@settings(max_examples=50)
@given(st.integers(0, 12), st.integers(0, 9), st.none() | st.integers(0, 9), st.integers(0, 2**32))
def test_parts_are_disjoint_sorted_and_stratified(train, validation, test, seed):
    division = split(LABELS, train, validation, test, seed, names=NAMES)
    for part, asked in zip(_parts(division), (train, validation, test), strict=True):
        assert (np.diff(part) > 0).all()
        counts = {label: sum(LABELS[i] == label for i in part) for label in ("Faces", "Motorbikes")}
        if asked is None:
            assert counts == {"Faces": 30 - train - validation, "Motorbikes": 50 - train - validation}
        else:
            assert counts == {"Faces": asked, "Motorbikes": asked}
    together = np.concatenate(_parts(division))
    assert len(np.unique(together)) == len(together)


def test_the_seed_decides():
    first, again, other = (split(LABELS, 10, 5, None, seed, names=NAMES) for seed in (3, 3, 4))
    for one, same in zip(_parts(first), _parts(again), strict=True):
        np.testing.assert_array_equal(one, same)
    assert not np.array_equal(first.train, other.train)
    assert not np.array_equal(first.train, np.sort(first.train)[0] + np.arange(20))


def test_the_order_of_the_dataset_does_not_matter():
    order = np.random.default_rng(0).permutation(len(NAMES))
    names, labels = [NAMES[i] for i in order], [LABELS[i] for i in order]
    here = split(LABELS, 10, 5, None, 0, names=NAMES).to_json(NAMES)
    there = split(labels, 10, 5, None, 0, names=names).to_json(names)
    assert {part: set(members) for part, members in here.items()} == {
        part: set(members) for part, members in there.items()
    }


def test_another_class_does_not_change_a_pictures_part():
    both = split(LABELS, 10, 5, None, 0, names=NAMES)
    alone = split(LABELS[:30], 10, 5, None, 0, names=NAMES[:30])
    for part, faces in zip(_parts(both), _parts(alone), strict=True):
        np.testing.assert_array_equal(part[part < 30], faces)


def test_classes_are_not_drawn_alike():
    labels = ["a"] * 40 + ["b"] * 40
    train = split(labels, 20, 0, None, 0, names=[str(100 + i) for i in range(80)]).train
    assert not np.array_equal(train[:20], train[20:] - 40)


def test_too_few_pictures_are_counted_in_the_refusal():
    with pytest.raises(SpikeSegError, match="class Faces has 30 pictures, but 31 are asked") as caught:
        split(LABELS, 20, 10, 1, 0, names=NAMES)
    assert "\n" not in str(caught.value)
    assert len(split(LABELS, 20, 10, None, 0, names=NAMES).test) == 20
    assert len(split(LABELS, 20, 10, 0, 0, names=NAMES).test) == 0


def test_a_stored_split_survives_json_and_another_order():
    division = split(LABELS, 10, 5, 3, 0, names=NAMES)
    content = json.loads(json.dumps(division.to_json(NAMES)))
    for one, same in zip(_parts(division), _parts(Split.from_json(content, NAMES)), strict=True):
        np.testing.assert_array_equal(one, same)
    backwards = NAMES[::-1]
    again = Split.from_json(content, backwards)
    assert {backwards[i] for i in again.train} == {NAMES[i] for i in division.train}
    assert (np.diff(again.train) > 0).all()


def test_a_stored_split_of_other_data_is_refused():
    content = split(LABELS, 10, 5, 3, 0, names=NAMES).to_json(NAMES)
    gone = content["train"][0]
    with pytest.raises(SpikeSegError, match=f"1 pictures of the stored split, {gone}"):
        Split.from_json(content, [name for name in NAMES if name != gone])


@pytest.mark.parametrize("content", [None, [], {}, {"train": [], "validation": []}, {"train": 1}])
def test_something_else_is_no_stored_split(content):
    with pytest.raises(SpikeSegError, match="train, validation, test"):
        Split.from_json(content, NAMES)
