"""How a model becomes a program: the part that all backends share. It runs in a process of its own (`worker`)."""

from __future__ import annotations

import hashlib
import json
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import numpy as np

from .interface import CONNECTION, Times

if TYPE_CHECKING:
    from ...models.model import Model

MANIFEST = "manifest.json"

# Brian2 itself would write every array there is to files, which takes longer than a stimulus. Our programs are asked
# over a socket instead (`running`): a size, and so many bytes of inputs; they answer with the results in the same way.
RECEIVE = """
    const int connection = std::atoi(std::getenv("%(connection)s"));
    const int nobody = 3;  // how it ends when whoever asked is gone
    auto receive = [connection](void* data, size_t size) {
        for (char* next = static_cast<char*>(data); size > 0;) {
            const ssize_t some = read(connection, next, size);
            if (some <= 0) _exit(nobody);
            next += some, size -= some;
        }
    };
    std::vector<char> bytes;
    auto receive_inputs = [&] {
        int64_t size;
        receive(&size, sizeof(size));
        bytes.resize(size);
        receive(bytes.data(), bytes.size());
    };
    %(wait)s
    const char* next = bytes.data();
    auto take = [&](void* data, size_t size) {
        if (size > size_t(bytes.data() + bytes.size() - next)) {
            std::cerr << "inputs are too short" << std::endl;
            _exit(2);
        }
        std::memcpy(data, next, size);
        next += size;
    };
    double duration;
    take(&duration, sizeof(duration));
    int64_t count;
    %(loads)s
"""

PROTOCOL_HEADERS = ("csignal", "cstring", "sys/mman.h", "sys/wait.h", "unistd.h")  # what the code above and below needs

ONCE = "receive_inputs();"
END = "_exit(0);"

# Where every stimulus begins as the first one does, runs follow each other in one process, as stimuli do in one run.
ON_AND_ON = """
    for (;;) {
        receive_inputs();
"""
FROM_THE_BEGINNING = """
    %s
    }
"""
CLEAR_VALUE, CLEAR_VECTOR = "%s[0] = 0;", "%s.clear();"

# Every other run is in a copy of the process as it was at the start: neither order nor chunking of runs can matter. The
# copy is made beforehand, and memory of its own for what a run writes: who asks does not wait for that.
AGAIN_AND_AGAIN = """
    signal(SIGCHLD, SIG_DFL);  // else, where the caller ignores it, no copy's end is known
    auto own = [](void* data, size_t size) {
#ifdef MADV_POPULATE_WRITE
        const size_t page = sysconf(_SC_PAGESIZE), begin = reinterpret_cast<size_t>(data) / page * page;
        madvise(reinterpret_cast<void*>(begin), reinterpret_cast<size_t>(data) + size - begin, MADV_POPULATE_WRITE);
#endif
    };
    for (;;) {
        const pid_t run = fork();
        if (run == 0) {
            %(owns)s
            receive_inputs();
            break;
        }
        int status = 0;
        if (run < 0 || waitpid(run, &status, 0) < 0) { std::perror("cannot start a run"); _exit(2); }
        if (WIFSIGNALED(status)) { signal(WTERMSIG(status), SIG_DFL); raise(WTERMSIG(status)); }
        if (status) _exit(WEXITSTATUS(status) == nobody ? 0 : WEXITSTATUS(status));
    }
"""
LARGE = 2**21  # neurons; of a larger layer, and of its list of spikes, a run writes little
OWN = "own(%(array)s, %(count)d * sizeof(*%(array)s));"

SEND = """
    int64_t total = 0;
    std::vector<std::pair<const void*, size_t>> answer{{&total, sizeof(total)}};
    auto put = [&](const void* data, size_t size) {
        answer.emplace_back(data, size);
        total += size;
    };
    %(saves)s
    for (const auto& part : answer) {
        const char* next = static_cast<const char*>(part.first);
        for (const char* end = next + part.second; next < end;) {
            const ssize_t some = write(connection, next, end - next);
            if (some <= 0) _exit(0);
            next += some;
        }
    }
    %(end)s
"""

TAKE_ARRAY = "take(&count, sizeof(count)), take(&%(array)s[0], count);"  # nothing where it stays as it is
PUT_ARRAY = "put(&%(array)s[0], %(count)d * sizeof(*%(array)s));"
TAKE_VECTOR = """
    take(&count, sizeof(count));
    %(array)s.resize(count);
    take(%(array)s.data(), count * sizeof(%(array)s[0]));
"""
PUT_VECTOR = """
    const int64_t size_%(array)s = %(array)s.size();
    put(&size_%(array)s, sizeof(int64_t));
    put(%(array)s.data(), size_%(array)s * sizeof(%(array)s[0]));
"""
# In a layer the neurons of a place lie side by side (models/layer.py). Outside of models they lie map by map, and the
# spikes of a step are told in that order.
BY_MAP = """
    for (size_t first = 0, last; first < %(i)s.size(); first = last) {
        int32_t begins[%(features)d + 1] = {0};
        for (last = first; last < %(i)s.size() && %(t)s[last] == %(t)s[first]; last++)
            begins[%(i)s[last] %% %(features)d + 1]++;
        for (int32_t feature = 0; feature < %(features)d; feature++)
            begins[feature + 1] += begins[feature];
        const std::vector<int32_t> found(%(i)s.begin() + first, %(i)s.begin() + last);
        for (const int32_t one : found)
            %(i)s[first + begins[one %% %(features)d]++] = one %% %(features)d * %(places)d + one / %(features)d;
    }
"""


