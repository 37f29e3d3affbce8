"""Compiling: whatever happens to a compiler or its process, there is a whole program, or one line."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from helpers import designs
from helpers.designs import INPUTS, Inputs
from spikeseg.cache import cache_directory
from spikeseg.errors import SpikeSegError
from spikeseg.runners.simulation.cpp_standalone import HELPERS, OWN, join_statements
from spikeseg.runners.simulation.simulator import open_simulator
from spikeseg.spikes import Spikes


def assert_works() -> None:
    """The compiled program records its inputs."""
    inputs = Spikes.collect(INPUTS, 3, [0, 2, 2], [1, 0, 0], [2, 0, 1])
    with open_simulator(Inputs(), "cpp_standalone") as simulator:
        found = simulator.run(inputs, {}).spikes["input"]
    for column in ("stimulus", "step", "neuron"):
        np.testing.assert_array_equal(getattr(found, column), getattr(inputs, column))


def compiling() -> str:
    """The line that is told when the program cannot be compiled."""
    with pytest.raises(SpikeSegError) as told, open_simulator(Inputs(), "cpp_standalone"):
        pass
    assert "\n" not in str(told.value)
    return str(told.value)


def in_another_process() -> subprocess.Popen:
    """A process that compiles the program; no `__main__` of its own needs to be guarded."""
    code = """
from helpers.designs import Inputs
from spikeseg.runners.simulation.simulator import open_simulator
with open_simulator(Inputs(), "cpp_standalone"):
    pass
"""
    tests = Path(designs.__file__).parents[1]
    return subprocess.Popen([sys.executable, "-c", code], cwd=tests, stderr=subprocess.PIPE, text=True)


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch) -> Path:
    """An empty one."""
    monkeypatch.setenv("SPIKESEG_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def compiler(tmp_path, monkeypatch) -> Callable[[str], None]:
    """Puts a shell script in the compiler's place."""

    def replace(script: str) -> None:
        path = tmp_path / "compiler"
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
        monkeypatch.setenv("CXX", str(path))

    return replace


def test_what_the_compiler_needed_on_the_way_is_not_kept(cache):
    assert_works()
    (main,) = cache.glob("programs/*/main")
    kept = {path.suffix for path in main.parent.rglob("*")}
    assert not kept & {".o", ".gch"}
    assert {"", ".cpp", ".h", ".json"} <= kept  # the program, and what may be read


class TestCompilers:
    @pytest.mark.parametrize("device", ["cpp_standalone", "cython"])
    def test_a_missing_one_is_named(self, monkeypatch, device):
        monkeypatch.setenv("CXX", "no-such-compiler -O9")
        told = f"device {device} needs a C.*no-such-compiler.* is missing: install it, or use --device numpy"
        with pytest.raises(SpikeSegError, match=told), open_simulator(Inputs(), device):
            pass

    def test_make_is_needed(self, compiler, monkeypatch):
        compiler("exit 0")
        monkeypatch.setenv("PATH", "")
        assert "make is missing" in compiling()

    @pytest.mark.compiled
    def test_its_first_error_is_told(self, compiler, cache):
        compiler("echo in file included from x: >&2; echo 'x.cpp:1:2: error: no such thing' >&2; exit 1")
        assert compiling() == "compiling the simulation failed: x.cpp:1:2: error: no such thing"
        assert not (cache / "programs").exists()

    @pytest.mark.compiled
    def test_one_that_is_killed_is_told(self, compiler, cache):
        compiler("kill -9 $$")
        assert compiling().startswith("compiling the simulation failed: ")
        assert not (cache / "programs").exists()


@pytest.mark.compiled
class TestPrograms:
    def test_two_processes_may_compile_the_same_at_once(self, cache):
        for process in [in_another_process() for _ in range(2)]:
            _, told = process.communicate()
            assert process.returncode == 0, told
        assert len(list((cache / "programs").iterdir())) == 1

    def test_a_process_killed_half_way_is_no_harm_nor_is_a_damaged_program(self, cache):
        process = in_another_process()
        while not list(cache.glob("programs/.building-*/main.cpp")):
            assert process.poll() is None
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        assert not list(cache.glob("programs/*/manifest.json"))
        assert list(cache.glob("programs/.building-*"))
        assert_works()
        assert not list(cache.glob("programs/.building-*"))
        (manifest,) = cache.glob("programs/*/manifest.json")
        manifest.unlink()
        assert_works()
        assert len(list(cache.glob("programs/*/manifest.json"))) == 1

    def test_a_cache_may_be_relative(self, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        monkeypatch.setenv("SPIKESEG_CACHE", "here")
        assert_works()
        assert len(list(Path("here", "programs").iterdir())) == 1


class TestCaches:
    def test_the_users_is_taken_where_none_is_named(self, monkeypatch):
        monkeypatch.delenv("SPIKESEG_CACHE")
        monkeypatch.setenv("XDG_CACHE_HOME", "/somewhere")
        assert cache_directory() == Path("/somewhere/spikeseg")
        monkeypatch.delenv("XDG_CACHE_HOME")
        monkeypatch.setenv("HOME", "/home/somebody")
        assert cache_directory() == Path("/home/somebody/.cache/spikeseg")

    def test_one_must_be_named_where_there_is_no_home(self, monkeypatch):
        monkeypatch.delenv("SPIKESEG_CACHE")
        monkeypatch.delenv("XDG_CACHE_HOME", raising=False)

        def homeless():
            raise RuntimeError("Could not determine home directory.")

        monkeypatch.setattr(Path, "home", homeless)
        with pytest.raises(SpikeSegError, match="set SPIKESEG_CACHE"):
            cache_directory()


@pytest.mark.parametrize("parts", [1, 2, 9])
def test_statements_are_compiled_together_once_each_where_their_helpers_are_the_same(tmp_path, parts):
    statements = {f"s{number}": f"helpers {number % 7 == 0}" for number in range(20)}
    (tmp_path / "code_objects").mkdir()
    for name, helpers in statements.items():
        text = f'#include "{name}.h"\n{HELPERS}\n{helpers}\n{OWN}\nvoid {name}()\n'
        (tmp_path / "code_objects" / f"{name}.cpp").write_text(text)
    files = [(tmp_path / name).read_text() for name in join_statements(tmp_path, parts)]
    assert len(files) == min(parts, 3) + min(parts, 17)
    for name, helpers in statements.items():
        (found,) = (text for text in files if f"void {name}()" in text)
        assert found.index(f"{name}.h") < found.index(helpers) < found.index(f"void {name}()")
        assert found.count("helpers") == 1
