"""C++ standalone: how a model becomes a program."""

from __future__ import annotations

import os
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
PREFIX_RULES = f"""
{PREFIX}.gch: {PREFIX}
\t$(CXX) $(CXXFLAGS) -x c++-header $< -o $@
$(filter-out %.c,$(SRCS:.cpp=.o)): {PREFIX}.gch
$(filter-out %.c,$(SRCS:.cpp=.o)): private CXXFLAGS += -include {PREFIX}
"""


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
        """See `compiling.Backend`. Every file includes the same headers, which are compiled once, beforehand."""
        from brian2 import second

        model.network.run(0 * second, namespace={})  # what the program does before our own main part
        network = f"{model.network.name}.run(duration, NULL, 10.0);"  # of Brian2's own namespace
        device.insert_code("main", f"{{\n{code.inputs}\n{network}\n{code.results}\n}}")
        device.build(directory=str(directory), compile=False, run=False, with_output=False)
        (directory / PREFIX).write_text("".join(f"#include <{name}>\n" for name in HEADERS))
        with (directory / "makefile").open("a") as makefile:
            makefile.write(PREFIX_RULES)
        build_with(["make", f"-j{os.cpu_count()}", f"CXX={compiler()}"], directory)
