"""C++ standalone: compile a model once, run the program for any stimuli, kernels and thresholds."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from spikeseg.cache import cache_directory
from spikeseg.errors import SpikeSegError
from spikeseg.files import locked, read_json
from spikeseg.spikes import Shape, Spikes

from .. import equations, models
from . import simulator
from .simulator import COMPILER_FLAGS, Result, compiler, configure, recorded_spikes, require

if TYPE_CHECKING:
    from ..models.model import Model

MANIFEST = "manifest.json"

PREFIX = "prefix.h"
HEADERS = (
    "objects.h",
    "brianlib/common_math.h",
    "brianlib/stdint_compat.h",
    "climits",
    "cmath",
    "ctime",
    "fstream",
    "iostream",
)
PREFIX_RULES = f"""
{PREFIX}.gch: {PREFIX}
\t$(CXX) $(CXXFLAGS) -x c++-header $< -o $@
$(filter-out %.c,$(SRCS:.cpp=.o)): {PREFIX}.gch
$(filter-out %.c,$(SRCS:.cpp=.o)): private CXXFLAGS += -include {PREFIX}
"""

# Reads the run's inputs, runs for as long as they last, and writes what was asked for: Brian2 itself would write every
# array there is, which takes longer than a stimulus. `brian` is Brian2's own namespace.
MAIN = """
{
    auto load = [](const char* name, std::vector<char>& bytes) {
        std::ifstream file(std::string("inputs/") + name, std::ios::binary | std::ios::ate);
        if (!file) { std::cerr << "cannot read inputs/" << name << std::endl; std::exit(2); }
        bytes.resize(file.tellg());
        file.seekg(0);
        file.read(bytes.data(), bytes.size());
    };
    std::vector<char> bytes;
    %(loads)s
    load("duration", bytes);
    %(network)s.run(*reinterpret_cast<double*>(bytes.data()), NULL, 10.0);
    auto save = [](const char* name, const void* data, size_t size) {
        std::ofstream file(std::string("results/") + name, std::ios::binary);
        file.write(static_cast<const char*>(data), size);
    };
    %(saves)s
    return 0;
}
"""

LOAD_ARRAY = """
    load("%(name)s", bytes);
    if (bytes.size() != %(count)d * sizeof(*%(array)s)) {
        std::cerr << "inputs/%(name)s has the wrong size" << std::endl; std::exit(2);
    }
    std::copy(bytes.begin(), bytes.end(), reinterpret_cast<char*>(&%(array)s[0]));
"""

LOAD_VECTOR = """
    load("%(name)s", bytes);
    %(array)s.resize(bytes.size() / sizeof(%(array)s[0]));
    std::copy(bytes.begin(), bytes.end(), reinterpret_cast<char*>(%(array)s.data()));
"""

SAVE_ARRAY = """
    save("%(name)s", &%(array)s[0], %(count)d * sizeof(*%(array)s));
"""

SAVE_VECTOR = """
    save("%(name)s", %(array)s.data(), %(array)s.size() * sizeof(%(array)s[0]));
