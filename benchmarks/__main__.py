"""Measure what parts of the program cost, and write tables and a figure: ``python -m benchmarks --data DIRECTORY``.

All ratios are between numbers of one run. Explicit synapses of the whole network need 8 GB of memory and some minutes
to be built: ``--quick`` leaves them out. Whole commands are measured by ``python -m benchmarks.commands``.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from rich.console import Console

from spikeseg.runners.inference.encoding import CAPACITY

from .report import Results, draw, write

PROCEDURAL = {"kind": "procedural", "device": "cpp_standalone"}
SIZES = ((180, 320), (360, 640), (720, 1280))
SPIKES = (500, 2000, 10_000, 30_000, 100_000)
DENSEST = 0.5  # fraction of the pixels that spike
GEOMETRY: dict[str, Any] = {"size": (160, 250), "kernel": 5, "maps": 36, "spikes": 6000}


def plan(data: str | None, quick: bool, torch: bool) -> dict[str, dict[str, Any]]:
    """All cases to be measured, by name; without `torch`, none that needs PyTorch."""
    cases: dict[str, dict[str, Any]] = {}

    def add(name: str, what: str, workload: str, of: Mapping[str, Any], **how: Any) -> None:
        cases[name] = {"what": what, "workload": workload, "of": of, "how": how}

    random = {"count": 10}
    shown = [("saturated", random)] + ([("caltech", {"data": data, "count": 20})] if data else [])
    for name, of in shown:
        many = of | {"count": 50}  # stimuli, as many as training presents between two checkpoints
        add(f"{name} procedural", "encode", name, many, **PROCEDURAL, repeat=5)
        if torch:
            add(f"{name} torch", "dense", name, of, library="torch", repeat=3)
        for kind in ("procedural", "torch") if torch else ("procedural",):
            add(f"{name} whole {kind}", "whole", name, of, kind=kind, repeat=3)
        add(f"{name} numpy", "dense", name, of | {"count": 2}, library="numpy", repeat=1)
        add(f"{name} forward procedural", "forward", name, of, kind="procedural", repeat=5)
        for layer in ("conv2", "conv3"):
            add(f"{name} train {layer} procedural", "train", name, many, layer=layer, kind="procedural", repeat=3)
        if not quick:
            few = of | {"count": 10}
            add(f"{name} cython", "encode", name, many, kind="procedural", device="cython", repeat=2)
            add(f"{name} explicit", "encode", name, many, kind="explicit", device="cpp_standalone", repeat=3)
            add(f"{name} forward explicit", "forward", name, few, kind="explicit", repeat=3)
            # Not Conv2 of the Caltech network: the pairs of its competition alone would take 106 GiB.
            for layer in ("conv3",) if name == "caltech" else ("conv2", "conv3"):
                add(f"{name} train {layer} explicit", "train", name, many, layer=layer, kind="explicit", repeat=2)
    for name, of in sweeps().items():
        add(f"{name} procedural", "encode", "sweep", of, **PROCEDURAL, repeat=4)
        if torch:
            add(f"{name} torch", "dense", "sweep", of | {"count": 1}, library="torch", repeat=1)
    return cases


def sweeps() -> dict[str, dict[str, Any]]:
    """Cases that vary one property at a time: kernel, maps, or the number of input spikes at each size of input."""
    cases = {}
    for kernel in (3, 5, 9, 15):
        cases[f"kernel {kernel}"] = GEOMETRY | {"kernel": kernel}
    for maps in (9, 18, 36, 72):
        cases[f"maps {maps}"] = GEOMETRY | {"maps": maps}
    for rows, columns in SIZES:
        for spikes in SPIKES:
            if spikes <= DENSEST * rows * columns:
                # No more than one run holds: a program is started anew for each, the longer the larger the input is.
                size = {
                    "size": (rows, columns),
                    "spikes": spikes,
                    "maps": 12,
                    "count": min(CAPACITY, max(16, 40_000 // spikes)),
                }
                cases[f"size {rows}x{columns} spikes {spikes}"] = GEOMETRY | size
    return cases


def measure(case: Mapping[str, Any], cache: Path) -> dict[str, float] | None:
    """Run one case in a process of its own; None if it fails. Each kind of connection has its own compiled programs."""
    kind = case["how"].get("kind", "procedural")
    environment = os.environ | {"SPIKESEG_CACHE": str(cache / kind), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "benchmarks.cases", json.dumps(case)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    if done.returncode:
        print(done.stderr.strip().splitlines()[-1], file=sys.stderr)
        return None
    return json.loads(done.stdout.splitlines()[-1])


def main() -> None:
    """Measure, and write ``benchmarks.json``, ``benchmarks.md`` and ``benchmarks.png``."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--data", help="directory of caltech-101; without it, random pixels only")
    parser.add_argument("--quick", action="store_true", help="without explicit synapses and Cython")
    parser.add_argument("--only", default="", help="cases whose name contains this")
    parser.add_argument("--out", type=Path, default=Path("runs/benchmarks"))
    arguments = parser.parse_args()
    console = Console()
    arguments.out.mkdir(parents=True, exist_ok=True)
    file = arguments.out / "benchmarks.json"
    results: Results = json.loads(file.read_text()) if arguments.only and file.exists() else {}
    if not (torch := find_spec("torch") is not None):
        console.print("dense PyTorch is left out: it is not installed")
    with tempfile.TemporaryDirectory() as programs:
        cache = Path(os.environ.get("SPIKESEG_BENCHMARK_CACHE", programs))
        for name, case in plan(arguments.data, arguments.quick, torch).items():
            if arguments.only in name and (found := measure(case, cache)):
                results[name] = found
                console.print(f"{name}: " + ", ".join(f"{key} {value:.3g}" for key, value in found.items()))
                file.write_text(json.dumps(results, indent=1))
    write(results, arguments.out / "benchmarks.md", console)
    draw(results, arguments.out / "benchmarks.png")


if __name__ == "__main__":
    main()
