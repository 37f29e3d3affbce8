"""Files of rules and neuron models: TOML with statements, what they declare, and the parameters that they use."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Annotated, TypeVar

from pydantic import Field

from spikeseg.checking import checked
from spikeseg.errors import SpikeSegError

from ..limits import Real, Section, Text
from .statements import StatementError, Variable, check_name, names_in

LONGEST_FILE = 20_000  # characters
MOST_VARIABLES = 20  # that a place of a file declares, and as many parameters

TIME = "_ms"
"""What the key of a parameter ends with if it is a time; the name in statements is without it."""

Code = Annotated[str, Field(max_length=4000)]


class ModelFile(Section):
    """What every such file has."""

    source: Text
    parameters: Annotated[dict[str, Real], Field(default={}, max_length=MOST_VARIABLES)]


File = TypeVar("File", bound=ModelFile)
Built = TypeVar("Built")


def read_file(schema: type[File], text: str, where: str, what: str, build: Callable[[File], Built]) -> Built:
    """Read the text of a file, TOML, and its statements.

    Parameters
    ----------
    schema
        Its tables.
    text
        The text.
    where
        What an error names: the file.
    what
        What such a file is called in an error: ``rule``.
    build
        Makes of its tables what is wanted; raises StatementError.

    Raises
    ------
    SpikeSegError
        It is too long, not TOML, or has an unknown key, or a statement that is refused; one line names it and its line.
    """
    if len(text) > LONGEST_FILE:
        raise SpikeSegError(f"{where}: {len(text):,} characters, and a {what} has {LONGEST_FILE:,} at most")
    try:
        content = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise SpikeSegError(f"{where} cannot be read as TOML: {error}") from error
    try:
        return build(checked(schema, content, where))
    except StatementError as error:
        raise SpikeSegError(f"{where}, line {_line_of(text, error)}: {error}") from error


def _line_of(text: str, error: StatementError) -> int:
    """The line with the statement of an error, counted from 1."""
    lines = text.splitlines()
    first = lines.index(error.table) if error.table in lines else 0
    return next((n for n, line in enumerate(lines, 1) if n > first and error.statement in line), first + 1)


def in_statements(key: str) -> str:
    """The name of a parameter in statements, for its key in the file."""
    return key.removesuffix(TIME)


def parameter_units(file: ModelFile) -> dict[str, str]:
    """Units of the parameters, by their names in statements."""
    return {in_statements(key): "second" if key.endswith(TIME) else "1" for key in file.parameters}


def in_seconds(parameters: Mapping[str, float]) -> dict[str, float]:
    """Values of parameters by their names in statements, times in seconds."""
    return {in_statements(key): value * 1e-3 if key.endswith(TIME) else value for key, value in parameters.items()}


def check_names(file: ModelFile, places: Mapping[str, tuple[Variable, ...]], taken: Collection[str]) -> None:
    """Raise StatementError unless every name is given once, and every time constant is a time above 0.

    `places` has what each table declares, `taken` the names that are there already.
    """
    units = parameter_units(file)
    given = dict.fromkeys(units, "[parameters]")
    for key in file.parameters:
        check_name(in_statements(key), key, taken, "[parameters]")
    for place, variables in places.items():
        if len(variables) > MOST_VARIABLES:
            raise StatementError(f"{len(variables)} variables, {MOST_VARIABLES} at most", f"[{place}]")
        for variable in variables:
            if variable.name in given:
                raise StatementError(f"{variable.name} is in {given[variable.name]} already", f"{variable.name} ")
            given[variable.name] = f"[{place}]"
            if variable.tau is not None and units.get(variable.tau) != "second":
                raise StatementError(
                    f"{variable.tau} is no time: give {variable.tau}{TIME} in [parameters]", f"/ {variable.tau}"
                )
    taus = {variable.tau for variables in places.values() for variable in variables}
    if wrong := not_positive(file.parameters, taus):
        raise StatementError(f"{wrong} has to be above 0: something decays with it", wrong, "[parameters]")


def not_positive(parameters: Mapping[str, float], taus: Collection[str | None]) -> str:
    """The key of a time constant, one of `taus`, that is not above 0; empty if there is none."""
    return next((key for key, value in parameters.items() if in_statements(key) in taus and value <= 0), "")


# ---- For Brian2 ----------------------------------------------------------------------------------


def remains(name: str) -> str:
    """The name of what is left of a variable after a step; no name of a file begins like this."""
    return f"left_of_{name}"


def decays(variables: Iterable[Variable]) -> Iterator[tuple[str, str]]:
    """Yield each variable that decays, and its time constant."""
    for name, _, tau in variables:
        if tau is not None:
            yield name, tau


def constants(variables: Iterable[Variable], parameters: Iterable[tuple[str, str]], code: str) -> dict[str, str]:
    """Names and units of what a run sets: parameters in `code`, and what is left of what decays after a step."""
    used = names_in(code)
    return {name: unit for name, unit in parameters if name in used} | {
        remains(name): "1" for name, _ in decays(variables)
    }


def declarations(variables: Iterable[Variable], constant: Mapping[str, str]) -> str:
    """Variables, and the constants that a run sets, as equations of Brian2."""
    lines = "".join(f"\n{variable.name} : {variable.unit}" for variable in variables)
    return lines + "".join(f"\n{name} : {unit} (shared)" for name, unit in constant.items())


def prefixed(variables: Iterable[Variable], renamed: Mapping[str, str]) -> tuple[Variable, ...]:
    """Variables as Brian2's code has them; `renamed` has the names of variables and parameters."""
    return tuple(Variable(renamed[name], unit, None if tau is None else renamed[tau]) for name, unit, tau in variables)
