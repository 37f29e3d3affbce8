"""Event statistics of small recordings, counted by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from spikeseg.analysis.figures.event_comparison import comparison
from spikeseg.analysis.measures.event_comparison import rate_correlation, rows, summarise
from spikeseg.datasets.events.events import EVENT, Recording


def recording(*events: tuple[int, int, int, int], size: tuple[int, int] = (4, 5)) -> Recording:
    return Recording("small", size, np.array(list(events), EVENT))


SMALL = recording((0, 0, 100, 1), (2, 1, 5000, -1), (0, 0, 8100, 1), (0, 0, 12_000, -1), (2, 1, 40_000, -1))


def random(seed: int, count: int = 4000) -> Recording:
    rng = np.random.default_rng(seed)
    events = np.empty(count, EVENT)
    events["x"], events["y"] = rng.integers(5, size=count), rng.integers(4, size=count)
    events["t"], events["p"] = np.sort(rng.integers(300_000, size=count)), rng.choice([-1, 1], count)
    return Recording("random", (4, 5), events)


def test_a_small_recording_is_counted_right():
    summary = summarise([SMALL])
    assert summary.per_bin.tolist() == [3, 1, 0, 0, 1]
    assert summary.on_per_bin.tolist() == [2, 0, 0, 0, 0]
    assert summary.per_pixel.tolist() == [2, 3]
    assert summary.intervals_us.tolist() == [3900, 8000, 35_000]
    assert summary.alike_soon == 0.5
    np.testing.assert_allclose(summary.rate, np.array([3, 1, 0, 0, 1]) / 2 * 100)
    assert summary.on_share[0] == pytest.approx(2 / 3)
    assert np.isnan(summary.on_share[2])
    numbers = rows(summary)
    assert numbers["active pixels (%)"] == 10
    assert numbers["ON (%)"] == 40
    assert numbers["duration (ms)"] == 40
    assert numbers["events per second and active pixel"] == pytest.approx(5 / 2 / 0.04)


def test_a_recording_twice_is_like_the_recording_once():
    once, twice = summarise([SMALL]), summarise([SMALL, SMALL])
    assert twice.recordings == 2
    for name, value in rows(once).items():
        if name != "recordings" and "quantile" not in name:
            assert rows(twice)[name] == value, name
    assert rate_correlation(once, twice) == pytest.approx(1)


def test_a_clock_that_started_long_ago_does_not_matter():
    events = SMALL.events.copy()
    events["t"] += 10**15
    later, first = summarise([replace(SMALL, events=events)]), SMALL.events["t"][0]
    events["t"] -= 10**15 + first
    assert rows(later) == rows(summarise([replace(SMALL, events=events)]))


@pytest.mark.parametrize("recordings", [[], [recording()], [recording((1, 1, 7, -1))]])
def test_few_events_or_none_are_no_error(recordings):
    summary = summarise(recordings)
    assert rows(summary)["recordings"] == len(recordings)
    assert np.isnan(rate_correlation(summary, summary))
    figure = comparison({"few": summary, "many": summarise([random(0)])})
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["few", "many"]


def test_unlike_recordings_are_told_apart():
    even = summarise([random(0)])
    assert abs(rate_correlation(even, summarise([random(1)]))) < 0.5
    assert rows(even)["same polarity within 10 ms (%)"] == pytest.approx(50, abs=5)


def test_the_command_prints_both_columns_and_draws_them(spikeseg, tmp_path):
    for name, seed in (("first", 0), ("second", 1)):
        (tmp_path / name).mkdir()
        np.save(tmp_path / name / "events.npy", random(seed).events)
    np.save(tmp_path / "second" / "more.npy", random(2).events)
    out = tmp_path / "both.png"
    result = spikeseg("events", "compare", tmp_path / "first", "--with", tmp_path / "second", "--out", out)
    assert "first" in result.out
    assert "second" in result.out
    assert "4,000" in result.out
    assert out.is_file()


def test_recordings_of_one_name_are_told_apart_by_their_folders(spikeseg, tmp_path):
    for seed, folder in enumerate(("real", "made")):
        (tmp_path / folder).mkdir()
        np.save(tmp_path / folder / "events.npy", random(seed).events)
    real, made = (tmp_path / folder / "events.npy" for folder in ("real", "made"))
    assert spikeseg("events", "compare", real, "--with", made).code == 0
    told = spikeseg("events", "compare", real, "--with", real)
    assert (told.code, told.err.count("\n")) == (1, 1)
    assert "is compared with itself" in told.err


def test_what_cannot_be_compared_or_drawn_is_refused_in_one_line(spikeseg, tmp_path):
    jump = random(0).events
    jump["t"][-1] = 2**61
    np.save(tmp_path / "jump.npy", jump)
    np.save(tmp_path / "fine.npy", random(1).events)
    told = spikeseg("events", "compare", tmp_path / "jump.npy", "--with", tmp_path / "fine.npy")
    assert (told.code, told.err.count("\n")) == (1, 1)
    assert "jump.npy lasts" in told.err
    told = spikeseg("events", "compare", tmp_path / "jump.npy", "--with", tmp_path / "no.npy", "--out", "events.xyz")
    assert "cannot write a figure to events.xyz" in told.err  # before anything is read


def test_the_command_refuses_what_has_no_recordings_in_one_line(spikeseg, tmp_path):
    (tmp_path / "empty").mkdir()
    np.save(tmp_path / "events.npy", random(0).events)
    result = spikeseg("events", "compare", tmp_path / "events.npy", "--with", tmp_path / "empty")
    assert result.code != 0
    assert "holds no recordings" in result.err
