"""Times as Go writes them, `1h30m`: what Consul's own settings and checks have."""

import re
from decimal import Decimal

_TEXT = re.compile(r"(?:(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:ns|us|µs|μs|ms|s|m|h))+")
_PART = re.compile(r"([0-9.]+)([a-zµμ]+)")
_UNIT_NS = {
    "ns": 1,
    "us": 10**3,
    "µs": 10**3,  # U+00B5
    "μs": 10**3,  # U+03BC
    "ms": 10**6,
    "s": 10**9,
    "m": 60 * 10**9,
    "h": 3600 * 10**9,
}


def nanoseconds(text: str) -> int | None:
    """How long it is; None for what is no such text, a sign included."""
    if not _TEXT.fullmatch(text):
        return None
    return sum(int(Decimal(number) * _UNIT_NS[unit]) for number, unit in _PART.findall(text))
