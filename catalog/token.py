"""The ACL token of the process: from a variable, or from a file that may change under us."""

import logging
from collections.abc import Mapping
from pathlib import Path

from catalog.errors import ConnectionSettingsError

log = logging.getLogger("catalog")


class TokenSource:
    """CONSUL_HTTP_TOKEN_FILE, and without it CONSUL_HTTP_TOKEN, as Consul's own tools have it.

    Raises :class:`~catalog.errors.ConnectionSettingsError` if there is no token in them now.
    Later the file is read again when it changed; while it cannot be, the last token stays.
    """

    def __init__(self, environment: Mapping[str, str]) -> None:
        file = environment.get("CONSUL_HTTP_TOKEN_FILE", "")
        self._file = Path(file) if file else None
        self._token = environment.get("CONSUL_HTTP_TOKEN", "").strip()
        self._seen: tuple[int, ...] = ()
        self._said = ""
        if self._file is None:
            if not is_token(self._token):
                raise ConnectionSettingsError(
                    "CONSUL_HTTP_TOKEN: holds no token but something else"
                )
        else:
            trouble = self._read(self._file)
            if trouble:
                raise ConnectionSettingsError(
                    f"CONSUL_HTTP_TOKEN_FILE: {self._file} {trouble}; "
                    "put the token into it, or unset the variable"
                )

    @property
    def origin(self) -> str:
        """Where the token comes from, for people; empty if there is none."""
        if self._file is not None:
            return f"CONSUL_HTTP_TOKEN_FILE={self._file}"
        return "CONSUL_HTTP_TOKEN" if self._token else ""

    def current(self) -> str:
        """The token to send now; empty for none."""
        if self._file is None:
            return self._token
        trouble = self._read(self._file)
        if trouble and trouble != self._said:
            log.warning("CONSUL_HTTP_TOKEN_FILE: %s %s; using the last token", self._file, trouble)
        self._said = trouble
        return self._token

    def _read(self, file: Path) -> str:
        """Take the token from the file if it changed; what is wrong with it, or nothing."""
        try:
            found = file.stat()
            mark = (found.st_mtime_ns, found.st_size, found.st_ino)
            if mark == self._seen:
                return ""
            token = file.read_text().strip()
        except (OSError, UnicodeDecodeError) as error:
            self._seen = ()
            return f"cannot be read: {getattr(error, 'strerror', None) or error}"
        if not token:
            self._seen = ()
            return "is empty"
        if not is_token(token):
            self._seen = ()
            return "holds no token but something else"
        self._seen = mark
        self._token = token
        return ""


def is_token(text: str) -> bool:
    """Whether it can be sent as one; the empty one is none, and fine."""
    return text.isascii() and text.isprintable()


def basic_auth(environment: Mapping[str, str]) -> tuple[bytes, bytes] | None:
    """User and password of CONSUL_HTTP_AUTH, for a proxy in front of the agent."""
    given = environment.get("CONSUL_HTTP_AUTH", "")
    if not given:
        return None
    user, _, password = given.partition(":")
    return user.encode(), password.encode()
