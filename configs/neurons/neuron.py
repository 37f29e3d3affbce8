"""A neuron model, read from the text of its TOML file (docs/changing-the-neuron.md); nothing in it is run."""

from __future__ import annotations

from collections.abc import Iterator
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
from ..language.statements import UNITS, Scope, StatementError, Variable, declared, names_in, reached, translated
from ..limits import Section

PREFIX = "cell_"  # of every name in Brian2's code but v and w, where it can be no keyword and no other variable

TAKEN = ("w", "theta")  # names that no neuron model can give

STEP = "dt"  # the duration of a step, for on_step

_SAME = {name: name for name in ("v", "w")}


class _Neuron(Section):
    equations: Code
    on_input: Code
    on_step: Code = ""
    threshold: Code
    on_spike: Code = "v = 0"
    new_stimulus: Code = ""


class _File(ModelFile):
    """The file of a neuron model."""

    neuron: _Neuron


@dataclass(frozen=True)
class NeuronModel:
    """A neuron model as a network is built from it: all names are those of Brian2's code.

    Attributes
    ----------
    variables
        What a neuron has, its potential ``v`` included.
    statements
        By ``on_input``, ``on_step``, ``on_spike`` and ``new_stimulus``; empty ones are left out.
    threshold
        What the potential has to reach; the threshold of the neuron's map is ``cell_theta`` there.
    parameters
        Names and units of parameters, without their values.
    """

    variables: tuple[Variable, ...]
    statements: dict[str, str]
    threshold: str
    parameters: tuple[tuple[str, str], ...]

    @property
    def constants(self) -> dict[str, str]:
        """Names and units of what a run sets: parameters, and what is left of each decaying variable after a step."""
        code = "\n".join([*self.statements.values(), self.threshold])
        return constants(self.variables, (*self.parameters, (PREFIX + STEP, "second")), code)

    @property
    def equations(self) -> str:
        """What a neuron has, but for its potential, and the constants that it uses, as equations of Brian2."""
        return declarations((one for one in self.variables if one.name != "v"), self.constants)

    @property
    def names(self) -> list[str]:
        """What a neuron has, its potential included."""
        return [variable.name for variable in self.variables]

    @property
    def decays(self) -> Iterator[tuple[str, str]]:
        """Each variable that decays, and its time constant."""
        return decays(self.variables)

    @property
    def restless(self) -> bool:
        """Whether a neuron may change in steps in which no input arrives."""
        return "on_step" in self.statements or any(self.decays)


@dataclass(frozen=True)
class NeuronText:
    """What the file of a neuron model says.

    Attributes
    ----------
    model
        The model itself.
    parameters
        Values by key: times in milliseconds, by keys that end with ``_ms``.
    """

    model: NeuronModel
    parameters: dict[str, float]

    @property
    def taus(self) -> frozenset[str]:
        """Names, in the file's statements, of parameters with which something decays."""
        return frozenset(tau.removeprefix(PREFIX) for _, tau in self.model.decays)


@cache
def read_neuron(text: str, where: str) -> NeuronText:
    """Read and check the text of a neuron model.

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
    return read_file(_File, text, where, "neuron model", lambda file: NeuronText(_model(file), file.parameters))


NEURONS = Kind("neuron model", "neurons", "model", "neuron_models", read_neuron)


def _model(file: _File) -> NeuronModel:
    neuron, parameters = file.neuron, parameter_units(file)
    variables = tuple(declared(neuron.equations, TAKEN))
    check_names(file, {"neuron": variables}, TAKEN)
    if "v" not in {variable.name for variable in variables if variable.unit == "1"}:
        raise StatementError("no potential: declare v : 1, or dv/dt = -v / tau : 1, in equations", "equations")
    if "w" not in names_in(neuron.on_input):
        raise StatementError("no input counts: use w, the weight of the input, in on_input", "on_input")
    if "theta" not in names_in(neuron.threshold):
        raise StatementError("no map has a threshold: compare v with theta, or with what is made of it", "threshold")
    own = {variable.name: UNITS[variable.unit] for variable in variables}
    units = own | {name: UNITS[unit] for name, unit in parameters.items()}
    seen = {
        "on_input": {"w": Fraction(0)},
        "on_step": {"theta": Fraction(0), STEP: Fraction(1)},
        "on_spike": {},
        "new_stimulus": {},
        "threshold": {"theta": Fraction(0)},
    }
    renamed = {name: _SAME.get(name, PREFIX + name) for name in (*units, *TAKEN, STEP)}
    scopes = {when: Scope(units | more, renamed, frozenset(own)) for when, more in seen.items()}
    statements = {when: translated(getattr(neuron, when), scopes[when])[0] for when in seen if when != "threshold"}
    return NeuronModel(
        prefixed(variables, renamed),
        {when: code for when, code in statements.items() if code},
        reached(neuron.threshold.strip(), scopes["threshold"]),
        tuple((renamed[name], unit) for name, unit in parameters.items()),
    )
