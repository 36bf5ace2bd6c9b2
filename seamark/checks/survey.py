"""Settings read with all that is wrong in them, where :mod:`seamark.sources` ends at the first."""

import contextlib
import os
import tomllib
from collections.abc import Iterator, Mapping
from typing import Any

from catalog.strict import convert_in_part
from seamark.errors import SettingsError
from seamark.flags import FLAGS
from seamark.settings import Settings
from seamark.sources import file_of, load
from seamark.surroundings import container_host
from seamark.variables import ENVIRONMENT, FILE_ONLY

# Every setting, the tables too that no variable can hold.
NAMES = (*ENVIRONMENT, *sorted(FILE_ONLY))


class Survey:
    """Like :class:`~seamark.sources.Source`, but nothing is raised: ``faults`` has all of it.

    ``settings`` are those in force without what cannot be used, ``path`` the file that was read.
    ``given`` says what each setting of ``flags`` was given as, if that is known.
    """

    def __init__(
        self,
        config: str | None,
        environment: Mapping[str, str],
        flags: Mapping[str, Any],
        given: Mapping[str, str] | None = None,
    ) -> None:
        self.faults: list[SettingsError] = []
        self._broken: list[str] = []
        self._origins: dict[str, str] = {}
        self.path = file_of(config, environment)
        self.settings = self._of_file()
        self.settings.node = self.settings.node or container_host()
        for name, variables in ENVIRONMENT.items():
            variable = next((each for each in variables if environment.get(each)), None)
            if variable is not None:
                self._lay(name, variable, {variable: environment[variable]}, {})
        for name, value in flags.items():
            self._lay(name, (given or {}).get(name) or _flag(name), {}, {name: value})

    def origin(self, name: str) -> str:
        """The file, variable or flag that a setting comes from; empty for a default."""
        return self._origins.get(name, "")

    def is_broken(self, path: str) -> bool:
        """Whether something of the setting or item at ``path`` was left out of the file."""
        return any(fault.startswith((f"{path}.", f"{path}[")) for fault in self._broken)

    def _of_file(self) -> Settings:
        document = self._document() if self.path is not None else {}
        settings, faults = convert_in_part(document, Settings)
        self.faults += [SettingsError(f"{self.path}: {fault}", fault.hint) for fault in faults]
        self._broken = [fault.path for fault in faults]
        self._origins |= {name: str(self.path) for name in _names_in(document)}
        return settings

    def _document(self) -> dict[str, Any]:
        assert self.path is not None
        try:
            return tomllib.loads(self.path.read_text())
        except (OSError, ValueError):
            # In the words of the start.
            with self._noting():
                load(str(self.path), {}, {})
        return {}

    @contextlib.contextmanager
    def _noting(self) -> Iterator[None]:
        try:
            yield
        except SettingsError as error:
            self.faults.append(error)

    def _lay(
        self, name: str, origin: str, environment: Mapping[str, str], flags: Mapping[str, Any]
    ) -> None:
        """Lay one setting over those before, read as it is read at the start."""
        with self._noting():
            alone, _ = load(os.devnull, environment, flags)
            set_value(self.settings, name, value_of(alone, name))
            self._origins[name] = origin


def _flag(name: str) -> str:
    flags = (flag for flag, known in FLAGS.items() if known.setting == name)
    return next(flags, "command line")


def value_of(settings: Settings, name: str) -> Any:
    """The value of the setting ``dns.listen``."""
    value: Any = settings
    for part in name.split("."):
        value = getattr(value, part)
    return value


def set_value(settings: Settings, name: str, value: Any) -> None:
    """Set the setting ``dns.listen``."""
    section, _, key = name.rpartition(".")
    setattr(value_of(settings, section) if section else settings, key, value)


def _names_in(document: Mapping[str, Any]) -> Iterator[str]:
    for key, value in document.items():
        if isinstance(value, dict):
            yield from (f"{key}.{inner}" for inner in value)
        else:
            yield key
