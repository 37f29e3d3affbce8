"""Below every equation stands what it means: its symbols, what it reads, and what it updates, and no others."""

import ast
import re
import runpy
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[2]
MODEL = (ROOT / "docs" / "model.md").read_text()
FOLDERS = ("analysis", "configs", "datasets", "equations", "models", "runners")
CODE = [path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py")]
NO_VARIABLES = {"abs", "and", "clip", "inf", "int", "not", "False", "True"}
DECLARED = re.compile(r"(\w+) : [^()]+(\([\w, ]+\))?")
ASSIGNED = re.compile(r"(\w+) \+?= (.+)")


class Equation(NamedTuple):
    """A constant of `equations/`: its name, how it stands there, the string that Brian2 gets, and the text below it."""

    name: str
    source: str
    value: str
    text: str

    @property
    def lines(self):
        return self.value.strip().splitlines()


def equations():
    for path in sorted((ROOT / "equations").glob("[!_]*.py")):
        source, values = path.read_text(), runpy.run_path(str(path))
        for node, below in pairwise([*ast.parse(source).body, None]):
            if isinstance(node, ast.Assign):
                assert isinstance(below, ast.Expr), f"{path.name}: nothing below {ast.unparse(node.targets)}"
                (name,) = (ast.unparse(target) for target in node.targets)
                text = ast.literal_eval(below.value)
                yield pytest.param(
                    Equation(name, ast.get_source_segment(source, node), values[name], text), id=f"{path.stem}.{name}"
                )


ALL = list(equations())
DECLARATIONS = [one for one in ALL if all(DECLARED.fullmatch(line) for line in one.values[0].lines)]
STATEMENTS = [one for one in ALL if one not in DECLARATIONS]


def listed(text, key):
    """Names before the first comma of each part of a line of the text."""
    found = re.search(rf"^{key}: (.+)$", text, re.MULTILINE)
    return {part.split(",")[0].strip() for part in found[1].split(";")} if found else set()


@pytest.mark.parametrize("equation", DECLARATIONS)
def test_every_variable_that_is_declared_is_explained(equation):
    declared = {line.split()[0] for line in equation.lines}
    if "CONV}" in equation.source:
        declared -= {"v", "theta", "stimulus"}  # explained where CONV is
    explained = re.findall(r"^(\w+(?:, \w+)*) {2,}\S", equation.text, re.MULTILINE)
    assert {name for names in explained for name in names.split(", ")} == declared


@pytest.mark.parametrize("equation", STATEMENTS)
def test_what_a_statement_reads_and_updates_is_listed(equation):
    reads, updates = set(), set()
    for line in equation.lines:
        assigned = ASSIGNED.fullmatch(re.sub(r" : (1|boolean)( \(summed\))?$", "", line))
        updates |= {assigned[1]} if assigned else set()
        reads |= set(re.findall(r"[A-Za-z_]\w*", assigned[2] if assigned else line)) - NO_VARIABLES
    assert listed(equation.text, "Reads") == reads
    assert listed(equation.text, "Updates") == updates
    assert re.search(r"^When: \w", equation.text, re.MULTILINE)


@pytest.mark.parametrize("equation", [one for one in STATEMENTS if not one.id.startswith("genn.")])
def test_every_statement_of_the_model_is_quoted_in_the_documentation(equation):
    assert f"\n{equation.source}\n" in MODEL


def test_the_rules_are_numbered_and_every_rule_that_is_cited_exists():
    anchors = [int(number) for number in re.findall(r'<a id="rule-(\d+)"></a>', MODEL)]
    headings = [int(number) for number in re.findall(r"^##+ Rule (\d+)\.", MODEL, re.MULTILINE)]
    assert anchors == headings == list(range(1, len(anchors) + 1))
    texts = [MODEL, *(path.read_text() for path in CODE)]
    cited = [match for text in texts for match in re.findall(r"\brules? (\d+)(?:(?:,| and| to) (\d+))*", text)]
    numbers = {int(number) for match in cited for number in match if number}
    assert numbers
    assert numbers <= set(anchors)
    assert set(re.findall(r"#rule-(\d+)", MODEL)) <= {str(number) for number in anchors}
