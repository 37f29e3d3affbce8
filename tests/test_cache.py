"""The cache shows what it keeps, removes that and nothing else, and a program of another disk says what to set."""

from __future__ import annotations

import numpy as np
import pytest

from helpers.runs import files, refusal
from spikeseg.cache import cache_content, cache_directory, clear_cache, kept_arrays, make_cache
from spikeseg.runners.simulation import program
from spikeseg.runners.simulation.running import RunningProgram


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("SPIKESEG_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def filled(cache):
    make_cache()
    kept_arrays("answers", b"key", lambda: {"a": np.zeros(1000)})
    directory = cache / "programs" / ("0" * 16)
    (directory / "objects").mkdir(parents=True)
    (directory / "objects" / "main.o").write_bytes(bytes(5000))
    (cache / "programs" / f".building-{'1' * 16}").mkdir()
    return cache


def test_it_is_shown_by_kind(spikeseg, filled):
    told = spikeseg("cache")
    assert told.code == 0
    assert str(filled) in told.out.replace("\n", "")
    assert {name: len(kept.paths) for name, kept in cache_content().items()} == {"answers": 1, "programs": 1}
    assert cache_content()["programs"].size > 5000
    assert not list(filled.rglob(".building-*"))  # which a killed process had left


def test_nothing_but_what_is_its_own_is_removed(spikeseg, filled):
    (filled / "thesis.tex").write_text("mine")
    (filled / "programs" / "notes.txt").write_text("mine")
    assert spikeseg("cache", "--clear").code == 0
    assert files(filled) == {"programs/notes.txt": b"mine", "thesis.tex": b"mine"}
    assert clear_cache() == 0


def test_a_program_is_never_seen_without_some_of_its_files(filled, monkeypatch, spikeseg):
    monkeypatch.setattr("shutil.rmtree", lambda *_, **__: None)  # killed
    clear_cache()
    monkeypatch.undo()
    monkeypatch.setenv("SPIKESEG_CACHE", str(filled))
    assert [path.name for path in (filled / "programs").iterdir() if path.name.isalnum()] == []
    (filled / "programs" / f"{'2' * 16}.lock").touch()  # of a process that was killed
    assert spikeseg("cache").code == 0
    assert not list((filled / "programs").iterdir())


def test_there_need_not_be_one(spikeseg, cache):
    assert spikeseg("cache").code == 0
    assert spikeseg("cache", "--clear").code == 0
    assert not cache.exists()


def test_a_program_on_a_disk_of_which_nothing_may_be_run_says_what_to_set(tmp_path):
    (tmp_path / "main").write_text("")
    with pytest.raises(program.SpikeSegError, match=rf"{tmp_path / 'main'} may not be run: set SPIKESEG_CACHE"):
        RunningProgram([tmp_path / "main"], tmp_path, "")


def test_a_manifest_that_was_changed_is_told(tmp_path):
    for content in ("{}", "[]", '{"content": {}, "sha256": ""}', "[" * 100_000):
        (tmp_path / "manifest.json").write_text(content)
        with pytest.raises(program.SpikeSegError, match=rf"manifest.json .*remove {tmp_path} to have it compiled anew"):
            program._read_manifest(tmp_path)


def test_an_empty_compiler_is_none(spikeseg, monkeypatch, tiny, tmp_path):
    monkeypatch.setenv("CXX", " ")
    monkeypatch.setenv("PATH", str(tmp_path))
    line = refusal(spikeseg("train", tiny, "--out", tmp_path / "run"))
    assert "needs a C++ compiler, and g++ is missing" in line
    assert cache_directory()
