"""Programs: a model compiled once into the cache, then run for any stimuli, kernels and thresholds."""

from __future__ import annotations

import hashlib
import inspect
import logging
import os
import platform
import shutil
import stat
import subprocess
from collections.abc import Mapping
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from spikeseg import equations, models
from spikeseg.cache import cache_directory, make_cache
from spikeseg.errors import SpikeSegError
from spikeseg.files import locked, read_json, remove_lock
from spikeseg.spikes import Shape, Spikes

from ...configs import language, neurons, plasticity
from .compiling import MANIFEST, Backend, manifest_hash
from .doctor import require
from .interface import COMPILER_FLAGS, Design, Order, Result, Times, recorded_spikes
from .leftovers import BUILDING, remove_unfinished
from .processes import working
from .running import RunningProgram

MAIN = "main"  # the program itself, among the parts of its directory
REMARKS = logging.getLogger("spikeseg")
BY_PRODUCTS = ("*.o", "*.gch", "together*.cpp")  # the compiler's are hundreds of times as large as the program


class ProgramSimulator:
    """Runs a compiled program; nothing of Brian2 is needed once it exists. See `RunningProgram` for its processes."""

    def __init__(self, design: Design, backend: Backend):
        self._directory = cache_directory() / "programs" / _digest(design, backend)
        self._backend = backend
        if not self._is_complete():
            require(backend.name)
            make_cache()
            with locked(self._directory.with_suffix(".lock"), wait=True):
                if not self._is_complete():  # else another process was quicker
                    _compile(design, self._directory, backend)
        remove_lock(self._directory.with_suffix(".lock"))
        _check_owner(self._directory)
        self._manifest = _read_manifest(self._directory)
        self._times = Times(*self._manifest["times"])
        self.steps, self.ticks = self._times.steps, self._times.ticks
        self._orders = {name: Order.of_kernel(shape) for name, shape in self._manifest["kernels"].items()}
        self._process, self._idle, self._closed = os.getpid(), list[RunningProgram](), False
        self._kept: dict[str, tuple[np.ndarray, np.ndarray]] = {}

    def _is_complete(self) -> bool:
        return all((self._directory / part).exists() for part in (MANIFEST, MAIN, *self._backend.parts))

    def run(self, stimuli: Spikes, state: Mapping[str, np.ndarray]) -> Result:
        """See `Simulator.run`. Threads may run at the same time, each with a process of its own."""
        program = self._take()
        try:
            results = program.ask(self._inputs(stimuli, state, program.state))
        except BaseException:
            program.end()
            raise
        if self._backend.forks:
            self._idle.append(program)
        else:
            program.end()
        if self._closed:  # by another thread than that of this run
            self.end_programs()
        return self._result(results, stimuli.stimuli)

    def end_programs(self) -> None:
        """End its processes that are not at a run; the next run starts another one."""
        with suppress(IndexError):
            while True:
                self._idle.pop().end()

    def close(self) -> None:
        """End its processes; those that are at a run, or come to one, end after it."""
        self._closed = True
        self.end_programs()

    def _take(self) -> RunningProgram:
        if self._process != os.getpid():  # in a copy of the process to which they belong
            self._process, self._idle = os.getpid(), []
        try:
            return self._idle.pop()
        except IndexError:
            command = [self._directory / MAIN, *self._backend.arguments]
            return RunningProgram(command, self._directory, f"remove {self._directory} to have it compiled anew")

    def _inputs(
        self, stimuli: Spikes, state: Mapping[str, np.ndarray], known: dict[str, np.ndarray]
    ) -> list[np.ndarray]:
        duration = stimuli.stimuli * self._times.period * self._times.dt
        inputs = [np.array(duration)]
        for name in self._manifest["state"]:
            sent = self._sent(name, state[name])
            inputs += [np.array(0)] if known.get(name) is sent else [np.array(sent.nbytes), sent]
            if self._manifest["goes_on"]:
                known[name] = sent
        count = np.array(len(stimuli.neuron), np.int64)
        bins = stimuli.stimulus * self._times.period + stimuli.step
        return [*inputs, count, stimuli.neuron.astype(np.int32), count, bins.astype(np.int32)]

    def _sent(self, name: str, values: np.ndarray) -> np.ndarray:
        """Values of a state variable as the program takes them; those that cannot be written to are kept so."""
        if name in self._kept and self._kept[name][0] is values:
            return self._kept[name][1]
        known = self._manifest["state"][name]
        sent = np.broadcast_to(np.asarray(values, dtype=known["dtype"]), (known["size"],))
        if name in self._orders:
            sent = sent[self._orders[name].of]
        if isinstance(values, np.ndarray) and not values.flags.writeable:
            self._kept[name] = values, sent
        return sent

    def _result(self, results: memoryview, stimuli: int) -> Result:
        read = 0

        def take(dtype: Any, count: int) -> np.ndarray:
            nonlocal read
            values = np.frombuffer(results, dtype, count, read)
            read += values.nbytes
            return values

        state = {}
        for name in self._manifest["results"]:
            known = self._manifest["state"][name]
            values = take(np.dtype(known["dtype"]), known["size"])
            state[name] = values[self._orders[name].back] if name in self._orders else values
        spikes = {}
        for name, shape in self._manifest["monitors"].items():
            neuron = take(np.int32, int(take(np.int64, 1)[0]))
            t = take(np.float64, int(take(np.int64, 1)[0]))
            delay = self._manifest["delays"].get(name, 0)
            spikes[name] = recorded_spikes(Shape(*shape), stimuli, neuron, t, self._times, delay)
        return Result(spikes, state)


