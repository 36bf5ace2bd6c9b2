"""What must not be shown to whoever reads over a shoulder, or in a ticket."""

import re

MASK = "***"
_SCHEME = re.compile(r"(?:[a-z][a-z0-9+.-]*://|consul[a-z-]*:)?", re.IGNORECASE)
_HOST = re.compile(r"(?:\[[0-9a-f:.%]*\]|[^:]*)(?::[0-9]*)?", re.IGNORECASE)
_LOGIN = re.compile(r"[a-z0-9_-]+@[^@]*", re.IGNORECASE)
_BEHIND = re.compile(r"([^?#]*)(.*)", re.DOTALL)
_PART = re.compile(r"[^?#&;]+")


def masked(text: str) -> str:
    """A URL, or an address in Consul's manner, without user, password and tokens.

    What stands behind `?` and `#` keeps the names of what is given there, not the values; but the
    name that a server over TLS must have is behind a `#`, and a path of a file is no secret.
    """
    found = _SCHEME.match(text)
    assert found is not None
    scheme, rest = found[0], text[found.end() :]
    kind = scheme.lower().rstrip(":/")
    # A path has no user; and who logs in over SSH does so with a key.
    if not (kind.endswith("unix") or (kind == "ssh" and _LOGIN.fullmatch(rest))):
        rest = _without_user(rest)
    place, behind = _split(rest)
    if kind == "tls" and behind.startswith("#"):
        return scheme + rest
    return scheme + place + _PART.sub(_without_value, behind)


def _split(text: str) -> tuple[str, str]:
    found = _BEHIND.fullmatch(text)
    assert found is not None
    return found[1], found[2]


def _without_user(text: str) -> str:
    """A password may have any sign in it that nobody escaped, so that the last `@` is its end."""
    authority = re.split("[/?#]", text, maxsplit=1)[0]
    if "@" not in text or ("@" not in authority and _HOST.fullmatch(authority)):
        return text
    return f"{MASK}@{text.rpartition('@')[2]}"


def _without_value(part: re.Match[str]) -> str:
    name, equals, _ = part[0].partition("=")
    return f"{name}={MASK}" if equals else MASK
