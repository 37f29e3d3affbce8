"""A disk that is full or read-only costs a user one line, and never a wrong answer or half a file."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from contextlib import suppress

import numpy as np
import pytest
from PIL import Image

from helpers.disks import room
from helpers.runs import files, refusal
from spikeseg.datasets.rendered.orange_panda import OrangePanda
from spikeseg.datasets.stimuli import stimuli
from spikeseg.errors import SpikeSegError
from spikeseg.files import read_arrays, read_json, replacing, write_arrays, write_json
from spikeseg.models.network import TrainedNetwork
from spikeseg.runners.inference.encoding import open_encoder

NUMPY = ("--device", "numpy")


class TestFullDisks:
    @pytest.fixture
    def picture(self, tmp_path):
        Image.fromarray(np.zeros((64, 64), np.uint8)).save(tmp_path / "picture.png")
        return tmp_path / "picture.png"

    @pytest.mark.parametrize("command", ["train", "point", "encode", "segment", "evaluate"])
    def test_nothing_is_half_written(self, spikeseg, tiny, run, picture, tmp_path, command):
        arguments = {
            "train": [tiny, "--out", tmp_path / "new"],
            "point": [tiny, "--out", tmp_path / "new"],
            "encode": [run],
            "segment": [run, picture, "--out", tmp_path / "new"],
            "evaluate": [run, "--split", "validation"],
        }
        before = files(tmp_path)
        with room(64):
            told = spikeseg(command, *arguments[command], *NUMPY)
        assert "cannot write" in refusal(told)
        assert files(tmp_path) == before

    def test_a_disk_that_is_really_full_is_told(self, spikeseg, run, small_disk):
        disk = small_disk(8)
        line = refusal(spikeseg("encode", run, "--out", disk / "spikes.npz", *NUMPY))
        assert line == f"cannot write {disk / 'spikes.npz'}: No space left on device"
        assert files(disk) == {}

    def test_a_disk_that_cannot_be_written_is_told(self, spikeseg, tiny, small_disk):
        disk = small_disk(100, "ro")
        line = refusal(spikeseg("train", tiny, "--out", disk / "run", *NUMPY))
        assert line == f"cannot write {disk / 'run'}: Read-only file system"

    def test_a_directory_that_is_a_file_is_told(self, spikeseg, run, tmp_path):
        (tmp_path / "file").write_text("")
        line = refusal(spikeseg("encode", run, "--out", tmp_path / "file" / "spikes.npz", *NUMPY))
        assert line.startswith(f"cannot write {tmp_path / 'file' / 'spikes.npz'}: ")


@pytest.mark.compiled
def test_a_simulation_needs_no_room(trained, small_disk, monkeypatch):
    network = TrainedNetwork.load(trained / "network.npz")
    pictures = [sample.image for sample in OrangePanda(3, 0, (64, 64))]
    inputs = stimuli(pictures, network.config.input, (64, 64))
    full = small_disk(4)
    with suppress(OSError):
        (full / "filled").write_bytes(bytes(8192))
    found = []
    for place in (None, str(full)):
        monkeypatch.setattr(tempfile, "tempdir", place)
        with open_encoder(network.config, (64, 64), "cpp_standalone") as encoder:
            found.append(encoder.encode(network, inputs))
    for name, spikes in found[0].items():
        np.testing.assert_array_equal(found[1][name].neuron, spikes.neuron)
        np.testing.assert_array_equal(found[1][name].step, spikes.step)
    monkeypatch.setattr(tempfile, "tempdir", str(full / "missing"))
    with (
        open_encoder(network.config, (64, 64), "cpp_standalone") as encoder,
        pytest.raises(SpikeSegError, match=r"simulation failed: .*No such file or directory.*TMPDIR"),
    ):
        encoder.encode(network, inputs)


class TestFiles:
    def test_what_is_being_replaced_stays_until_the_end(self, tmp_path):
        path = tmp_path / "a.txt"
        path.write_text("old")
        with replacing(path) as temporary:
            temporary.write_text("new")
            assert path.read_text() == "old"
        assert files(tmp_path) == {"a.txt": b"new"}

    def test_of_a_failure_nothing_stays(self, tmp_path):
        path = tmp_path / "a.txt"
        path.write_text("old")

        def fail():
            with replacing(path) as temporary:
                temporary.write_text("half")
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            fail()
        assert files(tmp_path) == {"a.txt": b"old"}

    def test_json_comes_back(self, tmp_path):
        content = {"name": "ü", "numbers": [1, 2.5, None], "of": {"a": "b"}}
        write_json(tmp_path / "new" / "a.json", content)
        assert read_json(tmp_path / "new" / "a.json") == content
        assert json.loads((tmp_path / "new" / "a.json").read_text(encoding="utf-8")) == content

    @pytest.mark.parametrize("content", [b"", b"{", b"[]", b"null", b"\xff"])
    def test_what_is_no_json_object_is_named(self, tmp_path, content):
        (tmp_path / "a.json").write_bytes(content)
        with pytest.raises(SpikeSegError, match=r"a\.json "):
            read_json(tmp_path / "a.json")

    def test_arrays_come_back(self, tmp_path):
        arrays = {"a": np.arange(6).reshape(2, 3), "b c": np.array("text"), "empty": np.empty(0, np.int16)}
        write_arrays(tmp_path / "a.npz", arrays)
        found = read_arrays(tmp_path / "a.npz", dict.fromkeys(arrays))
        assert found.keys() == arrays.keys()
        for name, values in arrays.items():
            assert found[name].dtype == values.dtype
            np.testing.assert_array_equal(found[name], values)

    def test_any_wrong_byte_of_arrays_is_told_in_one_line(self, tmp_path):
        write_arrays(tmp_path / "a.npz", {"a": np.arange(50)})
        whole = (tmp_path / "a.npz").read_bytes()
        told = []
        for position in range(len(whole)):
            damaged = whole[:position] + bytes([whole[position] ^ 0xFF]) + whole[position + 1 :]
            (tmp_path / "b.npz").write_bytes(damaged)
            try:
                np.testing.assert_array_equal(read_arrays(tmp_path / "b.npz", {"a": None})["a"], np.arange(50))
            except SpikeSegError as error:
                told.append(str(error))
        assert len(told) > len(whole) / 2
        assert all("b.npz is damaged" in line and "\n" not in line for line in told)

    def test_arrays_that_are_missing_are_named(self, tmp_path):
        with pytest.raises(SpikeSegError, match=r"a\.npz is missing"):
            read_arrays(tmp_path / "a.npz")
        write_arrays(tmp_path / "a.npz", {"a": np.arange(3)})
        with pytest.raises(SpikeSegError, match=r"a\.npz is damaged: it lacks b"):
            read_arrays(tmp_path / "a.npz", {"a": None, "b": None})


WRITING = """
import sys, time
from pathlib import Path
from spikeseg.files import replacing
with replacing(Path(sys.argv[1])) as temporary:
    temporary.write_text("half")
    print(temporary, flush=True)
    time.sleep(1000)
"""


def test_what_a_killed_process_was_writing_is_removed_and_what_a_living_one_writes_is_not(tmp_path):
    target = tmp_path / "out" / "a.txt"
    command = [sys.executable, "-c", WRITING, str(target)]
    killed, living = (subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2))
    names = [process.stdout.readline().strip().split("/")[-2] for process in (killed, living)]
    killed.kill()
    killed.communicate()
    for name in (".spikeseg-notes", ".spikeseg-12345678"):
        (target.parent / name).write_text("a user's")
    write_json(target.with_name("b.json"), {})
    left = {path.name for path in target.parent.iterdir()}
    assert left == {names[1], "b.json", ".spikeseg-notes", ".spikeseg-12345678"}
    living.kill()
    living.communicate()


def test_a_lock_that_a_killed_process_left_is_removed_where_nothing_else_is_left_to_do(spikeseg, tiny, run):
    (run / ".lock").touch()
    assert spikeseg("train", tiny, "--out", run, *NUMPY).code == 0
    assert not (run / ".lock").exists()
