"""The language of equations: what is in it has the units that Brian2 finds; nothing else gets to Brian2."""

from __future__ import annotations

import ast
from contextlib import suppress
from fractions import Fraction

import pytest
from brian2 import DimensionMismatchError, get_dimensions, second
from brian2.core.functions import DEFAULT_FUNCTIONS
from brian2.core.variables import Variable as Brian2Variable
from brian2.parsing.expressions import parse_expression_dimensions
from hypothesis import given
from hypothesis import strategies as st

from helpers.networks import many
from spikeseg.configs.language.statements import (
    DEEPEST,
    FUNCTIONS,
    LONGEST,
    Scope,
    StatementError,
    declared,
    translated,
)

PREFIX = "rule_"
UNITS = {"w": 0, "x": 0, "tau": 1, "rate": -1}
SCOPE = Scope(
    {name: Fraction(unit) for name, unit in UNITS.items()},
    {name: PREFIX + name for name in UNITS},
    frozenset({"w", "tau"}),
)
NUMBERS = st.sampled_from(["0", "1", "0.5", "1e-3"])
EXPRESSIONS = st.recursive(
    NUMBERS | st.sampled_from(sorted(UNITS)),
    lambda inner: st.one_of(
        st.builds("({} {} {})".format, inner, st.sampled_from("+-*/"), inner),
        st.builds("{}({})".format, st.sampled_from(["abs", "sqrt", "-"]), inner),
        st.builds("clip({}, {}, {})".format, inner, inner, inner),
        st.builds(
            "int({} {} {} {} {} > 0)".format, inner, st.sampled_from("<>"), inner, st.sampled_from(["and", "or"]), inner
        ),
    ),
    max_leaves=6,
)


def refusal(code: str) -> str:
    with pytest.raises(StatementError) as told:
        translated(code, SCOPE)
    assert "\n" not in str(told.value)
    assert told.value.statement in code
    return str(told.value)


@many
@given(EXPRESSIONS, st.sampled_from(["w", "tau"]))
def test_units_are_those_that_brian2_finds(expression, target):
    known: dict = {name: Brian2Variable(name, dimensions=get_dimensions(second**unit)) for name, unit in UNITS.items()}
    try:
        found = parse_expression_dimensions(expression, known | {name: DEFAULT_FUNCTIONS[name] for name in FUNCTIONS})
        fits = found == get_dimensions(second ** UNITS[target])
    except DimensionMismatchError:
        fits = False
    try:
        translated(f"{target} = {expression}", SCOPE)
        accepted = True
    except StatementError:
        accepted = False
    assert accepted == fits


@many
@given(EXPRESSIONS)
def test_what_brian2_gets_has_the_value_of_what_was_written(expression):
    values = {"w": 0.25, "x": 3.0, "tau": 0.02, "rate": 5.0}
    try:
        code, _ = translated(f"w = {expression}", SCOPE)
    except StatementError:
        return
    functions = {"clip": lambda x, low, high: min(max(x, low), high), "sqrt": abs, "abs": abs, "int": int}
    written, given = functions | {PREFIX + name: value for name, value in values.items()}, functions | values
    for statements, names in ((code, written), (f"w = {expression}", given)):
        with suppress(ZeroDivisionError):
            exec(statements, {"__builtins__": {}}, names)
    assert written[f"{PREFIX}w"] == given["w"]


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("w += x * 2", "rule_w += rule_x * 2.0"),
        ("w -= (x - 1) - (1 - x)", "rule_w -= rule_x - 1.0 - (1.0 - rule_x)"),
        ("\n  w = 1 / 2  # a half\n\ntau = tau * 2", "rule_w = 1.0 / 2.0\nrule_tau *= 2.0"),
        ("w = w + x - 1", "new_rule_w = rule_w + rule_x - 1.0\nrule_w = new_rule_w"),
        ("# nothing\nw = x  # but this", "rule_w = rule_x"),
        ("w = int(not x > 1)", "rule_w = int(not rule_x > 1.0)"),
        ("", ""),
    ],
)
def test_statements_are_written_anew(code, expected):
    assert translated(code, SCOPE)[0] == expected


