"""A learning rule, read from the text of its TOML file (docs/changing-the-rule.md); nothing in it is run."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Annotated

from pydantic import Field

from spikeseg.checking import checked
from spikeseg.errors import SpikeSegError

from ..limits import Real, Section, Text
from .statements import PREFIX, UNITS, RuleError, Scope, Variable, check_name, declared, translated

LONGEST_RULE = 20_000  # characters of a rule's file
MOST_VARIABLES = 20  # that a rule remembers, and as many parameters

TIME = "_ms"
"""What the key of a parameter ends with if it is a time; the name in statements is without it."""

RATES = ("a_plus", "a_minus")  # of the layer's [learning]; a neuron has them

REWARD = "reward"
"""1 if the winner's map stands for the class of the stimulus, else 0; a rule that uses it is supervised."""

Code = Annotated[str, Field(max_length=4000)]


class _Memory(Section):
    equations: Code = ""
    new_stimulus: Code = ""


class _Input(_Memory):
    on_spike: Code = ""


class _Winner(_Memory):
    on_win: Code = ""


class _Weight(_Winner):
    on_input: Code = ""


class _File(Section):
    """The file of a rule."""

    source: Text
    weight: _Weight
    input: _Input = _Input()
    neuron: _Winner = _Winner()
    map: _Winner = _Winner()
    layer: _Winner = _Winner()
    parameters: Annotated[dict[str, Real], Field(default={}, max_length=MOST_VARIABLES)]


PLACES = ("weight", "input", "neuron", "map", "layer")


@dataclass(frozen=True)
class Rule:
    """A learning rule as a network is built from it: all names are those of Brian2's code.

    Attributes
    ----------
    variables
        What a weight (besides w), an input, a neuron, a map and the whole layer remember.
    statements
        By ``weight.on_win`` and so on; empty ones are left out.
    parameters
        Names and units of parameters, without their values.
    carried
        By place, the variables that last from one stimulus to the next: a new one does not set them to a number.
    """

    variables: dict[str, tuple[Variable, ...]]
    statements: dict[str, str]
    parameters: tuple[tuple[str, str], ...]
    carried: dict[str, tuple[str, ...]]

    @property
    def supervised(self) -> bool:
        """Whether labels of the training stimuli decide what is learned."""
        return any(re.search(rf"\b{REWARD}_(pre|post)\b", code) for code in self.statements.values())

    def statement(self, place: str, when: str) -> str | None:
        """The statements of a place at a time; None if there are none."""
        return self.statements.get(f"{place}.{when}")

    def equations(self, place: str) -> str:
        """What a place remembers, and the constants that it uses, as equations of Brian2."""
        variables = "".join(f"\n{variable.name} : {variable.unit}" for variable in self.variables[place])
        return variables + "".join(f"\n{name} : {unit} (shared)" for name, unit in self.constants(place).items())

    def constants(self, place: str) -> dict[str, str]:
        """Names and units of what a run sets: parameters, and what is left of each decaying variable after a step."""
        code = " ".join(statements for key, statements in self.statements.items() if key.startswith(f"{place}."))
        used = {name: unit for name, unit in self.parameters if re.search(rf"\b{name}\b", code)}
        return used | {remains(name): "1" for name, _ in self.decays(place)}

    def decays(self, place: str) -> Iterator[tuple[str, str]]:
        """Yield each variable of a place that decays, and its time constant."""
        for name, _, tau in self.variables[place]:
            if tau is not None:
                yield name, tau


def remains(name: str) -> str:
    """The name of what is left of a variable after a step; no name of a rule begins like this."""
    return f"left_of_{name}"


def constant(name: str, place: str) -> str:
    """How the state of a run calls a constant of a place; no name of a rule has a dot."""
    return f"{place}.{name}"


@dataclass(frozen=True)
class RuleText:
    """What the file of a rule says.

    Attributes
    ----------
    rule
        The rule itself.
    parameters
        Values by key: times in milliseconds, by keys that end with ``_ms``.
    """

    rule: Rule
    parameters: dict[str, float]


@cache
def bundled() -> Mapping[str, str]:
    """Texts of the bundled rules, by name."""
    folder = files("spikeseg.equations") / "rules"
    found = sorted((file for file in folder.iterdir() if file.name.endswith(".toml")), key=lambda file: file.name)
    return MappingProxyType({file.name.removesuffix(".toml"): file.read_text(encoding="utf-8") for file in found})


@cache
def read_rule(text: str, where: str) -> RuleText:
    """Read and check the text of a rule.

    Parameters
    ----------
    text
        Of its file, TOML.
    where
        What an error names: the file.

    Raises
    ------
    SpikeSegError
        It is not TOML, has an unknown key, or a statement that is refused; one line names it and its line.
    """
    if len(text) > LONGEST_RULE:
        raise SpikeSegError(f"{where}: {len(text):,} characters, and a rule has {LONGEST_RULE:,} at most")
    try:
        content = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise SpikeSegError(f"{where} cannot be read as TOML: {error}") from error
    file = checked(_File, content, where)
    try:
        return RuleText(_rule(file), file.parameters)
    except RuleError as error:
        raise SpikeSegError(f"{where}, line {_line(text, error)}: {error}") from error


