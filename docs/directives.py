"""What conf.py needs: reference pages that are written from the program itself, and how the gallery's examples run."""

import re
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from brian2 import defaultclock, ms, prefs, set_device
from docutils import nodes
from mdit_py_plugins.anchors.index import slugify
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from spikeseg.configs.reference import Key, all_keys

COLUMNS = "| key | type | default | allowed | unit | meaning |\n| --- | --- | --- | --- | --- | --- |"


def configuration_tables(rows: Iterable[Key]) -> str:
    """A heading and a table in Markdown for each table of a configuration file."""
    tables: dict[str, list[Key]] = {}
    for row in rows:
        tables.setdefault(row.key.rpartition(".")[0], []).append(row)
    lines = []
    for table, members in tables.items():
        lines += ["", f"## {f'[{table}]' if table else 'Before any table'}", "", COLUMNS]
        for row in members:
            name = row.key.rpartition(".")[2]
            cells = f"`{name}`", row.type, f"`{row.default}`", row.allowed, row.unit, row.meaning
            lines.append("| " + " | ".join(cell.replace("|", r"\|") for cell in cells) + " |")
    return "\n".join(lines)


class ConfigurationKeys(SphinxDirective):
    """``config-keys``: every key of a configuration, by table."""

    def run(self) -> list[nodes.Node]:
        """Return the tables."""
        self.env.note_reread()
        return self.parse_text_to_nodes(configuration_tables(all_keys()), allow_section_headings=True)


class CommandLine(SphinxDirective):
    """``command-line``: what ``--help`` says of every command, as Typer writes it for documentation."""

    def run(self) -> list[nodes.Node]:
        """Return a section for each command."""
        self.env.note_reread()
        commands = Path(__file__).with_name("commands.py")
        typer = [sys.executable, "-m", "typer", commands, "utils", "docs", "--name", "spikeseg"]
        text = subprocess.run(typer, check=True, capture_output=True, text=True).stdout
        _, _, commands = text.partition("\n## ")  # the page has an introduction of its own
        return self.parse_text_to_nodes(f"## {commands}", allow_section_headings=True)


def heading_anchor(title: str) -> str:
    """Anchor of a heading: GitHub's, but for rules of the model, which model.md gives short ones of its own."""
    rule = re.match(r"Rule (\d+)\.", title)
    return f"rule-{rule[1]}" if rule else slugify(title)


EXAMPLES = "segment_pictures", "train_small", "own_rule", "own_neuron", "mexican_hat", "stdp", "swap_the_rule"


class ExampleOrder:
    """The order of the gallery: SpikeSEG first, then ConvSynapses in other models."""

    def __init__(self, _: str):
        pass

    def __call__(self, name: str) -> int:
        """Rank of an example's file."""
        return EXAMPLES.index(Path(name).stem)


def script_arguments(_: object, script: dict[str, object]) -> list[str]:
    """Arguments of an example: those that write do so below the build and not in the current directory."""
    folders = {"train_small": "small", "own_rule": "rules", "own_neuron": "neurons"}
    folder = folders.get(Path(str(script["src_file"])).stem)
    return [str(Path(__file__).parent / "build" / "runs" / folder)] if folder else []


def reset_brian(_: object, __: str) -> None:
    """Examples run one after the other in a process: none may find what another one has set."""
    prefs.reset_to_defaults()
    set_device("runtime")
    defaultclock.dt = 0.1 * ms


def setup(app: Sphinx) -> dict[str, bool]:
    """Make the directives known."""
    app.add_directive("config-keys", ConfigurationKeys)
    app.add_directive("command-line", CommandLine)
    return {"parallel_read_safe": True}
