"""C++ standalone: how a model becomes a program."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .compiling import PROTOCOL_HEADERS, Code, build_with
from .doctor import compiler, compiler_version

if TYPE_CHECKING:
    from ...models.model import Model

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
    *PROTOCOL_HEADERS,
)
RULES = f"""
{PREFIX}.gch: {PREFIX}
\t$(CXX) $(CXXFLAGS) -x c++-header $< -o $@
$(filter-out %.c,$(SRCS:.cpp=.o)): {PREFIX}.gch
$(filter-out %.c,$(SRCS:.cpp=.o)): private CXXFLAGS += -include {PREFIX}
objects.o: private OPTIMISATIONS += -O1
"""
"""For Brian2's makefile. objects.cpp is long, and reads and writes each array once: not worth optimising."""

MEMORY = "memory.cpp"
ALIGNED = """
#include <new>
#include <stdlib.h>
void* operator new[](std::size_t size)
{
    void* memory;
    if (posix_memalign(&memory, 64, size)) throw std::bad_alloc();
    return memory;
}
void operator delete[](void* memory) noexcept { free(memory); }
"""
"""Lets arrays begin where a line of the processor's cache does: a tenth of the time of large layers."""

STATEMENTS = "code_objects/"  # where Brian2 writes their files
HELPERS, OWN = "////// SUPPORT CODE ///////", "////// HASH DEFINES ///////"  # what begins there in Brian2's files


class CppStandalone:
    """Brian2's own device: a `compiling.Backend`."""

    name = "cpp_standalone"
    parts = ("static_arrays",)
    arguments = ()
    forks = True

    def tools(self) -> tuple[str, ...]:
        """See `compiling.Backend`."""
        return (compiler_version(),)

    def activate(self, directory: Path) -> Any:
        """See `compiling.Backend`."""
        from brian2 import get_device, set_device

        set_device("cpp_standalone", directory=str(directory), build_on_run=False)
        return get_device()

    def generate(self, device: Any, model: Model, code: Code, directory: Path) -> None:
        """See `compiling.Backend`.

        A statement's file is short, and includes the same headers as all others. So headers are compiled once,
        beforehand, and many statements together. Nothing is compiled again, so make need not know who includes what.
        """
        from brian2 import second

        from ...models.targets import StandaloneCode

        for monitor in model.monitors.values():  # a program tells spikes, not how many each neuron had
            monitor.template, monitor.codeobj_class = "records", StandaloneCode
        model.network.run(0 * second, namespace={})  # what the program does before our own main part
        network = f"{model.network.name}.run(duration, NULL, 10.0);"  # of Brian2's own namespace
        device.insert_code("main", f"{{\n{code.inputs}\n{network}\n{code.results}\n}}")
        device.build(directory=str(directory), compile=False, run=False, with_output=False)
        (directory / PREFIX).write_text("".join(f"#include <{name}>\n" for name in HEADERS))
        makefile = (directory / "makefile").read_text()
        (directory / "makefile").write_text(makefile + RULES)
        processors = os.cpu_count() or 1
        (named,) = re.findall("^SRCS = (.*)$", makefile, re.MULTILINE)
        others = [source for source in named.split() if not source.startswith(STATEMENTS)]
        (directory / MEMORY).write_text(ALIGNED)
        sources = " ".join([*join_statements(directory, processors), *others, MEMORY])
        build_with(
            ["make", f"-j{processors}", "--old-file=make.deps", f"CXX={compiler()}", f"SRCS={sources}"], directory
        )


def join_statements(directory: Path, parts: int) -> list[str]:
    """Write the files of statements whose helpers are the same into so many files in all; returns the names of all."""
    files: dict[str, list[tuple[str, str]]] = {}
    for path in sorted(directory.glob(f"{STATEMENTS}*.cpp")):
        start, _, own = path.read_text().partition(OWN)
        headers, _, helpers = start.partition(HELPERS)
        files.setdefault(helpers, []).append((headers, own))
    names = []
    for helpers, alike in files.items():
        for mine in (alike[part::parts] for part in range(min(parts, len(alike)))):
            names.append(f"{STATEMENTS}together{len(names)}.cpp")
            text = "".join([*(headers for headers, _ in mine), helpers, *(own for _, own in mine)])
            (directory / names[-1]).write_text(text)
    return names
