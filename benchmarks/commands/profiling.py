"""What commands spend their time on, now and at an earlier commit: ``python -m benchmarks.commands.profiling --help``.

py-spy (the extra ``benchmark``) looks at a command many times a second. Its processor time is divided by what it was
seen at; that of the compiled program, which is another process, is known without. Run what is compared first with
``python -m benchmarks.commands``, which installs the commit and compiles what is to be compiled.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from spikeseg.analysis.figures.style import WIDTH, save, style
from spikeseg.analysis.painting.colours import FAINT, distinct
from spikeseg.files import write_json

from .cases import BUFFERS, PICTURES, Command, plan
from .checkout import Version, earlier, this_checkout
from .measuring import filled

SAMPLES = 200  # a second
PROGRAM = "the simulation"
OTHER = "all else"
PARTS = {
    "imports": r"<frozen importlib",
    "drawing": r"(figures|painting|report)/|figures\.py|overlays\.py|style\.py|gif\.py|matplotlib/",
    "reading": r"datasets/",
    "asking the simulation": r"simulation/|encoding\.py|simulator\.py|standalone\.py|program\.py|spikes\.py",
    "decoding": r"analysis/",
}
"""Parts of a command, and what the file of a function that belongs there is called, in either version."""

CASES = f"segment {PICTURES}", "evaluate", f"stream {BUFFERS}"

Seconds = dict[str, float]

# Runs the program, and notes the processor time of itself and of the processes that it started.
DRIVER = """
import atexit, json, resource, runpy, sys
path = sys.argv.pop(1)
def note():
    spent = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    with open(path, "w") as file:
        json.dump([one.ru_utime + one.ru_stime for one in spent], file)
atexit.register(note)
sys.argv[0] = "spikeseg"
runpy.run_module("spikeseg", run_name="__main__")
"""


def part_of(stack: str) -> str:
    """What a stack of functions, ``outermost (file:line);...;innermost (file:line)``, is at.

    Imports are what happens for their sake. Else the innermost function counts that belongs to a part.
    """
    if re.search(PARTS["imports"], stack):
        return "imports"
    for frame in reversed(stack.split(";")):
        for part, files in PARTS.items():
            if re.search(files, frame):
                return part
    return OTHER


def divided(samples: Iterable[str], own: float, programs: float) -> Seconds:
    """Divide processor time among the parts.

    Parameters
    ----------
    samples
        Lines of py-spy's raw format: a stack, and how often it was seen.
    own, programs
        Processor seconds of the command itself, and of the processes that it started.
    """
    seen: Counter[str] = Counter()
    for line in samples:
        stack, count = line.rsplit(" ", 1)
        seen[part_of(stack)] += int(count)
    whole = sum(seen.values()) or 1
    return {part: own * seen[part] / whole for part in (*PARTS, OTHER)} | {PROGRAM: programs}


def profile(case: Command, version: Version) -> Seconds:
    """Processor seconds of each part of a case. Raises CalledProcessError where the command or py-spy fails."""
    with tempfile.TemporaryDirectory(dir=version.home) as out:
        seen, spent = Path(out, "samples"), Path(out, "spent")
        watch = ["py-spy", "record", "--rate", str(SAMPLES), "--format", "raw", "--nolineno", "--output", str(seen)]
        command = [*watch, "--", version.python, "-c", DRIVER, str(spent), *filled(case, version, out)]
        subprocess.run(command, env=version.environment, cwd=version.home, check=True, capture_output=True)
        return divided(seen.read_text(encoding="utf-8").splitlines(), *json.loads(spent.read_text()))


@style()
def draw(profiles: Mapping[str, Mapping[str, Seconds]], path: Path) -> None:
    """Draw a bar for each case and version, divided into its parts; `profiles` by case and version."""
    figure = Figure((WIDTH, 0.9 + 0.3 * sum(map(len, profiles.values())) + 0.2 * len(profiles)), layout="constrained")
    axes = figure.subplots()
    colours, place, ticks = distinct(len(PARTS) + 2), 0.0, {}
    for case, versions in profiles.items():
        for version, parts in versions.items():
            ends = np.cumsum([0, *parts.values()])
            for (part, took), start, colour in zip(parts.items(), ends, colours, strict=False):
                axes.barh(place, took, left=start, color=colour, height=0.8, label=part if not place else None)
            axes.text(ends[-1], place, f" {ends[-1]:.1f} s", va="center", fontsize=8)
            ticks[place] = f"{case}, {version}"
            place += 1
        place += 0.6
    axes.set(yticks=list(ticks), xlabel="processor time in seconds", xlim=(0, 1.08 * axes.get_xlim()[1]))
    axes.set_yticklabels(ticks.values())
    axes.invert_yaxis()
    axes.grid(axis="x", color=FAINT, linewidth=0.5)
    axes.set_axisbelow(True)
    figure.legend(loc="outside lower center", ncols=4)
    save(figure, path)


def main() -> None:
    """Profile both versions, and write a picture, with the seconds beside it as JSON."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.commands.profiling",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--against", required=True, metavar="COMMIT", help="an earlier commit of this repository")
    parser.add_argument("--data", required=True, type=Path, help="directory of caltech-101")
    parser.add_argument("--out", type=Path, default=Path("runs/benchmarks/profile.png"), help="a picture")
    arguments = parser.parse_args()
    work = arguments.out.parent.resolve() / "commands"
    cases = plan(work / "inputs", arguments.data.resolve())
    profiles: dict[str, dict[str, Seconds]] = {}
    for name in CASES:
        profiles[name] = {}
        for version in (earlier(arguments.against, work), this_checkout(work)):
            try:
                profiles[name][version.name] = profile(cases[name], version)
            except (subprocess.CalledProcessError, OSError) as error:
                said = getattr(error, "stderr", b"") or str(error).encode()
                sys.exit(f"benchmarks: {name}: {said.decode(errors='replace').strip().splitlines()[-1]}")
    write_json(arguments.out.with_suffix(".json"), profiles)
    draw(profiles, arguments.out)


if __name__ == "__main__":
    main()
