"""Read and check configurations, bundled ones and your own; one line says what is wrong with one."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from spikeseg.checking import checked
from spikeseg.errors import SpikeSegError

from .changes import changed, described
from .geometry import layer_shapes
from .neurons.neuron import NEURONS
from .plasticity.rule import RULES
from .schema import Config


def shipped() -> dict[str, Path]:
    """Files of the bundled configurations, by name."""
    return {path.stem: path for path in sorted(Path(__file__).parent.glob("*.toml"), key=lambda path: path.stem)}


def text(name: str) -> str:
    """The text of a bundled configuration. Raises SpikeSegError if there is none of that name."""
    if name not in shipped():
        raise SpikeSegError(f"no bundled configuration {name}: choose from {', '.join(shipped())}")
    return shipped()[name].read_text(encoding="utf-8")


def summary(path: Path) -> str:
    """A bundled configuration in one sentence: the comment on the first line of its file."""
    return headline(path.read_text(encoding="utf-8"))


def headline(text: str) -> str:
    """The comment on the first line of a text."""
    return text.partition("\n")[0].removeprefix("# ")


def load(source: str | Path, changes: Mapping[str, Any] | None = None, *, seed: int | None = None) -> Config:
    """Read a configuration from a TOML file, or by the name of a bundled one.

    Parameters
    ----------
    source
        A TOML file, or a name such as ``"dog-caltech"``.
    changes
        Values that replace those of the file, by dotted key: ``{"conv3.learning.a_plus": 0.01}``.
    seed
        Short for ``{"seed": seed}``.

    Raises
    ------
    SpikeSegError
        There is no such file, it is not TOML, a key is unknown, a value is out of range, or a layer does not fit.
    """
    path, content = read(source)
    changes = dict(changes or {}) | ({} if seed is None else {"seed": seed})
    where = f"{path}, {described(changes)}" if changes else str(path)
    return validate(with_models(changed(content, changes, where), path), where)


def read(source: str | Path) -> tuple[Path, dict[str, Any]]:
    """Find the file that `load` takes, and read it without checks. Raises SpikeSegError if there is none."""
    path = shipped().get(str(source), Path(source))
    try:
        return path, read_toml(path)
    except FileNotFoundError as error:
        names = ", ".join(shipped())
        raise SpikeSegError(f"no configuration {source}: neither a file nor one of {names}") from error


def with_models(content: dict[str, Any], path: Path) -> dict[str, Any]:
    """Put the texts of a rule and a neuron model of the user's own into a configuration.

    Parameters
    ----------
    content
        The configuration, not checked yet, which then stands for itself.
    path
        Its file, from whose folder their files are named; for a bundled one, from the current directory.

    Raises
    ------
    SpikeSegError
        There is no such file, it cannot be read, or it is no rule or neuron model.
    """
    folder = Path() if path in shipped().values() else path.parent
    for kind in (RULES, NEURONS):
        content = kind.with_text(content, folder)
    return content


def read_toml(path: Path) -> dict[str, Any]:
    """Read a TOML file.

    Raises
    ------
    FileNotFoundError
        There is no such file.
    SpikeSegError
        It cannot be read.
    """
    try:
        with path.open("rb") as file:
            return tomllib.load(file)
    except FileNotFoundError:
        raise
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SpikeSegError(f"{path} cannot be read as TOML: {error}") from error


def validate(content: dict[str, Any], where: str) -> Config:
    """Check a configuration, and that its layers fit. Raises SpikeSegError with one line that names every wrong key."""
    config = checked(Config, content, where)
    try:
        layer_shapes(config, config.input.size)
    except ValueError as error:
        raise SpikeSegError(f"{where}: {error}") from error
    return config
