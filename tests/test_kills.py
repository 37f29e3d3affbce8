"""Every command that writes, killed at random moments, loses nothing, and leaves nothing behind once it has ended.

Only with SPIKESEG_KILLS, which says how often each command is killed: CONTRIBUTING.md.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import time
import zlib
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from helpers import event_files
from helpers.archives import official
from helpers.event_files import Event
from helpers.kills import MAIN, assert_whole, kill_again_and_again, start
from helpers.own import write_pictures
from helpers.reports import write_digit_run
from helpers.runs import TINY, arrays, assert_same_arrays

pytestmark = [
    pytest.mark.skipif("SPIKESEG_KILLS" not in os.environ, reason="takes minutes: set SPIKESEG_KILLS"),
    pytest.mark.compiled,
    pytest.mark.usefixtures("swept"),  # which has compiled the programs
]

ARCHIVE = official()
FETCH = f"""
from functools import partial
from spikeseg.datasets import fetch
from spikeseg.runners.cli.main import main
fetch.fetch_caltech101 = partial(fetch.fetch_caltech101, md5="{hashlib.md5(ARCHIVE).hexdigest()}")
main()
"""
DEMO = """
from spikeseg import configs
from spikeseg.runners.cli.main import main
load = configs.load
configs.load = lambda name: load("{tiny}")
main()
"""
SEARCH = """
config = "tiny.toml"
[space]
conv3.learning.a_plus = { from = 0.01, to = 0.08 }
"""
LEFT = ("brian_", ".building", ".spikeseg")
COMMANDS = {
    "train": lambda to: ["train", to.tiny, "--out", to.out / "run"],
    "point": lambda to: ["point", to.tiny, "--set", "conv3.learning.a_plus=0.08", "--out", to.out],
    "sweep": lambda to: ["sweep", to.swept / "sweep.toml", "--jobs", 2, "--out", to.out],
    "search": lambda to: ["search", to.root / "search.toml", "--trials", 2, "--out", to.out],
    "encode": lambda to: ["encode", to.run, "--out", to.out / "spikes.npz"],
    "evaluate": lambda to: ["evaluate", to.run, "--out", to.out],
    "report": lambda to: ["report", to.run, "--out", to.out / "page.html"],
    "analyse": lambda to: ["analyse", to.run, "--out", to.out],
    "segment": lambda to: ["segment", to.run, to.root / "pictures", "--out", to.out],
    "export-csv": lambda to: ["export", to.spikes, to.out / "spikes.csv", "--format", "csv"],
    "export-neo": lambda to: ["export", to.spikes, to.out / "spikes.nix", "--format", "neo"],
    "export-nwb": lambda to: ["export", to.spikes, to.out / "spikes.nwb", "--format", "nwb"],
    "export-parquet": lambda to: ["export", to.spikes, to.out / "spikes.parquet", "--format", "parquet"],
    "stream": lambda to: [
        *("stream", to.digits, to.root / "events.bin", "--size", "34x34", "--device", "numpy"),
        *("--out", to.out, "--video", to.out / "film.gif"),
    ],
    "init": lambda to: ["init", to.root / "pictures", "--out", to.out / "mine.toml"],
    "config": lambda to: ["config", "copy", "dog-caltech", to.out / "mine.toml"],
    "convert": lambda to: ["events", "convert", to.root / "events.bin", to.out / "events.npz"],
    "play": lambda to: ["events", "play", to.root / "events.bin", "--out", to.out / "film.gif"],
    "demo": lambda to: ["demo", "--out", to.out],
    "fetch": lambda to: ["data", "fetch", "caltech-101", "--out", to.out, "--source", to.root / "caltech-101.zip"],
}

REFUSE = ("init", "config")
"""Those that replace no file, and say so."""


@pytest.fixture(scope="module")
def prepared(tiny, trained, swept, tmp_path_factory) -> SimpleNamespace:
    """What the commands read, and a TMPDIR of their own."""
    root = tmp_path_factory.mktemp("killed")
    run = Path(shutil.copytree(trained, root / "run"))
    write_pictures(root / "pictures")
    (root / "tiny.toml").write_text(TINY)
    (root / "search.toml").write_text(SEARCH)
    (root / "caltech-101.zip").write_bytes(ARCHIVE)
    events = [Event(n % 34, 7 * n % 34, 1000 + 137 * n, 1 if n % 3 else -1) for n in range(3000)]
    (root / "events.bin").write_bytes(event_files.atis(events))
    (root / "tmp").mkdir()
    for command in (["encode", run], ["evaluate", run]):
        assert start(*command).wait() == 0
    spikes = run / "spikes" / "test.npz"
    return SimpleNamespace(
        root=root, run=run, spikes=spikes, tiny=tiny, swept=swept, digits=write_digit_run(root / "d")
    )


def content(out: Path) -> dict[str, object]:
    """All files, hidden ones too: what is in tables and arrays, and only the names of what tells the time."""
    found: dict[str, object] = {}
    for path in sorted(path for path in out.rglob("*") if path.is_file()):
        kept = None
        if path.suffix in (".csv", ".png", ".toml", ".jpg"):
            kept = path.read_bytes()
        if path.suffix == ".npz":
            kept = {name: array.tobytes() for name, array in arrays(path).items()}
        found[str(path.relative_to(out))] = kept
    return found


def left_over(folder: Path) -> list[str]:
    """What there still is of runs and programs, some time after all processes have been killed."""
    for _ in range(100):
        paths = [path for path in folder.rglob("*") if path.name.startswith(LEFT) or path.suffix == ".lock"]
        found = [str(path) for path in paths]
        if not found:
            break
        time.sleep(0.1)
    return found


@pytest.mark.parametrize("name", COMMANDS)
def test_a_killed_command_ends_as_one_that_was_not(name, prepared, programs, tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(prepared.root / "tmp"))
    changed = {"fetch": FETCH, "demo": DEMO.replace("{tiny}", str(prepared.root / "tiny.toml"))}
    main = ("-c", changed[name]) if name in changed else MAIN

    def command(out: Path) -> list:
        if name in REFUSE and (out / "mine.toml").exists():  # killed as it ended
            assert content(out) == content(tmp_path / "expected")
            (out / "mine.toml").unlink()
        return COMMANDS[name](SimpleNamespace(**vars(prepared), out=out))

    expected = start(*command(tmp_path / "expected"), main=main)
    assert expected.wait() == 0, expected.communicate()

    def check(out: Path) -> None:
        assert_whole(out)
        assert content(out) == content(tmp_path / "expected")
        assert left_over(prepared.root / "tmp") == left_over(programs) == []

    kill_again_and_again(command, tmp_path, check, seed=zlib.crc32(name.encode()), main=main)


def test_a_killed_compilation_leaves_nothing(tiny, trained, tmp_path, monkeypatch):
    (tmp_path / "tmp").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))

    def command(out: Path) -> list:
        os.environ["SPIKESEG_CACHE"] = str(out.with_name(f"{out.name}-cache"))
        return ["train", tiny, "--out", out]

    def check(out: Path) -> None:
        for name, values in arrays(trained / "network.npz").items():
            np.testing.assert_array_equal(arrays(out / "network.npz")[name], values)
        assert left_over(tmp_path) == []

    before = os.environ["SPIKESEG_CACHE"]
    try:
        kill_again_and_again(command, tmp_path, check, seed=1)
    finally:
        os.environ["SPIKESEG_CACHE"] = before


def test_a_killed_clearing_leaves_a_cache_that_works(trained, programs, tmp_path, monkeypatch):
    def command(out: Path) -> list:
        if not out.exists():
            shutil.copytree(programs, out)
        monkeypatch.setenv("SPIKESEG_CACHE", str(out))
        return ["cache", "--clear"]

    def check(out: Path) -> None:
        assert not [path for path in out.rglob("*") if path.is_file()]

    kill_again_and_again(command, tmp_path, check, seed=2)


@pytest.mark.parametrize("part", ["main", "manifest.json", "static_arrays"])
def test_a_program_that_has_lost_a_part_is_made_anew(prepared, programs, tmp_path, monkeypatch, part):
    cache = Path(shutil.copytree(programs, tmp_path / "cache"))
    for path in cache.glob(f"programs/*/{part}"):
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    monkeypatch.setenv("SPIKESEG_CACHE", str(cache))
    assert start("encode", prepared.run, "--out", tmp_path / "spikes.npz").wait() == 0
    assert_same_arrays(tmp_path / "spikes.npz", prepared.spikes)
