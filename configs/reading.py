"""Configurations from files: the bundled ones and one's own, checked, with one line about whatever is wrong."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from spikeseg.errors import SpikeSegError

from .changes import changed, described
from .geometry import layer_shapes
from .schema import Config

Checked = TypeVar("Checked", bound=BaseModel)


def shipped() -> dict[str, Path]:
    """The configurations that come with the package, by name."""
    return {path.stem: path for path in sorted(Path(__file__).parent.glob("*.toml"), key=lambda path: path.stem)}


def text(name: str) -> str:
    """A bundled configuration as it stands in its file. Raises SpikeSegError where there is none of that name."""
    if name not in shipped():
        raise SpikeSegError(f"no bundled configuration {name}: choose from {', '.join(shipped())}")
    return shipped()[name].read_text(encoding="utf-8")


def summary(path: Path) -> str:
    """What a bundled configuration is: the comment on its file's first line."""
    return path.read_text(encoding="utf-8").partition("\n")[0].removeprefix("# ")


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
        No such file, not TOML, an unknown key, a value out of range, or a geometry that does not fit.
    """
    path, content = read(source)
    changes = dict(changes or {}) | ({} if seed is None else {"seed": seed})
    where = f"{path}, {described(changes)}" if changes else str(path)
    return validate(changed(content, changes, where), where)


def read(source: str | Path) -> tuple[Path, dict[str, Any]]:
    """File and content, not checked yet, of what `load` takes. Raises SpikeSegError where there is none."""
    path = shipped().get(str(source), Path(source))
    try:
        return path, read_toml(path)
    except FileNotFoundError as error:
        names = ", ".join(shipped())
        raise SpikeSegError(f"no configuration {source}: neither a file nor one of {names}") from error


def read_toml(path: Path) -> dict[str, Any]:
    """Content of a TOML file.

    Raises
    ------
    FileNotFoundError
        There is none.
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


def checked(schema: type[Checked], content: dict[str, Any], where: str) -> Checked:
    """Content as what its schema makes of it. Raises SpikeSegError with one line that names every wrong key."""
    try:
        return schema.model_validate(content)
    except ValidationError as error:
        raise SpikeSegError(f"{where}: " + "; ".join(_explain(e) for e in error.errors())) from error


def _explain(error: Any) -> str:
    key = ".".join(str(part) for part in error["loc"])
    if error["type"] == "extra_forbidden":
        return f"unknown key {key}"
    message = error["msg"].removeprefix("Value error, ")
    return f"{key}: {message}" if key else message
