"""The documents say what is so: equations and commands are quoted as they are, and links lead somewhere."""

import re
import shlex
from pathlib import Path

import pytest
import typer
from brian2 import prefs

from spikeseg.runners.cli.main import application

ROOT = Path(__file__).parents[1]
DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]

every_document = pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)


def blocks(document, language):
    """Contents of the fenced blocks in a language."""
    return re.findall(rf"```{language}\n(.*?)```", document.read_text(), re.DOTALL)


def test_equations_are_quoted_as_they_stand():
    source = "\n".join(path.read_text() for path in (ROOT / "equations").glob("*.py"))
    quoted = "\n\n".join(block.strip() for block in blocks(ROOT / "docs" / "model.md", "python"))
    equations = re.split(r"\n\n(?=[A-Z_]+ = )", quoted)
    assert len(equations) > 15
    for equation in equations:
        assert f"\n{equation}\n" in source, equation


def commands():
    """The arguments of `spikeseg` in all command lines that the documents show."""
    lines = "".join(block for document in DOCUMENTS for block in blocks(document, "sh")).splitlines()
    words = [shlex.split(line.replace("$seed", "0"), comments=True) for line in lines]
    return [arguments for program, *arguments in filter(None, words) if program == "spikeseg"]


def test_commands_are_understood():
    assert len(commands()) > 10
    for arguments in commands():
        command, context = typer.main.get_command(application()), None
        while hasattr(command, "commands"):
            context = command.make_context("spikeseg", list(arguments), parent=context)
            command = command.commands[arguments.pop(0)]
        command.make_context("spikeseg", arguments, parent=context)


@every_document
def test_links_lead_somewhere(document):
    links = re.findall(r"\]\(([^)#]+)\)", document.read_text())
    built = {f"gallery/{path.stem}.rst" for path in (ROOT / "examples").glob("*.py")} | {"gallery/index.rst"}
    here = [link for link in links if "://" not in link and link not in built]
    assert not [link for link in here if not (document.parent / link).exists()]


@every_document
def test_files_that_are_named_exist(document):
    folders = "analysis|benchmarks|configs|datasets|equations|examples|models|runners|spikeseg|tests|workflow"
    named = re.findall(rf"`((?:{folders})/[^`\s<]*)`", document.read_text())
    assert not [name for name in named if not any(ROOT.glob(name))]


@every_document
def test_what_is_imported_from_the_package_is_there(document):
    code = "\n".join(blocks(document, "python"))
    for line in re.findall(r"^from spikeseg.*|^import spikeseg.*", code, re.MULTILINE):
        exec(line, {})


def test_the_architecture_says_where_things_live():
    table = re.search(r"\| looking for \|.*?\n\n", (ROOT / "docs" / "architecture.md").read_text(), re.DOTALL)[0]
    assert len(re.findall(r"`([^`]+)`", table)) > 20


def test_the_page_on_conv_synapses_runs(capsys):
    before = prefs.codegen.target
    prefs.codegen.target = "numpy"
    try:
        for example in blocks(ROOT / "docs" / "conv-synapses.md", "python"):
            exec(compile(example, "conv-synapses.md", "exec"), {})
    finally:
        prefs.codegen.target = before
    assert capsys.readouterr().out == "(4, 1, 5, 5)\n(1, 10)\n"