class Code(NamedTuple):
    """C++ that takes the inputs of a run, ``duration`` among them, and C++ that sends its results and ends it."""

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
        """What lies in a program's directory and is needed when it starts."""
        ...

    @property
    def forks(self) -> bool:
        """Whether a program stays up and runs again and again; else it ends after a run."""
        ...

    @property
    def arguments(self) -> tuple[str, ...]:
        """Of a program."""
        ...

    def tools(self) -> tuple[str, ...]:
        """What compiles, with its version: other tools make other programs."""
        ...

    def activate(self, directory: Path) -> Any:
        """Give Brian2's device, now the active one."""
        ...

    def generate(self, device: Any, model: Model, code: Code, directory: Path) -> None:
        """Write and compile ``main`` in a directory. Raises RuntimeError where that fails."""
        ...


def compile_model(build: Callable[[], Model], backend: Backend, directory: Path) -> None:
    """Write and compile a program, with its manifest, in a directory. Raises RuntimeError where that fails."""
    device = backend.activate(directory)
    model = build()
    manifest, code = _interface(model, device, backend.forks)
    backend.generate(device, model, code, directory)
    (directory / MANIFEST).write_text(json.dumps({"content": manifest, "sha256": manifest_hash(manifest)}))


def manifest_hash(content: Any) -> str:
    """By which a manifest that was changed is noticed."""
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()


def _interface(model: Model, device: Any, forks: bool) -> tuple[dict[str, Any], Code]:
    """What a program takes and answers, in this order, and the code for both."""
    loads, saves = [], []
    state: dict[str, dict[str, Any]] = {}
    for name, (group, attribute) in model.state.items():
        variable = group.variables[attribute]
        known = {"array": device.get_array_name(variable, access_data=False), "count": int(variable.size)}
        loads.append(TAKE_ARRAY % known)
        saves += [PUT_ARRAY % known] if name in model.results else []
        state[name] = {"dtype": np.dtype(variable.dtype).str, "size": int(variable.size)}
    for attribute in ("neuron_index", "_timebins"):
        array = device.get_array_name(model.source.variables[attribute], access_data=False)
        loads.append(TAKE_VECTOR % {"array": array})
    for name, monitor in model.monitors.items():
        i, t = (device.get_array_name(monitor.variables[key], access_data=False) for key in "it")
        if name in model.features_last:
            features, rows, columns = model.shapes[name]
            saves.append(BY_MAP % {"i": i, "t": t, "features": features, "places": rows * columns})
        saves += [PUT_VECTOR % {"array": array} for array in (i, t)]
    goes_on = forks and model.forgets
    manifest = {
        "times": Times(model.steps, model.ticks, model.dt, model.spare),
        "delays": dict(model.delays),
        "state": state,
        "results": list(model.results),
        "kernels": model.kernels,
        "monitors": {name: model.shapes[name] for name in model.monitors},
        "goes_on": goes_on,
    }
    wait, end = ONCE, END
    if goes_on:
        wait, end = ON_AND_ON, FROM_THE_BEGINNING % "\n".join(_cleared(model, device))
    elif forks:
        wait = AGAIN_AND_AGAIN % {"owns": "\n".join(_owned(device))}
    receive = RECEIVE % {"connection": CONNECTION, "wait": wait, "loads": "\n".join(loads)}
    return manifest, Code(receive, SEND % {"saves": "\n".join(saves), "end": end})


def _cleared(model: Model, device: Any) -> Iterator[str]:
    """Code after which time, the source and monitors are as before a run."""
    from brian2 import Clock

    yield f"{model.network.name}.t = 0;"
    for variable, array in device.arrays.items():
        if isinstance(variable.owner, Clock) and variable.name in ("t", "timestep"):
            yield CLEAR_VALUE % array
    yield CLEAR_VALUE % device.get_array_name(model.source.variables["_lastindex"], access_data=False)
    for monitor in model.monitors.values():
        yield CLEAR_VALUE % device.get_array_name(monitor.variables["N"], access_data=False)
        for name in "it":
            yield CLEAR_VECTOR % device.get_array_name(monitor.variables[name], access_data=False)


def _owned(device: Any) -> Iterator[str]:
    """Code that makes a run's own what it writes, unless it is so large that a run writes little of it."""
    for variable, array in device.arrays.items():
        if not variable.constant and variable not in device.dynamic_arrays and variable.size <= LARGE:
            yield OWN % {"array": array, "count": variable.size}


def build_with(command: Sequence[str], directory: Path, environment: Mapping[str, str] | None = None) -> None:
    """Run a command of a build. Raises RuntimeError with the first error that it reports."""
    done = subprocess.run(command, cwd=directory, env=environment, capture_output=True, text=True)
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if line.strip()]
        errors = [line for line in lines if "error" in line and not line.startswith("make")]
        raise RuntimeError((errors or lines or [f"{command[0]} failed"])[0])