"""


class StandaloneSimulator:
    """Runs a compiled program; nothing of Brian2 is needed once it exists."""

    def __init__(self, build: Callable[[], Model], key: str):
        self._directory = cache_directory() / "programs" / _digest(key)
        if not (self._directory / MANIFEST).exists():
            with locked(self._directory.with_suffix(".lock"), wait=True):
                if not (self._directory / MANIFEST).exists():  # else another process was quicker
                    _compile(build, self._directory)
        self._manifest: dict[str, Any] = read_json(self._directory / MANIFEST)
        self.steps: int = self._manifest["steps"]
        self.ticks: int = self._manifest["ticks"]

    def run(self, stimuli: Spikes, state: Mapping[str, np.ndarray]) -> Result:
        """See `Simulator.run`."""
        try:
            with tempfile.TemporaryDirectory(prefix="spikeseg-", ignore_cleanup_errors=True) as work:
                self._write_inputs(Path(work), stimuli, state)
                done = subprocess.run([self._directory / "main"], cwd=work, capture_output=True, text=True)
                if done.returncode or done.stderr:
                    told = " ".join(done.stderr.split()) or "no message; out of memory?"
                    raise SpikeSegError(f"simulation failed ({done.returncode}): {told}")
                return self._read_results(Path(work, "results"), stimuli.stimuli)
        except OSError as error:
            raise SpikeSegError(f"simulation failed: {error}; its files go where TMPDIR says") from error

    def _write_inputs(self, work: Path, stimuli: Spikes, state: Mapping[str, np.ndarray]) -> None:
        manifest = self._manifest
        inputs = work / "inputs"
        inputs.mkdir()
        (work / "results").mkdir()
        (work / "static_arrays").symlink_to(self._directory / "static_arrays")
        for name, known in manifest["state"].items():
            values = np.asarray(state[name], dtype=known["dtype"])
            _write(inputs / name, np.broadcast_to(values, (known["size"],)))
        _write(inputs / "input.timebins", (stimuli.stimulus * self.steps + stimuli.step).astype(np.int32))
        _write(inputs / "input.neurons", stimuli.neuron.astype(np.int32))
        _write(inputs / "duration", np.array(stimuli.stimuli * self.steps * manifest["dt"]))

    def _read_results(self, results: Path, stimuli: int) -> Result:
        manifest = self._manifest
        spikes = {}
        for name, shape in manifest["monitors"].items():
            count = int(_read(results / f"{name}.N", np.int32, 1)[0])
            neuron = _read(results / f"{name}.i", np.int32, count)
            t = _read(results / f"{name}.t", np.float64, count)
            spikes[name] = recorded_spikes(Shape(*shape), stimuli, neuron, t, self.steps, self.ticks, manifest["dt"])
        state = {
            name: _read(results / name, np.dtype(known["dtype"]), known["size"])
            for name, known in manifest["state"].items()
        }
        return Result(spikes, state)


def _write(path: Path, values: np.ndarray) -> None:
    path.write_bytes(values.tobytes())  # unlike ndarray.tofile, it complains where the disk is full


def _read(path: Path, dtype: Any, count: int) -> np.ndarray:
    values = np.fromfile(path, dtype=dtype) if path.exists() else np.empty(0, dtype)
    if len(values) != count:
        raise SpikeSegError(f"simulation wrote {len(values)} of {count} values to {path}: is the disk full?")
    return values


def _digest(key: str) -> str:
    """Hash of all that a compiled program depends on; the generated code would take Brian2 to make."""
    source = hashlib.sha256()
    paths = [Path(__file__), Path(simulator.__file__)]
    for package in (models, equations):
        folder = Path(package.__path__[0])
        paths += sorted([*folder.glob("*.py"), *folder.glob("templates/*.cpp")])
    for path in paths:
        source.update(path.name.encode() + path.read_bytes())
    machine = (platform.machine(), platform.node(), version("brian2"), np.__version__, COMPILER_FLAGS)
    source.update(repr((machine, key)).encode())
    return source.hexdigest()[:16]


def _compile(build: Callable[[], Model], directory: Path) -> None:
    """Build and compile the model in a fresh directory that takes its final name when complete."""
    from brian2 import get_device, set_device

    require("cpp_standalone", compiler(), "make")
    configure()
    try:
        directory.parent.mkdir(parents=True, exist_ok=True)
        work = Path(tempfile.mkdtemp(dir=directory.parent, prefix=".building-"))
    except OSError as error:
        raise SpikeSegError(f"cannot write {directory.parent}: {error.strerror}") from error
    set_device("cpp_standalone", directory=str(work), build_on_run=False)
    device: Any = get_device()
    try:
        manifest = _generate(build(), device, work)
        (work / MANIFEST).write_text(json.dumps(manifest))
        _publish(work, directory)
    except (RuntimeError, OSError, subprocess.SubprocessError) as error:
        raise SpikeSegError(f"compiling the simulation failed: {' '.join(str(error).split())}") from error
    finally:
        device.reinit()
        set_device("runtime")
        shutil.rmtree(work, ignore_errors=True)


def _publish(work: Path, directory: Path) -> None:
    """Give a program its final name, in place of a damaged one if there is any."""
    if directory.exists():
        shutil.rmtree(directory)
    work.rename(directory)


def _generate(model: Model, device: Any, work: Path) -> dict[str, Any]:
    """Write and compile the program; return where its inputs and results are."""
    from brian2 import second

    model.network.run(0 * second, namespace={})  # what the program does before our own main part
    loads, saves = [], []
    state: dict[str, dict[str, Any]] = {}
    for name, (group, attribute) in model.state.items():
        variable = group.variables[attribute]
        known = {"name": name, "array": device.get_array_name(variable, access_data=False), "count": int(variable.size)}
        loads.append(LOAD_ARRAY % known)
        saves.append(SAVE_ARRAY % known)
        state[name] = {"dtype": np.dtype(variable.dtype).str, "size": int(variable.size)}
    for name, attribute in (("input.neurons", "neuron_index"), ("input.timebins", "_timebins")):
        array = device.get_array_name(model.source.variables[attribute], access_data=False)
        loads.append(LOAD_VECTOR % {"name": name, "array": array})
    for name, monitor in model.monitors.items():
        array = {key: device.get_array_name(monitor.variables[key], access_data=False) for key in ("N", "i", "t")}
        saves.append(SAVE_ARRAY % {"name": f"{name}.N", "array": array["N"], "count": 1})
        saves += [SAVE_VECTOR % {"name": f"{name}.{key}", "array": array[key]} for key in ("i", "t")]
    main = {"loads": "".join(loads), "network": model.network.name, "saves": "".join(saves)}
    device.insert_code("main", MAIN % main)
    device.build(directory=str(work), compile=False, run=False, with_output=False)
    _make(work)
    return {
        "steps": model.steps,
        "ticks": model.ticks,
        "dt": model.dt,
        "state": state,
        "monitors": {name: model.shapes[name] for name in model.monitors},
    }


def _make(work: Path) -> None:
    """Run the generated makefile; every file includes the same headers, which are compiled once, beforehand."""
    (work / PREFIX).write_text("".join(f"#include <{name}>\n" for name in HEADERS))
    with (work / "makefile").open("a") as makefile:
        makefile.write(PREFIX_RULES)
    command = ["make", f"-j{os.cpu_count()}", f"CXX={compiler()}"]
    done = subprocess.run(command, cwd=work, capture_output=True, text=True)
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if line.strip()]
        errors = [line for line in lines if "error" in line and not line.startswith("make")]
        raise RuntimeError((errors or lines or ["make failed"])[0])
