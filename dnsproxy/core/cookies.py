"""Server cookies: proof that a client is where its datagrams say that it is (RFC 7873, 9018)."""

import functools
import ipaddress
import struct

# A server cookie of ours: version, three reserved bytes, seconds since the epoch, hash.
_HEAD = struct.Struct("!B3xI")
_VERSION = 1
_CLIENT = 8
_OURS = 24
# RFC 9018 4.3: seconds that a cookie holds, from when on it is renewed, and how far it may be
# ahead of a clock.
HOLDS_S = 3600
RENEWED_S = 1800
AHEAD_S = 300
_REMEMBERED = 4096
_MASK = (1 << 64) - 1


class Cookies:
    """The cookies of one server. ``secret`` is 16 random bytes; times are seconds since the epoch.

    ``client`` is the address that the socket gave, never one that a packet names.
    """

    def __init__(self, secret: bytes) -> None:
        self._secret = secret
        # Whoever asks often shows the same cookie each time, and a hash takes us tens of
        # microseconds.
        self._hash = functools.lru_cache(_REMEMBERED)(self._hashed)

    def holds(self, cookie: bytes, client: str, now: float) -> bool:
        """Whether the option of a query has a server cookie of ours for this client."""
        age = self._age(cookie, client, now)
        return age is not None and -AHEAD_S <= age <= HOLDS_S

    def answer(self, cookie: bytes, client: str, now: float) -> bytes:
        """The option of a reply: the client's cookie, and ours, renewed when it gets old."""
        age = self._age(cookie, client, now)
        if age is not None and -AHEAD_S <= age < RENEWED_S:
            return cookie
        made = cookie[:_CLIENT] + _HEAD.pack(_VERSION, int(now) & 0xFFFFFFFF)
        return made + self._hash(made, client)

    def _age(self, cookie: bytes, client: str, now: float) -> int | None:
        """Seconds; None for what is no cookie of ours for this client."""
        if len(cookie) != _OURS or cookie[_CLIENT] != _VERSION:
            return None
        if self._hash(cookie[:16], client) != cookie[16:]:
            return None
        made = int.from_bytes(cookie[12:16], "big")
        # The clock of 32 bits goes round in 2106 (RFC 1982).
        age = (int(now) - made) & 0xFFFFFFFF
        return age if age < 1 << 31 else age - (1 << 32)

    def _hashed(self, head: bytes, client: str) -> bytes:
        address = ipaddress.ip_address(client).packed
        return siphash(self._secret, head + address).to_bytes(8, "little")


def is_cookie(data: bytes) -> bool:
    """Whether an option is one: a client's cookie, alone or with a server's (RFC 7873 5.2.2)."""
    return len(data) == _CLIENT or 16 <= len(data) <= 40


def siphash(key: bytes, data: bytes) -> int:
    """SipHash-2-4 (Aumasson, Bernstein); ``key`` is 16 bytes."""
    low, high = struct.unpack("<QQ", key)
    state = (
        low ^ 0x736F6D6570736575,
        high ^ 0x646F72616E646F6D,
        low ^ 0x6C7967656E657261,
        high ^ 0x7465646279746573,
    )
    whole = len(data) // 8 * 8
    tail = int.from_bytes(data[whole:], "little") | (len(data) & 0xFF) << 56
    for word in (*struct.unpack(f"<{whole // 8}Q", data[:whole]), tail):
        v0, v1, v2, v3 = state
        v0, v1, v2, v3 = _rounds(v0, v1, v2, v3 ^ word, 2)
        state = v0 ^ word, v1, v2, v3
    v0, v1, v2, v3 = state
    v0, v1, v2, v3 = _rounds(v0, v1, v2 ^ 0xFF, v3, 4)
    return v0 ^ v1 ^ v2 ^ v3


def _rounds(v0: int, v1: int, v2: int, v3: int, count: int) -> tuple[int, int, int, int]:
    for _ in range(count):
        v0 = (v0 + v1) & _MASK
        v1 = (v1 << 13 & _MASK | v1 >> 51) ^ v0
        v0 = v0 << 32 & _MASK | v0 >> 32
        v2 = (v2 + v3) & _MASK
        v3 = (v3 << 16 & _MASK | v3 >> 48) ^ v2
        v0 = (v0 + v3) & _MASK
        v3 = (v3 << 21 & _MASK | v3 >> 43) ^ v0
        v2 = (v2 + v1) & _MASK
        v1 = (v1 << 17 & _MASK | v1 >> 47) ^ v2
        v2 = v2 << 32 & _MASK | v2 >> 32
    return v0, v1, v2, v3
