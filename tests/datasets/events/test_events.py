"""Events are what they claim to be, or the first that is not is named."""

import numpy as np
import pytest

from spikeseg.datasets.events.events import Recording, check, join, pack
from spikeseg.errors import SpikeSegError

GOOD = {"x": [0, 1, 2], "y": [3, 4, 5], "t": [10, 10, 20], "p": [1, 0, -1]}


def test_columns_become_events():
    events = pack(**GOOD, where="here")
    assert [tuple(event) for event in events.tolist()] == [(0, 3, 10, 1), (1, 4, 10, -1), (2, 5, 20, -1)]
    check(events, (6, 3), "here")
    assert Recording("here", (6, 3), events).duration == 10
    assert Recording("here", (6, 3), events[:0]).duration == 0


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("x", [0, -1, 2]),
        ("x", [0, 1.5, 2]),
        ("y", [3, 1e9, 5]),
        ("t", [10, np.nan, 20]),
        ("t", [10, np.inf, 20]),
        ("t", [10, 10.5, 20]),
        ("p", [1, 2, 1]),
    ],
)
def test_a_number_that_is_none_is_named(field, values):
    with pytest.raises(SpikeSegError, match=rf"^here: event 8: {field} = "):
        pack(**{**GOOD, field: values}, where="here", first=7)


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"x": [0, 1, 9]}, r"event 2: x = 9 is off the sensor, 3 columns wide"),
        ({"y": [3, 6, 5]}, r"event 1: y = 6 is off the sensor, 6 rows high"),
        ({"t": [10, 9, 20]}, r"event 1: t = 9 is earlier than the event before it"),
    ],
)
def test_events_off_the_sensor_or_out_of_order_are_named(changed, told):
    with pytest.raises(SpikeSegError, match=f"^file: {told}"):
        check(pack(**GOOD | changed, where="file"), (6, 3), "file")


def test_order_holds_across_packets():
    events = pack(**GOOD, where="file")
    check(events, (6, 3), "file", first=100, after=10)
    with pytest.raises(SpikeSegError, match="event 100: t = 10 is earlier"):
        check(events, (6, 3), "file", first=100, after=11)


def test_packets_are_joined_in_their_order_also_parts_of_larger_ones():
    events = pack(np.arange(9), np.arange(9)[::-1], np.arange(9) - 2**61, np.arange(9) % 2, "here")
    whole = join([events[:2], events[2:2], events[2:5], events[5:]])
    np.testing.assert_array_equal(whole, events)
    np.testing.assert_array_equal(join([events[::-2], events[1::3]]), events[[8, 6, 4, 2, 0, 1, 4, 7]])
    assert join([]).dtype == events.dtype
    whole["x"] = 0
    assert events["x"].any()
