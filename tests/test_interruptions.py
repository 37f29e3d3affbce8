"""A command that is killed loses nothing that was finished, leaves nothing half-written, and goes on to the same end.

SPIKESEG_KILLS says how often each command is killed, at random moments: CONTRIBUTING.md.
"""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from helpers.kills import assert_whole, kill_again_and_again, start
from helpers.runs import assert_same_arrays, files, refusal
from spikeseg.configs import load
from spikeseg.files import locked, read_json
from spikeseg.runners.training.directory import Run

pytestmark = [pytest.mark.compiled, pytest.mark.usefixtures("swept")]  # which has compiled the programs


def test_training(tiny, trained, tmp_path):
    def check(out):
        assert_same_arrays(out / "network.npz", trained / "network.npz")
        for layer in ("conv2", "conv3"):
            assert_same_arrays(out / "checkpoints" / f"{layer}.npz", trained / "checkpoints" / f"{layer}.npz")
        assert read_json(out / "split.json") == read_json(trained / "split.json")

    kill_again_and_again(lambda out: ["train", tiny, "--out", out], tmp_path, check, seed=1)


@pytest.fixture
def recording(spikeseg, trained, tmp_path) -> Path:
    path = tmp_path / "expected" / "spikes.npz"
    assert spikeseg("encode", trained, "--out", path).code == 0
    return path


def test_encoding(trained, recording, tmp_path):
    kill_again_and_again(
        lambda out: ["encode", trained, "--out", out / "spikes.npz"],
        tmp_path,
        lambda out: assert_same_arrays(out / "spikes.npz", recording),
        seed=2,
    )


def test_exporting(spikeseg, recording, tmp_path):
    expected = tmp_path / "expected" / "spikes.csv"
    assert spikeseg("export", recording, expected, "--format", "csv").code == 0

    def check(out):
        assert (out / "spikes.csv").read_bytes() == expected.read_bytes()

    kill_again_and_again(
        lambda out: ["export", recording, out / "spikes.csv", "--format", "csv"], tmp_path, check, seed=3
    )


def test_sweeping(swept, tmp_path):
    def check(out):
        assert (out / "sweep" / "points.csv").read_bytes() == (swept / "runs" / "sweep" / "points.csv").read_bytes()
        for network in (swept / "runs").glob("*/network.npz"):
            assert_same_arrays(out / network.parent.name / "network.npz", network)

    kill_again_and_again(
        lambda out: ["sweep", swept / "sweep.toml", "--out", out, "--jobs", 2], tmp_path, check, seed=4
    )


def test_of_two_trainings_in_one_directory_one_is_refused_or_finds_it_done(tiny, trained, tmp_path):
    trainings = [start("train", tiny, "--out", tmp_path / "run") for _ in range(2)]
    told = [process.communicate()[1] for process in trainings]
    assert any(process.returncode == 0 for process in trainings)
    for process, line in zip(trainings, told, strict=True):
        assert process.returncode == 0 or "is in use by another process" in line
    assert_same_arrays(tmp_path / "run" / "network.npz", trained / "network.npz")


def test_a_directory_in_use_is_refused_and_a_lock_that_a_killed_process_left_is_none(spikeseg, tiny, tmp_path):
    run = tmp_path / "run"
    with locked(run / ".lock"):
        line = refusal(spikeseg("train", tiny, "--out", run, "--device", "numpy"))
    assert line.startswith(f"{run} is in use by another process: ")
    assert not run.exists()
    run.mkdir()
    (run / ".lock").touch()
    (run / ".run-abc.json").touch()  # what was about to be written
    with locked(run / ".lock"):
        Run(run).check(load(tiny))  # no complaint


def test_whoever_waits_for_a_lock_gets_it_when_it_is_free(tmp_path):
    """Many processes add to a number; without the lock some additions would be lost."""
    number = tmp_path / "number"
    number.write_text("0")
    program = f"""
from pathlib import Path
from spikeseg.configs import load
from spikeseg.files import locked
number = Path({str(number)!r})
for _ in range(200):
    with locked(number.with_name(".lock"), wait=True):
        number.write_text(str(int(number.read_text()) + 1))
"""
    processes = [subprocess.Popen([sys.executable, "-c", program]) for _ in range(4)]
    assert [process.wait() for process in processes] == [0] * 4
    assert files(tmp_path) == {"number": b"800"}


def test_a_training_on_a_full_or_read_only_disk_is_told_and_goes_on_when_there_is_room(
    spikeseg, tiny, trained, small_disk
):
    disk = small_disk(24)
    command = ("train", tiny, "--out", disk / "run")
    assert refusal(spikeseg(*command)).endswith("No space left on device")
    assert_whole(disk)
    checkpoints = files(disk / "run" / "checkpoints")
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
    assert refusal(spikeseg(*command)) == f"cannot write {disk / 'run'}: Read-only file system"
    assert files(disk / "run" / "checkpoints") == checkpoints
    subprocess.run(["mount", "-o", "remount,rw,size=20m", str(disk)], check=True)
    assert spikeseg(*command).code == 0
    assert_same_arrays(disk / "run" / "network.npz", trained / "network.npz")


@pytest.mark.parametrize("background", [False, True])
@pytest.mark.parametrize("device", ["numpy", "cpp_standalone"])
def test_ctrl_c_never_passes_for_the_end_of_a_simulation(spikeseg, tiny, trained, tmp_path, device, background):
    """Newer Brian2 ends a run early and calls it complete; a shell lets jobs in the background ignore Ctrl-C."""
    out = tmp_path / "out"
    command = ["train", tiny, "--out", out, "--device", device]
    process = start(*command, ignore_interrupts=background)
    while not (out / "checkpoints" / "conv2.npz").exists() and process.poll() is None:
        time.sleep(0.005)
    process.send_signal(signal.SIGINT)
    _, told = process.communicate()
    assert (process.returncode == 0) == background, told
    assert (out / "network.npz").exists() == background
    assert "Traceback" not in told
    assert spikeseg(*command).code == 0
    assert_same_arrays(out / "network.npz", trained / "network.npz")


@pytest.mark.parametrize("device", ["numpy", "cpp_standalone"])
def test_sigterm_ends_a_command_as_ctrl_c_does(tiny, tmp_path, device):
    out = tmp_path / "out"
    process = start("train", tiny, "--out", out, "--device", device)
    while not (out / "checkpoints" / "conv2.npz").exists() and process.poll() is None:
        time.sleep(0.005)
    process.terminate()
    _, told = process.communicate()
    assert process.returncode == 130
    assert told.splitlines()[-1] == "spikeseg: interrupted; the same command resumes from its last checkpoint"
    assert "Traceback" not in told
