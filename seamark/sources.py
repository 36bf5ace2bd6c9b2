"""Settings from file, environment and flags, laid over each other."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from catalog.errors import ShapeError
from catalog.strict import convert
from seamark.addresses import RESOLV_CONF, RESOLVED_CONF
from seamark.errors import SettingsError
from seamark.settings import Settings
from seamark.surroundings import container_host
from seamark.variables import BOOLEANS, ENVIRONMENT, INTEGERS, LISTS, NUMBERS

# Tried in this order if neither --config nor SEAMARK_CONFIG names a file.
DEFAULT_FILES = (Path("seamark.toml"), Path("/etc/seamark/seamark.toml"))

NONE_GIVEN: Mapping[str, str] = MappingProxyType({})
# File -> time, size and inode, by which a change is seen; nothing for what is not there.
Marks = Mapping[Path, tuple[int, ...]]

_BOOLEAN = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}


@dataclass(frozen=True, slots=True)
class Laid:
    """The settings in force, the file that was read, if any, and which variables had a say."""

    settings: Settings
    path: Path | None
    text: str
    # Setting -> the variable that it was taken from, also if a flag beat it afterwards.
    variables: dict[str, str]


class Source:
    """Where the settings of this process come from, to be read again as at the start.

    ``settings`` is what they were at first, ``path`` the file that was read, if any; ``given`` says
    for each setting of ``flags`` what it was given as. The arguments are else those of
    :func:`load`, which says what is raised.
    """

    def __init__(
        self,
        config: str | None,
        environment: Mapping[str, str],
        flags: Mapping[str, Any],
        given: Mapping[str, str] = NONE_GIVEN,
    ) -> None:
        self.given = given
        self._config = config
        self._environment = dict(environment)
        self._flags = flags
        self._services: list[Path] = []
        # Taken first: what is written meanwhile is then seen as a change.
        before = self.marks()
        self.settings, self.path = self.read()
        # Nothing of these has been read so far.
        self._services = [Path(file) for file in (self.settings.catalog.services,) if file]
        self.marks_at_first = {**self.marks(), **before}

    def marks(self) -> Marks:
        """The files that hold settings, services, or may come to, and the system resolver's."""
        named = self._config or self._environment.get("SEAMARK_CONFIG")
        files = [Path(named)] if named else DEFAULT_FILES
        return {path: _mark(path) for path in (*files, *self._services, RESOLV_CONF, RESOLVED_CONF)}

    def read(self) -> tuple[Settings, Path | None]:
        """The settings as they are now. Raises :class:`SettingsError`."""
        return load(self._config, self._environment, self._flags)

    def lay(self) -> Laid:
        """The same, and where each setting comes from."""
        return lay(self._config, self._environment, self._flags)


def load(
    config: str | None, environment: Mapping[str, str], flags: Mapping[str, Any]
) -> tuple[Settings, Path | None]:
    """The settings in force, and the file that was read, if any; as :func:`lay`."""
    laid = lay(config, environment, flags)
    return laid.settings, laid.path


def lay(config: str | None, environment: Mapping[str, str], flags: Mapping[str, Any]) -> Laid:
    """Lay the sources of the settings over each other.

    ``flags`` maps setting names (``dns.listen``) to what was given on the command line. Raises
    :class:`SettingsError`.
    """
    path = file_of(config, environment)
    document = {"node": node} if (node := container_host()) else {}
    text = _text(path) if path else ""
    document |= _parsed(text, path)
    _check(document, str(path))
    taken: dict[str, str] = {}
    for name, variables in ENVIRONMENT.items():
        for variable in variables:
            if given := environment.get(variable):
                _set(document, name, _parse(name, given, variable))
                _check(document, f"environment variable {variable}")
                taken[name] = variable
                break
    for name, value in flags.items():
        _set(document, name, value)
    return Laid(_check(document, "command line"), path, text, taken)


def _mark(path: Path) -> tuple[int, ...]:
    try:
        found = path.stat()
    except OSError:
        return ()
    return found.st_mtime_ns, found.st_size, found.st_ino


def file_of(config: str | None, environment: Mapping[str, str]) -> Path | None:
    """The file that is named, else the first of DEFAULT_FILES that is there."""
    named = config or environment.get("SEAMARK_CONFIG")
    if named:
        return Path(named)
    return next((path for path in DEFAULT_FILES if path.exists()), None)


def _text(path: Path) -> str:
    try:
        return path.read_text()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        hint = "name a file that is there with --config, or leave it out"
        raise SettingsError(f"{path}: cannot be read: {reason}", hint) from error


def _parsed(text: str, path: Path | None) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        hint = 'write tables as `[dns]`, text as `"info"`, lists as `["10.0.0.2"]`'
        raise SettingsError(f"{path}: not TOML: {error}", hint) from error


def _check(document: dict[str, Any], source: str) -> Settings:
    try:
        return convert(document, Settings)
    except ShapeError as error:
        raise SettingsError(f"{source}: {error}", error.hint) from error


def _set(document: dict[str, Any], name: str, value: object) -> None:
    section, _, key = name.rpartition(".")
    target = document.setdefault(section, {}) if section else document
    target[key] = value


def _parse(name: str, text: str, variable: str) -> object:
    if name in LISTS:
        return [part.strip() for part in text.split(",") if part.strip()]
    if name in BOOLEANS:
        if text.lower() not in _BOOLEAN:
            raise SettingsError(
                f"environment variable {variable}: `{text}` is neither true nor false",
                "write `true` or `false`",
            )
        return _BOOLEAN[text.lower()]
    if name in NUMBERS or name in INTEGERS:
        try:
            return float(text) if name in NUMBERS else int(text)
        except ValueError as error:
            message = f"environment variable {variable}: `{text}` is no number"
            raise SettingsError(message, "write it in digits, `5`") from error
    return text
