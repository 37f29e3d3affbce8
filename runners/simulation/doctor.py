"""Which devices work here, and why the others do not."""

from __future__ import annotations

import ctypes
import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

from spikeseg.errors import SpikeSegError

LAST_CUDA = 12  # in which a context can be created as GeNN 4 does
GPU_DRIVER = "libcuda.so.1"
CUDA_VERSION = r"#define CUDA_VERSION (\d+)"  # in its header


def require(device: str) -> None:
    """Raise SpikeSegError where something that the device needs is missing, with everything that is."""
    if found := problems(device):
        raise SpikeSegError(f"device {device} {'; it '.join(found)}")


def problems(device: str) -> list[str]:
    """What keeps a device from working, each as "needs something, and ...: what to do"."""
    match device:
        case "cpp_standalone":
            return [*_commands(compiler(), "make")]
        case "cython":
            return [*_commands(compiler())]
        case "genn-cpu":
            return [*_packages(), *_genn(), *_commands(compiler(), "make")]
        case "genn":
            return [*_packages(), *_genn(), *_commands(compiler(), "make"), *_cuda()]
    return []


def compiler() -> str:
    """The C++ compiler: CXX, which may have arguments, or g++."""
    return os.environ.get("CXX", "").strip() or "g++"


def compiler_version() -> str:
    """The compiler's command and what it says about its version; the command alone where it does not work."""
    command = compiler()
    try:
        done = subprocess.run([*shlex.split(command), "--version"], capture_output=True, text=True)
    except (OSError, ValueError):
        return command
    return f"{command} {done.stdout}"


def genn_versions(gpu: bool) -> tuple[str, ...]:
    """Versions of what turns a model into a program with GeNN; CUDA's with `gpu`. What is missing has none."""
    found = [f"brian2genn {_version('brian2genn')}", f"GeNN {_file('GENN_PATH', 'version.txt')}"]
    if gpu:
        number = re.search(CUDA_VERSION, _file("CUDA_PATH", "include", "cuda.h") or "")
        found.append(f"CUDA {number and number[1]}")
    return tuple(found)


def _file(variable: str, *parts: str) -> str | None:
    """A file in the directory that a variable of the environment names; None where it cannot be read."""
    try:
        return Path(os.environ.get(variable, ""), *parts).read_text(errors="replace").strip()
    except OSError:
        return None


def _commands(*commands: str) -> Iterator[str]:
    for command in commands:
        if shutil.which(command.split()[0]) is None:
            yield f"needs a C++ compiler, and {command} is missing: install it, or use --device numpy"


def _packages() -> Iterator[str]:
    """The versions that go together, of which brian2genn is the strictest."""
    if _version("brian2genn") is None:
        yield "needs brian2genn, and it is not installed: pip install 'spikeseg[genn]', in an environment of its own"
        return
    brian2, numpy = _version("brian2"), _version("numpy")
    if brian2 is not None and _numbers(brian2)[:2] != (2, 5):
        yield f"needs Brian2 2.5, and {brian2} is installed: pip install brian2==2.5.4"
    if numpy is not None and _numbers(numpy) >= (2,):
        yield f"needs NumPy below 2, and {numpy} is installed: pip install numpy==1.26.4"
    if find_spec("pkg_resources") is None:
        yield "needs pkg_resources, which newer setuptools lack: pip install 'setuptools<81'"


def _genn() -> Iterator[str]:
    where = os.environ.get("GENN_PATH")
    if not where:
        yield "needs GeNN 4.9.0, and GENN_PATH is not set: set it to the directory where GeNN is"
        return
    found = _file("GENN_PATH", "version.txt")
    if found is None:
        yield f"needs GeNN 4.9.0, and GENN_PATH, {where}, is not GeNN's directory: it has no version.txt"
        return
    if not (4, 2, 1) <= _numbers(found) < (5,):
        yield f"needs GeNN 4.9.0, and GENN_PATH, {where}, has GeNN {found}: brian2genn cannot use it"


def _cuda() -> Iterator[str]:
    otherwise = "or use --device genn-cpu"
    where = os.environ.get("CUDA_PATH")
    if not where:
        yield f"needs CUDA, and CUDA_PATH is not set: set it to the directory where CUDA is, {otherwise}"
        return
    header = _file("CUDA_PATH", "include", "cuda.h")
    if header is None:
        yield f"needs CUDA, and CUDA_PATH, {where}, is not CUDA's directory: it has no include/cuda.h, {otherwise}"
        return
    found = re.search(CUDA_VERSION, header)
    if found and int(found[1]) // 1000 > LAST_CUDA:
        yield (
            f"needs CUDA {LAST_CUDA} or older, and CUDA_PATH, {where}, has {int(found[1]) // 1000}: "
            f"GeNN 4 does not compile with it; install an older one beside it, {otherwise}"
        )
    if not _gpus():
        yield f"needs a GPU, and the driver knows none: install NVIDIA's driver, {otherwise}"


def _gpus() -> int:
    """Number of CUDA GPUs that the driver knows; 0 without a driver."""
    try:
        driver = ctypes.CDLL(GPU_DRIVER)
    except OSError:
        return 0
    count = ctypes.c_int(0)
    driver.cuInit(0)
    driver.cuDeviceGetCount(ctypes.byref(count))
    return count.value


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _numbers(text: str) -> tuple[int, ...]:
    """Of a version, the numbers at its beginning."""
    return tuple(int(number) for number in re.match(r"[\d.]*", text)[0].split(".") if number)  # pyright: ignore
