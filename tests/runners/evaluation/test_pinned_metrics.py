"""A small experiment, from training to metrics, gives the numbers that it gave before, to the last digit."""

from helpers.pinned import PINNED, differences, measure
from spikeseg.files import read_json


def test_metrics_are_what_they_were(trained, tmp_path):
    changed = differences(read_json(PINNED), measure(trained, tmp_path))
    assert not changed, "if they are meant to change: make pin"


def test_a_changed_lost_or_new_number_is_seen():
    pinned = {"test": {"miou": 0.5, "n": 2, "name": "tiny"}}
    assert differences(pinned, {"test": dict(pinned["test"])}) == []
    assert differences(pinned, {"test": {"miou": 0.5000000000000001, "name": "tiny", "new": None}}) == [
        "test: miou: pinned 0.5, measured 0.5000000000000001",
        "test: n: pinned 2, measured nothing",
        "test: new: pinned nothing, measured None",
    ]
