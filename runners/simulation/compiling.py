"""How a model becomes a program: the part that all backends share. It runs in a process of its own (`worker`)."""

from __future__ import annotations

import hashlib
import json
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import numpy as np

from .interface import Times

if TYPE_CHECKING:
    from ...models.model import Model

MANIFEST = "manifest.json"

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
    manifest, code = _interface(model, device)
    backend.generate(device, model, code, directory)
    (directory / MANIFEST).write_text(json.dumps({"content": manifest, "sha256": manifest_hash(manifest)}))


def manifest_hash(content: Any) -> str:
    """By which a manifest that was changed is noticed."""
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()


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
    """Run a command of a build. Raises RuntimeError with the first error that it reports."""
    done = subprocess.run(command, cwd=directory, env=environment, capture_output=True, text=True)
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if line.strip()]
        errors = [line for line in lines if "error" in line and not line.startswith("make")]
        raise RuntimeError((errors or lines or [f"{command[0]} failed"])[0])
