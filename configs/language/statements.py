"""The language of rules and neuron models: a small part of Brian2's equations, read without running any of it.

What is not in this language is refused here, with its line, before Brian2 sees it: Brian2 hands the units of equations
to Python's `eval`. What Brian2 gets is written anew from the parsed statement. The language is what all devices compute
to the same bits: ``exp`` is not in it, since NumPy and the C library round it differently.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Mapping
from fractions import Fraction
from typing import Any, Literal, NamedTuple, Never

UNITS = {"1": Fraction(0), "second": Fraction(1)}
"""Units of variables, as powers of a second: weights and potentials have none."""

FUNCTIONS = {"abs": 1, "clip": 3, "int": 1, "sqrt": 1}
"""Functions with the number of their arguments: each gives the same bits on every device."""

NEW = "new_"  # before the name of what a variable is about to be

LONGEST = 300  # characters of a statement
DEEPEST = 30  # nested operations

_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
_DECLARED = re.compile(r"(\w+)\s*:\s*([\w/* ]+)")
_DECAYS = re.compile(r"d(\w+)\s*/\s*dt\s*=\s*-\s*(\w+)\s*/\s*(\w+)\s*:\s*([\w/* ]+)")
_OPERATORS = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/"}
_COMPARISONS = (ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.Eq, ast.NotEq)
_DECAY_HELP = "write what decays as dx/dt = -x / tau : 1 in equations"

Unit = Fraction | None
"""A power of a second; None for a truth value."""


class Variable(NamedTuple):
    """What is remembered.

    Attributes
    ----------
    name
        As in the file.
    unit
        One of `UNITS`.
    tau
        Name of the time constant with which it decays; None where it stays.
    """

    name: str
    unit: str
    tau: str | None


class Scope(NamedTuple):
    """What a statement may use.

    Attributes
    ----------
    known
        Powers of a second of all names that it may read.
    renamed
        How these names, and those that it sets, are called in Brian2's code.
    settable
        Names that it may set.
    """

    known: Mapping[str, Fraction]
    renamed: Mapping[str, str]
    settable: frozenset[str]


class StatementError(ValueError):
    """A fault of a statement: what is wrong and what to do.

    Attributes
    ----------
    statement
        The statement as it stands in the file, by which its line is found.
    table
        The line after which it stands; empty where it is the only one of its kind.
    """

    def __init__(self, message: str, statement: str, table: str = ""):
        super().__init__(message)
        self.statement, self.table = statement, table


def check_name(name: str, statement: str, taken: Collection[str], table: str = "") -> None:
    """Raise StatementError for a name that a file cannot give, such as one that is `taken`."""
    if not _NAME.fullmatch(name) or name.endswith(("_pre", "_post")):
        raise StatementError(
            f"{name[:60]!a} cannot be a name: small letters, digits and _, beginning with a letter, and not with _pre "
            "or _post at the end",
            statement,
            table,
        )
    if name in {*taken, "dt", "t", *FUNCTIONS}:
        raise StatementError(f"{name} is there already: choose another name", statement, table)


def declared(equations: str, taken: Collection[str]) -> list[Variable]:
    """Read equations: a line for each variable, none of whose names is `taken`. Raises StatementError."""
    return [_variable(line, taken) for line in lines(equations)]


def _variable(line: str, taken: Collection[str]) -> Variable:
    if match := _DECLARED.fullmatch(line):
        name, unit, tau = match[1], match[2].strip(), None
    elif (match := _DECAYS.fullmatch(line)) and match[1] == match[2]:
        name, unit, tau = match[1], match[4].strip(), match[3]
    else:
        raise StatementError(f"{line[:60]!a} is no equation: write x : 1, or dx/dt = -x / tau : 1", line)
    check_name(name, line, taken)
    if unit not in UNITS:
        raise StatementError(f"{name} has the unit {unit[:60]!a}: write 1, which is none, or second", line)
    return Variable(name, unit, tau)


def translated(code: str, scope: Scope) -> tuple[str, frozenset[str]]:
    """Check statements, one per line.

    Returns
    -------
    The statements for Brian2, and the names that begin anew: set to numbers before anything reads them.

    Raises
    ------
    StatementError
        One of them is not in the language, uses a name that is not in scope, or has units that do not fit.
    """
    translations, renewed, read = [], set(), set()
    for line in lines(code):
        target, value = _assignment(line)
        name = target.id
        if name not in scope.settable:
            known = ", ".join(sorted(scope.settable)) or "nothing"
            raise StatementError(f"{name[:60]} cannot be set here, only {known}", line)
        unit = _Reader(scope, line).unit(value)
        if unit != scope.known[name]:
            raise StatementError(f"{name} is in {_shown(scope.known[name])}, its new value in {_shown(unit)}", line)
        used = {node.id for node in ast.walk(value) if isinstance(node, ast.Name)} - FUNCTIONS.keys()
        read |= used
        if not used and name not in read:
            renewed.add(name)
        translations.append(_written(scope.renamed[name], _Renamer(scope.renamed).visit(value)))
    return "\n".join(translations), frozenset(renewed)


def reached(line: str, scope: Scope) -> str:
    """Check a threshold, ``v >= ...``, and return for Brian2 what v has to reach. Raises StatementError."""
    comparison = _parsed(line, "eval", "threshold: write v >= ...").body
    _check_depth(comparison, line)
    match comparison:
        case ast.Compare(left=ast.Name("v"), ops=[ast.GtE()], comparators=[limit]):
            pass
        case _:
            raise StatementError(f"{line[:60]!a} is no threshold: write v >= ..., since maps compete by v", line)
    unit = _Reader(scope, line).unit(comparison)
    assert unit is None, "a comparison is a truth value"
    return ast.unparse(_Renamer(scope.renamed).visit(limit))


def names_in(code: str) -> set[str]:
    """The words of statements or of an expression."""
    return set(re.findall(r"[A-Za-z_]\w*", "\n".join(lines(code))))


def _written(name: str, value: ast.expr) -> str:
    """A statement as Brian2 leaves it: x = x + y - z it would have SymPy rearrange, and so round otherwise."""
    match value:
        case ast.BinOp(left=ast.Name(id=left), op=op, right=right) if left == name:
            return f"{name} {_OPERATORS[type(op)]}= {ast.unparse(right)}"
        case ast.Call():
            return f"{name} = {ast.unparse(value)}"
    if all(node.id != name for node in ast.walk(value) if isinstance(node, ast.Name)):
        return f"{name} = {ast.unparse(value)}"
    return f"{NEW}{name} = {ast.unparse(value)}\n{name} = {NEW}{name}"


def lines(code: str) -> list[str]:
    """The lines that say something, without comments."""
    said = (line.partition("#")[0].strip() for line in code.splitlines())
    return [line for line in said if line]


def _assignment(line: str) -> tuple[ast.Name, ast.expr]:
    """The name that a statement sets and its new value."""
    (statement,) = _parsed(line, "exec", "statement: write x = ..., one per line").body
    match statement:
        case ast.Assign(targets=[ast.Name() as target], value=value):
            pass
        case ast.AugAssign(target=ast.Name() as target, op=op, value=change):
            value = ast.BinOp(ast.Name(target.id, ast.Load()), op, change)
        case _:
            raise StatementError(f"{line[:60]!a} sets no variable: write x = ..., one per line", line)
    _check_depth(value, line)
    return target, value


def _parsed(line: str, mode: Literal["eval", "exec"], what: str) -> Any:
    """The syntax tree of a line that ought to be a `what`."""
    if len(line) > LONGEST:
        raise StatementError(f"{len(line)} characters, {LONGEST} at most: divide it into several statements", line)
    try:
        tree: Any = ast.parse(line, mode=mode)
        if mode == "exec" and len(tree.body) != 1:
            raise ValueError("not one statement")
        return tree
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise StatementError(f"{line[:60]!a} is no {what}", line) from error


def _check_depth(value: ast.expr, line: str) -> None:
    if _depth(value) > DEEPEST:
        raise StatementError(
            f"more than {DEEPEST} operations inside each other: divide it into several statements", line
        )


def _depth(node: ast.AST) -> int:
    level, depth = [node], 0
    while level:
        level, depth = [child for one in level for child in ast.iter_child_nodes(one)], depth + 1
    return depth


def _shown(unit: Unit) -> str:
    if unit is None:
        return "truth values, which int(...) makes 1 or 0"
    return {0: "no unit", 1: "second"}.get(unit, f"second ** {unit}")  # pyright: ignore


class _Reader:
    """Finds the unit of an expression, and refuses what is not in the language."""

    def __init__(self, scope: Scope, line: str):
        self._scope, self._line = scope, line

    def unit(self, node: ast.expr) -> Unit:
        """The power of a second; None for a truth value."""
        match node:
            case ast.Constant(value=value) if isinstance(value, int | float) and not isinstance(value, bool):
                if not -1e300 < value < 1e300:
                    self._refuse(f"{value!a:.40} is no number that can be computed with")
                return Fraction(0)
            case ast.Name(id=name):
                return self._named(name)
            case ast.UnaryOp(op=ast.USub() | ast.UAdd(), operand=operand):
                return self._number(operand)
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                return self._truth(operand)
            case ast.BoolOp(values=values):
                for value in values:
                    self._truth(value)
                return None
            case ast.Compare(left=left, ops=[op], comparators=[right]) if isinstance(op, _COMPARISONS):
                self._alike(left, right)
                return None
            case ast.BinOp():
                return self._operation(node)
            case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]):
                return self._call(name, arguments)
        self._refuse(
            f"{ast.unparse(node)[:60]!a} is not in the language of equations: numbers, names, + - * /, comparisons"
        )

    def _named(self, name: str) -> Fraction:
        if name not in self._scope.known:
            self._refuse(f"unknown name {name[:60]}: known here are {', '.join(sorted(self._scope.known))}")
        return self._scope.known[name]

    def _operation(self, node: ast.BinOp) -> Fraction:
        if type(node.op) not in _OPERATORS:
            self._refuse("only + - * / give the same bits on every device; write x * x for a square")
        if isinstance(node.op, ast.Add | ast.Sub):
            return self._alike(node.left, node.right)
        left, right = self._number(node.left), self._number(node.right)
        return left + right if isinstance(node.op, ast.Mult) else left - right

    def _call(self, name: str, arguments: list[ast.expr]) -> Fraction:
        if name not in FUNCTIONS:
            self._refuse(f"no function {name[:60]} here, only {', '.join(FUNCTIONS)}; {_DECAY_HELP}")
        if len(arguments) != FUNCTIONS[name]:
            self._refuse(f"{name} takes {FUNCTIONS[name]} arguments, and has {len(arguments)}")
        if name == "int":
            self._truth(arguments[0])
            return Fraction(0)
        unit = self._number(arguments[0])
        for other in arguments[1:]:
            self._alike(arguments[0], other)
        return unit / 2 if name == "sqrt" else unit

    def _alike(self, left: ast.expr, right: ast.expr) -> Fraction:
        units = self._number(left), self._number(right)
        if units[0] != units[1]:
            self._refuse(
                f"{ast.unparse(left)[:60]} is in {_shown(units[0])}, {ast.unparse(right)[:60]} in {_shown(units[1])}"
            )
        return units[0]

    def _number(self, node: ast.expr) -> Fraction:
        unit = self.unit(node)
        if unit is None:
            self._refuse(f"{ast.unparse(node)[:60]} is true or false: write int({ast.unparse(node)[:60]}) for 1 or 0")
        return unit

    def _truth(self, node: ast.expr) -> None:
        if self.unit(node) is not None:
            self._refuse(f"{ast.unparse(node)[:60]} is a number: write a comparison, such as x > 0")

    def _refuse(self, message: str) -> Never:
        raise StatementError(message, self._line)


class _Renamer(ast.NodeTransformer):
    """Gives names their names in Brian2's code, and makes every number a real one: 1 / 2 is 0 in C++."""

    def __init__(self, renamed: Mapping[str, str]):
        self._renamed = renamed

    def visit_Name(self, node: ast.Name) -> ast.Name:
        return ast.Name(self._renamed.get(node.id, node.id), node.ctx)

    def visit_Constant(self, node: ast.Constant) -> ast.Constant:
        return ast.Constant(float(node.value))  # pyright: ignore

    def visit_Call(self, node: ast.Call) -> ast.Call:
        return ast.Call(node.func, [self.visit(argument) for argument in node.args], [])
