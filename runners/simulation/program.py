"""Programs: a model compiled once into the cache, then run for any stimuli, kernels and thresholds."""

from __future__ import annotations

import hashlib
import inspect
import json
import platform
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import numpy as np

from spikeseg import equations, models
from spikeseg.cache import cache_directory
from spikeseg.errors import SpikeSegError
from spikeseg.files import locked, read_json
from spikeseg.spikes import Shape, Spikes

from . import interface
from .doctor import require
from .interface import COMPILER_FLAGS, Result, Times, configure, recorded_spikes

if TYPE_CHECKING:
    from ...models.model import Model

MANIFEST = "manifest.json"
PREFERENCES = (  # that devices change when they become active
    "codegen.generators.cpp.restrict_keyword",
    "codegen.loop_invariant_optimisations",
    "core.network.default_schedule",
)

# Brian2 itself would write every array there is, which takes longer than a stimulus: programs read the run's inputs and
# write what was asked for.
INPUTS = """
    auto load = [](const char* name, std::vector<char>& bytes) {
        std::ifstream file(std::string("inputs/") + name, std::ios::binary | std::ios::ate);
        if (!file) { std::cerr << "cannot read inputs/" << name << std::endl; std::exit(2); }
        bytes.resize(file.tellg());
        file.seekg(0);
        file.read(bytes.data(), bytes.size());
    };
    std::vector<char> bytes;
    %s
    load("duration", bytes);
    const double duration = *reinterpret_cast<double*>(bytes.data());
"""

RESULTS = """
    auto save = [](const char* name, const void* data, size_t size) {
        std::ofstream file(std::string("results/") + name, std::ios::binary);
        file.write(static_cast<const char*>(data), size);
    };
    %s
    return 0;
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


class Code(NamedTuple):
    """C++ that reads the inputs of a run, ``duration`` among them, and C++ that writes its results and ends it."""

    inputs: str
    results: str


class Backend(Protocol):
    """How models become programs."""

    @property
    def name(self) -> str:
        """Of our device."""
        ...

    @property
    def parts(self) -> tuple[str, ...]:
        """What lies in a program's directory and is needed where it runs."""
        ...

    @property
    def arguments(self) -> tuple[str, ...]:
        """Of a program."""
        ...

    def activate(self, directory: Path) -> Any:
        """Give Brian2's device, now the active one."""
        ...

    def generate(self, device: Any, model: Model, code: Code, directory: Path) -> None:
        """Write and compile ``main`` in a directory. Raises RuntimeError where that fails."""
        ...


class ProgramSimulator:
    """Runs a compiled program; nothing of Brian2 is needed once it exists."""

    def __init__(self, build: Callable[[], Model], key: str, backend: Backend):
        self._directory = cache_directory() / "programs" / _digest(key, backend)
        self._backend = backend
        if not (self._directory / MANIFEST).exists():
            with locked(self._directory.with_suffix(".lock"), wait=True):
                if not (self._directory / MANIFEST).exists():  # else another process was quicker
                    _compile(build, self._directory, backend)
        self._manifest: dict[str, Any] = read_json(self._directory / MANIFEST)
        self._times = Times(*self._manifest["times"])
        self.steps, self.ticks = self._times.steps, self._times.ticks

    def run(self, stimuli: Spikes, state: Mapping[str, np.ndarray]) -> Result:
        """See `Simulator.run`."""
        try:
            with tempfile.TemporaryDirectory(prefix="spikeseg-", ignore_cleanup_errors=True) as work:
                self._write_inputs(Path(work), stimuli, state)
                command = [self._directory / "main", *self._backend.arguments]
                done = subprocess.run(command, cwd=work, capture_output=True, text=True)
                complaints = [line for line in done.stderr.splitlines() if not line.startswith("#")]  # GeNN's remarks
                if done.returncode or complaints:
                    told = " ".join(" ".join(complaints).split()) or _ending(done.returncode, self._directory)
                    raise SpikeSegError(f"simulation failed: {told}")
                return self._read_results(Path(work, "results"), stimuli.stimuli)
        except OSError as error:
            raise SpikeSegError(f"simulation failed: {error}; its files go where TMPDIR says") from error

    def _write_inputs(self, work: Path, stimuli: Spikes, state: Mapping[str, np.ndarray]) -> None:
        manifest = self._manifest
        inputs = work / "inputs"
        inputs.mkdir()
        (work / "results").mkdir()
        for part in self._backend.parts:
            (work / part).symlink_to(self._directory / part)
        for name, known in manifest["state"].items():
            values = np.asarray(state[name], dtype=known["dtype"])
            _write(inputs / name, np.broadcast_to(values, (known["size"],)))
        bins = stimuli.stimulus * self._times.period + stimuli.step
        _write(inputs / "input.timebins", bins.astype(np.int32))
        _write(inputs / "input.neurons", stimuli.neuron.astype(np.int32))
        _write(inputs / "duration", np.array(stimuli.stimuli * self._times.period * self._times.dt))

    def _read_results(self, results: Path, stimuli: int) -> Result:
        manifest = self._manifest
        spikes = {}
        for name, shape in manifest["monitors"].items():
            count = int(_read(results / f"{name}.N", np.int32, 1)[0])
            neuron = _read(results / f"{name}.i", np.int32, count)
            t = _read(results / f"{name}.t", np.float64, count)
            delay = manifest["delays"].get(name, 0)
            spikes[name] = recorded_spikes(Shape(*shape), stimuli, neuron, t, self._times, delay)
        state = {
            name: _read(results / name, np.dtype(known["dtype"]), known["size"])
            for name, known in manifest["state"].items()
        }
        return Result(spikes, state)


