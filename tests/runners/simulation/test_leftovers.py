"""What a killed process leaves is removed, what belongs to a living one stays, and nobody else's program is run."""

from __future__ import annotations

import fcntl
import os
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from spikeseg import cache
from spikeseg.errors import SpikeSegError
from spikeseg.files import locked, write_json
from spikeseg.leftovers import HELD, NEW, held_directory, remove_abandoned
from spikeseg.runners.simulation.leftovers import remove_unfinished
from spikeseg.runners.simulation.program import _check_owner

PREFIX = "some-work-"

HOLDING = """
import signal, sys, time
from pathlib import Path
signal.signal(signal.SIGINT, signal.default_int_handler)  # what runs in the background inherits that Ctrl-C is ignored
from spikeseg.leftovers import held_directory
with held_directory(Path(sys.argv[1]), sys.argv[2]) as path:
    print(path, flush=True)
    time.sleep(1000)
"""


@contextmanager
def working_directory(parent: Path) -> Iterator[Path]:
    """Give a directory of a process which cleans up first."""
    remove_abandoned(parent, PREFIX)
    with held_directory(parent, PREFIX) as path:
        yield path


def test_a_killed_processs_directory_is_removed_by_the_next_one_and_a_living_ones_is_not(tmp_path):
    (tmp_path / f"{PREFIX}of-a-user").mkdir()
    command = [sys.executable, "-c", HOLDING, tmp_path, PREFIX]
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    killed, living = ((process, process.stdout.readline().strip()) for process in processes if process.stdout)
    killed[0].send_signal(signal.SIGKILL)
    killed[0].communicate()
    with working_directory(tmp_path) as own:
        assert not os.path.exists(killed[1])
        assert os.path.exists(living[1])
        assert own.is_dir()
    living[0].send_signal(signal.SIGINT)
    living[0].communicate()
    assert [path.name for path in tmp_path.iterdir()] == [f"{PREFIX}of-a-user"]


def test_an_unfinished_program_is_removed_unless_it_is_being_compiled(tmp_path):
    names = [16 * digit for digit in "ab"]
    for name in names:
        (tmp_path / f".building-{name}").mkdir()
    with locked(tmp_path / f"{names[0]}.lock"):
        remove_unfinished(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [f".building-{names[0]}"]
    remove_unfinished(tmp_path)
    assert not list(tmp_path.iterdir())


def test_the_cache_is_its_users_alone(tmp_path, monkeypatch):
    monkeypatch.setenv("SPIKESEG_CACHE", str(tmp_path / "some" / "cache"))
    cache.kept_arrays("numbers", b"", lambda: {"one": np.ones(1)})
    assert stat.S_IMODE((tmp_path / "some" / "cache").stat().st_mode) == 0o700


@pytest.mark.parametrize("mode", [0o720, 0o702, 0o777])
def test_a_program_that_others_may_write_to_is_not_run(tmp_path, mode):
    _check_owner(tmp_path)
    tmp_path.chmod(mode)
    with pytest.raises(SpikeSegError, match="is not run: someone else owns it or may write to it; remove it"):
        _check_owner(tmp_path)


def test_a_program_of_somebody_else_is_not_run(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "getuid", lambda: 12345)
    if os.geteuid() == 0:
        os.chown(tmp_path, 54321, -1)
    with pytest.raises(SpikeSegError, match="is not run"):
        _check_owner(tmp_path)


@pytest.mark.parametrize("umask", [0o022, 0o077, 0o002])
def test_files_have_the_permissions_that_the_umask_leaves(tmp_path, umask):
    before = os.umask(umask)
    try:
        write_json(tmp_path / "file.json", {})
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "file.json").stat().st_mode) == 0o666 & ~umask


def test_a_directory_whose_process_was_killed_while_it_removed_it_is_removed(tmp_path, monkeypatch):
    with working_directory(tmp_path) as path:
        (path / "inputs").mkdir()
        monkeypatch.setattr("shutil.rmtree", lambda *_, **__: None)  # killed in the middle of it
    monkeypatch.undo()
    assert (path / HELD).exists()
    with working_directory(tmp_path) as own:
        assert list(tmp_path.iterdir()) == [own]


@pytest.mark.parametrize("begun", [False, True])
def test_a_directory_without_a_lock_is_removed_and_its_process_begins_again(tmp_path, monkeypatch, begun):
    flock, others = fcntl.flock, []

    def cleaned_before_it_locks(file, how):
        if not others:
            others.extend(tmp_path.iterdir())
            if not begun:
                (others[0] / NEW).unlink()
            remove_abandoned(tmp_path, PREFIX)
        flock(file, how)

    monkeypatch.setattr(fcntl, "flock", cleaned_before_it_locks)
    with working_directory(tmp_path) as own:
        assert list(tmp_path.iterdir()) == [own] != others


def test_links_and_what_others_own_stay(tmp_path, monkeypatch):
    kept = tmp_path / "kept"
    kept.mkdir()
    for name in (NEW, HELD):
        (kept / name).touch()
    link = tmp_path / f"{PREFIX}abcdefgh"
    link.symlink_to(kept)
    remove_abandoned(tmp_path, PREFIX)
    assert {path.name for path in kept.iterdir()} == {NEW, HELD}
    link.unlink()
    kept.rename(link)
    monkeypatch.setattr(os, "geteuid", lambda: 12345)
    remove_abandoned(tmp_path, PREFIX)
    assert link.exists()
    monkeypatch.undo()
    remove_abandoned(tmp_path, PREFIX)
    assert not link.exists()