def in_statements(key: str) -> str:
    """The name of a parameter in statements, for its key in the file."""
    return key.removesuffix(TIME)


def _line(text: str, error: RuleError) -> int:
    """The line with the statement of an error, counted from 1."""
    lines = text.splitlines()
    first = lines.index(error.table) if error.table in lines else 0
    return next((n for n, line in enumerate(lines, 1) if n > first and error.statement in line), first + 1)


def _rule(file: _File) -> Rule:
    parameters = {in_statements(key): "second" if key.endswith(TIME) else "1" for key in file.parameters}
    variables = {place: tuple(declared(getattr(file, place).equations)) for place in PLACES}
    _check_names(file, parameters, variables)
    units = {name: UNITS[unit] for name, unit in parameters.items()}
    own = {place: {variable.name: UNITS[variable.unit] for variable in variables[place]} for place in PLACES}
    statements, carried = {}, {}
    for place in PLACES:
        memory, renewed = getattr(file, place), frozenset()
        for when in [key for key in type(memory).model_fields if key != "equations"]:
            code, set_anew = translated(getattr(memory, when), _scope(place, when, units, own))
            if code:
                statements[f"{place}.{when}"] = code
            renewed = set_anew if when == "new_stimulus" else renewed
        carried[place] = tuple(PREFIX + name for name in own[place] if name not in renewed)
    if not {"weight.on_win", "weight.on_input"} & statements.keys():
        raise RuleError("no weight is ever changed: set w in on_win or on_input", "[weight]")
    named = {place: tuple(_prefixed(variable) for variable in variables[place]) for place in PLACES}
    return Rule(named, statements, tuple((PREFIX + name, unit) for name, unit in parameters.items()), carried)


def _prefixed(variable: Variable) -> Variable:
    tau = None if variable.tau is None else PREFIX + variable.tau
    return Variable(PREFIX + variable.name, variable.unit, tau)


def _check_names(file: _File, parameters: Mapping[str, str], variables: Mapping[str, tuple[Variable, ...]]) -> None:
    """Every name is given once, and every time constant is a time above 0."""
    given = dict.fromkeys(parameters, "[parameters]")
    for key in file.parameters:
        check_name(in_statements(key), key, "[parameters]")
    for place, there in variables.items():
        if len(there) > MOST_VARIABLES:
            raise RuleError(f"{len(there)} variables, {MOST_VARIABLES} at most", f"[{place}]")
        for variable in there:
            if variable.name in given:
                raise RuleError(f"{variable.name} is in {given[variable.name]} already", f"{variable.name} ")
            given[variable.name] = f"[{place}]"
            if variable.tau is not None and parameters.get(variable.tau) != "second":
                raise RuleError(
                    f"{variable.tau} is no time: give {variable.tau}{TIME} in [parameters]", f"/ {variable.tau}"
                )
    if wrong := not_positive(file.parameters, variables):
        raise RuleError(f"{wrong} has to be above 0: something decays with it", wrong, "[parameters]")


def not_positive(parameters: Mapping[str, float], variables: Mapping[str, tuple[Variable, ...]]) -> str:
    """The key of a time constant that is not above 0; empty if there is none."""
    taus = {variable.tau.removeprefix(PREFIX) for there in variables.values() for variable in there if variable.tau}
    return next((key for key, value in parameters.items() if in_statements(key) in taus and value <= 0), "")


def _scope(place: str, when: str, parameters: Mapping[str, Fraction], own: Mapping[str, dict[str, Fraction]]) -> Scope:
    """What the statements of a place may use at a time."""
    none = Fraction(0)
    known = {**parameters, **own[place]}
    renamed = {name: PREFIX + name for name in known}
    settable = set(own[place])
    if place == "weight":
        known["w"], settable = none, settable | {"w"}
        renamed["w"] = "w"
    if place == "neuron":
        known |= dict.fromkeys(RATES, none)
    if when == "on_win" and place != "weight":
        known[REWARD], renamed[REWARD] = none, f"{REWARD}_pre"  # the winner knows it
    if place == "weight" and when != "new_stimulus":
        seen = own["neuron"] | (own["map"] | own["layer"] | {REWARD: none} if when == "on_win" else {})
        sides: dict[str, dict[str, Fraction]] = {"pre": own["input"], "post": {**seen, **dict.fromkeys(RATES, none)}}
        for side, names in sides.items():
            known |= {f"{name}_{side}": unit for name, unit in names.items()}
            renamed |= {f"{name}_{side}": f"{PREFIX}{name}_{side}" for name in names if name not in (*RATES, REWARD)}
    return Scope(known, renamed, frozenset(settable))
