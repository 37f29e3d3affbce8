"""GeNN, on a GPU or the CPU: how a model becomes a program (docs/devices.md)."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spikeseg.files import locked

from .compiling import PROTOCOL_HEADERS, Code, build_with
from .doctor import compiler, compiler_version, genn_versions

if TYPE_CHECKING:
    from ...models.model import Model

# A synapse has a weight of its own on GeNN, in an array with rows of equal length: the kernel is written out there.
WRITE_OUT = """
    for (size_t _s = 0; _s < %(index)s.size(); _s++)
        %(copy)s[sparseSynapseIndices%(synapses)s[_s]] = %(kernel)s[%(index)s[_s]];
    push%(copy)sToDevice();
"""


@dataclass(frozen=True)
class Genn:
    """GeNN through brian2genn, for the device "genn" or "genn-cpu": a `compiling.Backend`."""

    name: str

    parts = ("static_arrays", "magicnetwork_model_CODE")  # the second has GeNN's part, a shared library
    arguments = ("-p run", "0")  # `mkdir -p run_output`, which may be there, and a duration that the inputs replace
    forks = False  # CUDA would not survive it

    @property
    def gpu(self) -> bool:
        """Whether to build for CUDA."""
        return self.name == "genn"

    def tools(self) -> tuple[str, ...]:
        """See `compiling.Backend`."""
        return compiler_version(), *genn_versions(self.gpu)

    def activate(self, directory: Path) -> Any:
        """See `compiling.Backend`."""
        import brian2genn  # noqa: F401  # pyright: ignore - Brian2 knows the device from now on
        from brian2 import get_device, prefs, set_device

        prefs.codegen.cpp.headers = [*prefs.codegen.cpp.headers, *(f"<{name}>" for name in PROTOCOL_HEADERS)]
        set_device("genn", directory=str(directory), compile=False, run=False, use_GPU=self.gpu)
        return get_device()

    def generate(self, device: Any, model: Model, code: Code, directory: Path) -> None:
        """See `compiling.Backend`. Our code runs between GeNN's initialisation and its clean-up."""
        from brian2 import prefs, second

        copies = "".join(_written_out(device, *variable) for variable in model.state.values())
        device.insert_code(
            "before_network_run", f"using namespace brian;\n{code.inputs}\n{copies}\ntotalTime = duration;"
        )
        device.insert_code("after_network_run", code.results)
        model.network.run(0 * second, namespace={})
        _generate(Path(os.environ["GENN_PATH"]), directory, [] if self.gpu else ["-c"])
        # GeNN compiles its part without optimisation unless it may reorder floating point.
        build_with(["make", f"CXX={compiler()} {' '.join(prefs.codegen.cpp.extra_compile_args_gcc)}"], directory)


def _generate(genn: Path, directory: Path, options: Sequence[str]) -> None:
    """Let GeNN generate its part; one process at a time, as it compiles its own library when it is first used."""
    include = f"{directory}:{directory / 'brianlib' / 'randomkit'}"
    command = [str(genn / "bin" / "genn-buildmodel.sh"), *options, "-i", include, "magicnetwork_model.cpp"]
    with locked(directory.parent / "genn.lock", wait=True):
        build_with(command, directory)


def _written_out(device: Any, group: Any, variable: str) -> str:
    """Code that gives synapses the values of their kernel's variable; none where there are none."""
    synapses = getattr(group, "synapses", None)
    if synapses is None:
        return ""
    index = device.get_array_name(synapses.variables["kernel_index"], access_data=False)
    kernel = device.get_array_name(group.variables[variable], access_data=False)
    copy = f"{variable}{synapses.name}"
    return WRITE_OUT % {"index": index, "kernel": kernel, "copy": copy, "synapses": synapses.name}