def _ending(code: int, directory: Path) -> str:
    """Why a program that said nothing may have ended."""
    anew = f"remove {directory} to have it compiled anew"
    if code >= 0:
        return f"exit code {code} and no message; {anew}"
    name = signal.Signals(-code).name
    return f"ended by {name}: " + {"SIGKILL": "out of memory?", "SIGINT": "interrupted"}.get(name, anew)


def _write(path: Path, values: np.ndarray) -> None:
    path.write_bytes(values.tobytes())  # unlike ndarray.tofile, it complains where the disk is full


def _read(path: Path, dtype: Any, count: int) -> np.ndarray:
    values = np.fromfile(path, dtype=dtype) if path.exists() else np.empty(0, dtype)
    if len(values) != count:
        raise SpikeSegError(f"simulation wrote {len(values)} of {count} values to {path}: is the disk full?")
    return values


def _digest(key: str, backend: Backend) -> str:
    """Hash of all that a compiled program depends on; the generated code would take Brian2 to make."""
    source = hashlib.sha256()
    paths = [Path(__file__), Path(interface.__file__), Path(inspect.getfile(type(backend)))]
    for package in (models, equations):
        folder = Path(package.__path__[0])
        paths += sorted([*folder.glob("*.py"), *folder.glob("templates/*.cpp")])
    for path in paths:
        source.update(path.name.encode() + path.read_bytes())
    machine = (platform.machine(), platform.node(), version("brian2"), np.__version__, COMPILER_FLAGS)
    source.update(repr((machine, backend.name, key)).encode())
    return source.hexdigest()[:16]


def _compile(build: Callable[[], Model], directory: Path, backend: Backend) -> None:
    """Build and compile the model in a fresh directory that takes its final name when complete."""
    from brian2 import prefs, set_device

    require(backend.name)
    try:
        directory.parent.mkdir(parents=True, exist_ok=True)
        work = Path(tempfile.mkdtemp(dir=directory.parent, prefix=".building-"))
    except OSError as error:
        raise SpikeSegError(f"cannot write {directory.parent}: {error.strerror}") from error
    configure()
    before = {name: prefs[name] for name in PREFERENCES}
    device: Any = backend.activate(work)
    try:
        model = build()
        manifest, code = _interface(model, device)
        backend.generate(device, model, code, work)
        (work / MANIFEST).write_text(json.dumps(manifest))
        _publish(work, directory)
    except (RuntimeError, OSError, subprocess.SubprocessError) as error:
        raise SpikeSegError(f"compiling the simulation failed: {' '.join(str(error).split())}") from error
    finally:
        device.reinit()
        set_device("runtime")
        for name, value in before.items():
            prefs[name] = value
        shutil.rmtree(work, ignore_errors=True)


def _publish(work: Path, directory: Path) -> None:
    """Give a program its final name, in place of a damaged one if there is any."""
    if directory.exists():
        shutil.rmtree(directory)
    work.rename(directory)


def _interface(model: Model, device: Any) -> tuple[dict[str, Any], Code]:
    """Where a program's inputs and results are, and the code for both."""
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
    manifest = {
        "times": Times(model.steps, model.ticks, model.dt, model.spare),
        "delays": dict(model.delays),
        "state": state,
        "monitors": {name: model.shapes[name] for name in model.monitors},
    }
    return manifest, Code(INPUTS % "".join(loads), RESULTS % "".join(saves))


def build_with(command: Sequence[str], directory: Path, environment: Mapping[str, str] | None = None) -> None:
    """Run a command of a build. Raises RuntimeError with the first error that it tells."""
    done = subprocess.run(command, cwd=directory, env=environment, capture_output=True, text=True)
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if line.strip()]
        errors = [line for line in lines if "error" in line and not line.startswith("make")]
        raise RuntimeError((errors or lines or [f"{command[0]} failed"])[0])
