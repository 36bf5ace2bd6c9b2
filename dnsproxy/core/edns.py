"""Options of EDNS (RFC 6891 6.1.2), and with one of them why an answer is what it is (RFC 8914)."""

import struct
from dataclasses import dataclass
from enum import IntEnum

_OPTION = struct.Struct("!HH")
# A whole reply has to fit into 512 bytes where a client says so.
_TEXT_MAX = 120


class OptionCode(IntEnum):
    """The options that mean something to us."""

    COOKIE = 10
    KEEPALIVE = 11
    PADDING = 12
    EXTENDED_ERROR = 15


class InfoCode(IntEnum):
    """RFC 8914 4, as far as we have to tell it."""

    OTHER = 0
    STALE_ANSWER = 3
    CACHED_ERROR = 13
    BLOCKED = 15
    NO_REACHABLE_AUTHORITY = 22


@dataclass(frozen=True, slots=True)
class ExtendedError:
    """What is to be known of an answer beside its rcode; ``text`` is for people."""

    code: InfoCode
    text: str = ""

    @property
    def option(self) -> bytes:
        """As an option; the text cut to what fits beside a question in a small reply."""
        text = self.text.encode()[:_TEXT_MAX].decode(errors="ignore").encode()
        return option(OptionCode.EXTENDED_ERROR, struct.pack("!H", self.code) + text)


def option(code: int, data: bytes) -> bytes:
    """One option as it stands in an OPT."""
    return _OPTION.pack(code, len(data)) + data