@pytest.mark.parametrize(
    ("code", "anew"),
    [
        ("w = 0", {"w"}),
        ("w = x", set()),
        ("w = w * 0", set()),
        ("tau = w * tau\nw = 0", set()),
        ("w = 0\nw = w + x", {"w"}),
    ],
)
def test_what_begins_anew_depends_on_nothing_before(code, anew):
    assert translated(code, SCOPE)[1] == anew


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("w = y", "unknown name y: known here are rate, tau, w, x"),
        ("x = 1", "x cannot be set here, only tau, w"),
        ("w = tau", "w is in no unit, its new value in second"),
        ("w = x + tau", "x is in no unit, tau in second"),
        ("w = x > 1", "its new value in truth values, which int(...) makes 1 or 0"),
        ("w = (x > 1) * 2", "x > 1 is true or false: write int(x > 1) for 1 or 0"),
        ("w = int(x)", "x is a number: write a comparison, such as x > 0"),
        ("w = exp(-x)", "no function exp here, only abs, clip, int, sqrt; write what decays as dx/dt = -x / tau"),
        ("w = x ** 2", "write x * x for a square"),
        ("w = x % 2", "only + - * /"),
        ("w = clip(x)", "clip takes 3 arguments, and has 1"),
        ("w = 0 < x < 1", "is not in the language"),
        ("w = True", "is not in the language"),
        ("w = 1e999", "is no number that can be computed with"),
        ("w = 1j", "is not in the language"),
        ("w =", "is no statement: write x = ..., one per line"),
        ("w = 1; w = 2", "is no statement"),
        ("w == 1", "sets no variable"),
        ("w, tau = 1, 2", "sets no variable"),
        ("w : int = 1", "sets no variable"),
        (f"w = {'x + ' * LONGEST}1", f"{LONGEST} at most"),
        (f"w = {'-' * DEEPEST}x", f"more than {DEEPEST} operations inside each other"),
    ],
)
def test_what_is_not_in_the_language_is_refused(code, told):
    assert told in refusal(code)


@pytest.mark.parametrize(
    "code",
    [
        "w = __import__('os').system('touch x')",
        "w = ().__class__.__base__",
        "w = x.real",
        "w = eval('1')",
        "w = (lambda: 1)()",
        "w = [x for x in (1,)][0]",
        "w = (x := 1)",
        "w = x if x > 1 else 2",
        'w = f"{x}"',
        "w = clip(*x)",
        "w = clip(x, 0, high=1)",
        "w = abs.__call__(x)",
        "w[0] = 1",
        "w.x = 1",
        "import os",
        "del w",
        "w = 1\\\n",
        "w = \x00",
    ],
)
def test_python_is_not_in_the_language(code):
    refusal(code)


@pytest.mark.parametrize(
    ("equations", "told"),
    [
        ("x : __import__('os')", "is no equation"),
        ("x : second * metre", "write 1, which is none, or second"),
        ("x : volt", "x has the unit 'volt'"),
        ("x = 2 * y : 1", "is no equation"),
        ("dx/dt = -y / tau : 1", "is no equation"),
        ("dx/dt = x / tau : 1", "is no equation"),
        ("dx/dt = -x / (2 * tau) : 1", "is no equation"),
        ("x : 1 (shared)", "is no equation"),
        ("x_pre : 1", "cannot be a name"),
        ("X : 1", "cannot be a name"),
        ("a_plus : 1", "a_plus is there already"),
        ("clip : 1", "clip is there already"),
    ],
)
def test_equations_are_declarations_and_decays(equations, told):
    with pytest.raises(StatementError) as error:
        declared(equations, ("w", "a_plus"))
    assert told in str(error.value)


def test_a_number_stays_what_it_was():
    code, _ = translated("w = 0.1 + 12345678901234567890 + 1e-300", SCOPE)
    numbers = {node.value for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Constant)}
    assert numbers == {0.1, 12345678901234567890.0, 1e-300}
