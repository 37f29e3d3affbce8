"""`spikeseg init` and what follows, on data of one's own."""

from __future__ import annotations

import json

from helpers.own import CLASSES, tiny, write_pictures, write_recordings
from helpers.runs import refusal
from spikeseg.configs import load

NUMPY = ("--device", "numpy")


def test_a_configuration_is_written_once(spikeseg, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_pictures(tmp_path / "shapes")
    told = spikeseg("init", "shapes")
    assert told.code == 0, told
    assert "spikeseg train shapes.toml --data shapes --out RUN" in told.out
    config = load("shapes.toml")
    assert (config.name, config.data.dataset, config.data.classes) == ("shapes", "folder", CLASSES)
    assert "shapes.toml exists already" in refusal(spikeseg("init", "shapes"))


def test_recordings_are_known_as_such(spikeseg, tmp_path):
    write_recordings(tmp_path / "data", ("aedat4", "csv"), 3)
    told = spikeseg("init", tmp_path / "data", "--out", tmp_path / "mine.toml")
    assert told.code == 0, told
    assert load(tmp_path / "mine.toml").data.dataset == "recordings"


def test_the_unit_of_recordings_is_asked_for_and_kept(spikeseg, tmp_path):
    write_recordings(tmp_path / "data", ("csv",), 3)
    for csv in (tmp_path / "data").glob("*/*.csv"):
        csv.write_bytes(csv.read_bytes().replace(b"t_us", b"t"))
    command = ["init", tmp_path / "data", "--out", tmp_path / "mine.toml"]
    assert "does not name the unit of its times: give it, e.g. --unit us" in refusal(spikeseg(*command))
    assert spikeseg(*command, "--unit", "us").code == 0
    assert load(tmp_path / "mine.toml").data.unit == "us"


def test_what_is_wrong_with_the_data_is_told_and_nothing_is_written(spikeseg, tmp_path):
    write_pictures(tmp_path / "data")
    (tmp_path / "data" / "bar" / "0.png").write_text("")
    line = refusal(spikeseg("init", tmp_path / "data", "--out", tmp_path / "mine.toml"))
    assert "bar/0.png cannot be read as a picture" in line
    assert not (tmp_path / "mine.toml").exists()


def test_own_pictures_are_trained_on_and_measured(spikeseg, tmp_path):
    """Without boxes accuracy alone is measured.

    Along edges that are drawn all responses tie, up to the last bits of the difference of Gaussians, which differ from
    processor to processor: of two maps one might win everything.
    """
    from spikeseg.runners.training.training import train

    data, config = write_pictures(tmp_path / "data", 4, size=(64, 64)), tiny("folder")
    config = config.model_copy(update={"conv3": config.conv3.model_copy(update={"maps": 6})})
    train(config, data, tmp_path / "run", "numpy")
    told = spikeseg("evaluate", tmp_path / "run", *NUMPY)
    assert told.code == 0, told
    metrics = json.loads((tmp_path / "run" / "metrics.json").read_text())
    assert (metrics["n"], metrics["n_boxes"], metrics["data"]) == (4, 0, str(data))