def _digest(design: Design, backend: Backend) -> str:
    """Hash of all that a compiled program depends on; the generated code itself would take Brian2 to make."""
    source = hashlib.sha256()
    paths = [Path(__file__).with_name(f"{name}.py") for name in ("interface", "compiling", "worker", "program")]
    paths.append(Path(inspect.getfile(type(backend))))
    for package in (models, equations, language, neurons, plasticity):
        folder = Path(package.__path__[0])
        paths += sorted([*folder.rglob("*.py"), *folder.glob("templates/*.cpp")])
    for path in paths:
        source.update(path.name.encode() + path.read_bytes())
    machine = (platform.machine(), platform.node(), version("brian2"), np.__version__, COMPILER_FLAGS)
    source.update(repr((machine, backend.name, backend.tools(), design)).encode())
    return source.hexdigest()[:16]


def _compile(design: Design, directory: Path, backend: Backend) -> None:
    """Compile a model beside `directory`, which is locked; the program takes that name when it is complete."""
    work = directory.with_name(f"{BUILDING}{directory.name}")
    REMARKS.info("compiling the simulation, which is done once for a network and a size: about 15 seconds")
    try:
        shutil.rmtree(work, ignore_errors=True)
        remove_unfinished(directory.parent)
        work.mkdir(mode=0o700)
        with working() as process:
            process.ask("compile", design, backend, work)
        for pattern in BY_PRODUCTS:
            for path in work.rglob(pattern):
                path.unlink()
        if directory.exists():  # not complete
            shutil.rmtree(directory)
        work.rename(directory)
    except (RuntimeError, OSError, subprocess.SubprocessError) as error:
        raise SpikeSegError(f"compiling the simulation failed: {' '.join(str(error).split())}") from error
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _read_manifest(directory: Path) -> dict[str, Any]:
    """Where a program's inputs and results are. Raises SpikeSegError where it is damaged."""
    try:
        manifest = read_json(directory / MANIFEST)
    except SpikeSegError as error:
        raise SpikeSegError(f"{error}; remove {directory} to have it compiled anew") from error
    if manifest.keys() != {"content", "sha256"} or manifest["sha256"] != manifest_hash(manifest["content"]):
        raise SpikeSegError(f"{directory / MANIFEST} is damaged: remove {directory} to have it compiled anew")
    return manifest["content"]


def _check_owner(directory: Path) -> None:
    """Raise SpikeSegError where someone else could have written a program."""
    try:
        found = directory.stat()
    except OSError as error:
        raise SpikeSegError(f"cannot read {directory}: {error.strerror}") from error
    if found.st_uid not in (0, os.getuid()) or found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise SpikeSegError(
            f"{directory} is not run: someone else owns it or may write to it; remove it, or set SPIKESEG_CACHE"
        )
