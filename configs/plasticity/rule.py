"""A learning rule, read from the text of its TOML file (docs/changing-the-rule.md); nothing in it is run."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cache

from ..language.files import (
    Code,
    ModelFile,
    check_names,
    constants,
    decays,
    declarations,
    parameter_units,
    prefixed,
    read_file,
)
from ..language.named import Kind
from ..language.statements import UNITS, Scope, StatementError, Variable, declared, translated
from ..limits import Section

PREFIX = "rule_"  # of every name in Brian2's code, where it can be no keyword and no other variable

RATES = ("a_plus", "a_minus")  # of the layer's [learning]; a neuron has them

REWARD = "reward"
"""1 if the winner's map stands for the class of the stimulus, else 0; a rule that uses it is supervised."""

TAKEN = ("w", *RATES, REWARD)  # names that no rule can give


class _Memory(Section):
    equations: Code = ""
    new_stimulus: Code = ""


class _Input(_Memory):
    on_spike: Code = ""


class _Winner(_Memory):
    on_win: Code = ""


class _Weight(_Winner):
    on_input: Code = ""


class _File(ModelFile):
    """The file of a rule."""

    weight: _Weight
    input: _Input = _Input()
    neuron: _Winner = _Winner()
    map: _Winner = _Winner()
    layer: _Winner = _Winner()


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
        return declarations(self.variables[place], self.constants(place))

    def constants(self, place: str) -> dict[str, str]:
        """Names and units of what a run sets: parameters, and what is left of each decaying variable after a step."""
        code = "\n".join(statements for key, statements in self.statements.items() if key.startswith(f"{place}."))
        return constants(self.variables[place], self.parameters, code)

    def decays(self, place: str) -> Iterator[tuple[str, str]]:
        """Yield each variable of a place that decays, and its time constant."""
        return decays(self.variables[place])


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

    @property
    def taus(self) -> frozenset[str]:
        """Names, in the file's statements, of parameters with which something decays."""
        found = (self.rule.decays(place) for place in PLACES)
        return frozenset(tau.removeprefix(PREFIX) for place in found for _, tau in place)


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
    return read_file(_File, text, where, "rule", lambda file: RuleText(_rule(file), file.parameters))


RULES = Kind("rule", "plasticity", "rule", "rules", read_rule)


def _rule(file: _File) -> Rule:
    parameters = parameter_units(file)
    variables = {place: tuple(declared(getattr(file, place).equations, TAKEN)) for place in PLACES}
    check_names(file, variables, TAKEN)
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
        raise StatementError("no weight is ever changed: set w in on_win or on_input", "[weight]")
    renamed = {name: PREFIX + name for place in own.values() for name in (*place, *parameters)}
    named = {place: prefixed(variables[place], renamed) for place in PLACES}
    return Rule(named, statements, tuple((PREFIX + name, unit) for name, unit in parameters.items()), carried)


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
