"""What a configuration names: a bundled file of some kind, or one of the user's own, with other parameters."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from types import MappingProxyType
from typing import Any, Protocol

from spikeseg.errors import SpikeSegError
from spikeseg.files import require_regular

from .files import LONGEST_FILE, not_positive


class Read(Protocol):
    """What a file says, as far as files of all kinds do."""

    @property
    def parameters(self) -> Mapping[str, float]:
        """Values by key: times in milliseconds, by keys that end with ``_ms``."""
        ...

    @property
    def taus(self) -> frozenset[str]:
        """Names, in statements, of the parameters with which something decays."""
        ...


@dataclass(frozen=True)
class Kind:
    """A kind of files.

    Attributes
    ----------
    word
        What one is called in errors: ``rule``.
    section, key
        Where a configuration names one: ``[plasticity]`` by ``rule``.
    folder
        Of the bundled ones, in `equations`.
    read
        Reads and checks a text, given the name of its file for errors; raises SpikeSegError.
    """

    word: str
    section: str
    key: str
    folder: str
    read: Callable[[str, str], Read]

    def bundled(self) -> Mapping[str, str]:
        """Texts of the bundled ones, by name."""
        return _texts(self.folder)

    def text(self, name: str, own: str | None) -> str:
        """The text of one, which is the user's own text if there is one."""
        return self.bundled()[name] if own is None else own

    def check(self, name: str, own: str | None, parameters: Mapping[str, float] | None) -> None:
        """Raise ValueError unless there is such a one, it can be read, and it has these parameters."""
        if own is None and name not in self.bundled():
            raise ValueError(f"no {self.word} {name}: neither a file nor one of {', '.join(self.bundled())}")
        try:
            read = self.read(self.text(name, own), name)
        except SpikeSegError as error:
            raise ValueError(str(error)) from error
        if unknown := (parameters or {}).keys() - read.parameters.keys():
            names = ", ".join(read.parameters) or "none"
            raise ValueError(f"unknown parameter {min(unknown)[:60]}: those of {name} are {names}")
        if wrong := not_positive({**read.parameters, **(parameters or {})}, read.taus):
            raise ValueError(f"parameter {wrong} has to be above 0: something decays with it")

    def values(self, name: str, own: str | None, parameters: Mapping[str, float] | None) -> dict[str, float]:
        """Every parameter, by its key in the file."""
        return {**self.read(self.text(name, own), name).parameters, **(parameters or {})}

    def with_text(self, content: dict[str, Any], folder: Path) -> dict[str, Any]:
        """Put the text of a user's own file into a configuration, which then stands for itself.

        Parameters
        ----------
        content
            The configuration, not checked yet.
        folder
            From where the file is named.

        Raises
        ------
        SpikeSegError
            There is no such file, it cannot be read, or is not of this kind.
        """
        table = content.get(self.section)
        name = table.get(self.key) if isinstance(table, dict) and table.get("text") is None else None
        if not isinstance(table, dict) or not isinstance(name, str) or name in self.bundled():
            return content
        file = folder / name
        text = self._of_file(file)
        self.read(text, str(file))
        return content | {self.section: {**table, self.key: file.name, "text": text}}

    def _of_file(self, file: Path) -> str:
        try:
            require_regular(file)
            if file.stat().st_size > 4 * LONGEST_FILE:
                raise SpikeSegError(f"{file} is larger than any {self.word}")
            return file.read_text(encoding="utf-8")
        except FileNotFoundError as error:
            raise SpikeSegError(
                f"no {self.word} {file}: neither a file nor one of {', '.join(self.bundled())}"
            ) from error
        except (OSError, ValueError) as error:
            raise SpikeSegError(f"{file} cannot be read as a {self.word}: {error}") from error


@cache
def _texts(folder: str) -> Mapping[str, str]:
    found = sorted(
        (file for file in (files("spikeseg.equations") / folder).iterdir() if file.name.endswith(".toml")),
        key=lambda file: file.name,
    )
    return MappingProxyType({file.name.removesuffix(".toml"): file.read_text(encoding="utf-8") for file in found})
