"""The list of this host's addresses, as the kernel's netlink(7) and rtnetlink(7) spell it."""

import ipaddress
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

# linux/rtnetlink.h: the groups that tell of addresses that come and go.
GROUPS = {4: 0x10, 6: 0x100}
_FAMILIES = {4: 2, 6: 10}
_HEADER = struct.Struct("=IHHII")
_IFADDRMSG = struct.Struct("=BBBBI")
_ATTRIBUTE = struct.Struct("=HH")
_RTM_NEWADDR = 20
_RTM_GETADDR = 22
_NLMSG_ERROR = 2
_NLMSG_DONE = 3
_NLM_F_REQUEST_DUMP = 0x301
_NLM_F_DUMP_INTR = 0x10
_IFA_ADDRESS = 1
_IFA_LOCAL = 2


@dataclass(frozen=True, slots=True)
class LocalAddress:
    """An address that this host has.

    ``interface`` is the index of its interface where the address alone does not say which one is
    meant (link-local IPv6: RFC 4007 6), else 0.
    """

    host: str
    interface: int = 0


@dataclass(slots=True)
class Listing:
    """What has been read of a reply to :func:`list_request`.

    ``interrupted``: addresses changed meanwhile, and some may be missing. ``error``: an errno.
    """

    addresses: list[LocalAddress] = field(default_factory=list)
    complete: bool = False
    interrupted: bool = False
    error: int = 0

    def read(self, data: bytes) -> None:
        """Take in one datagram. Raises ValueError if its lengths do not add up."""
        try:
            for kind, flags, body in _messages(data):
                self._take(kind, flags, body)
        except struct.error as error:
            raise ValueError(f"netlink: {error}") from error

    def _take(self, kind: int, flags: int, body: bytes) -> None:
        self.interrupted |= bool(flags & _NLM_F_DUMP_INTR)
        if kind == _NLMSG_DONE:
            self.complete = True
        elif kind == _NLMSG_ERROR:
            (code,) = struct.unpack_from("=i", body)
            self.complete, self.error = True, -code
        elif kind == _RTM_NEWADDR:
            address = _address(body)
            if address is not None:
                self.addresses.append(address)


def list_request(version: int) -> bytes:
    """Ask for all addresses of a family: 4 or 6."""
    body = _IFADDRMSG.pack(_FAMILIES[version], 0, 0, 0, 0)
    size = _HEADER.size + len(body)
    return _HEADER.pack(size, _RTM_GETADDR, _NLM_F_REQUEST_DUMP, 1, 0) + body


def _messages(data: bytes) -> Iterator[tuple[int, int, bytes]]:
    offset = 0
    while offset < len(data):
        length, kind, flags, _sequence, _port = _HEADER.unpack_from(data, offset)
        if not _HEADER.size <= length <= len(data) - offset:
            raise ValueError(f"netlink: a message of {length} bytes in {len(data) - offset}")
        yield kind, flags, data[offset + _HEADER.size : offset + length]
        offset += _aligned(length)


def _address(body: bytes) -> LocalAddress | None:
    """The address of an RTM_NEWADDR message; None if it holds none of a family that we know."""
    family, _prefix, _flags, _scope, interface = _IFADDRMSG.unpack_from(body)
    if family not in _FAMILIES.values():
        return None
    attributes = dict(_attributes(body[_IFADDRMSG.size :]))
    # On a point-to-point link IFA_ADDRESS is the other end, and IFA_LOCAL is ours.
    packed = attributes.get(_IFA_LOCAL) or attributes.get(_IFA_ADDRESS)
    if packed is None:
        return None
    address = ipaddress.ip_address(packed)
    needs_interface = address.version == 6 and address.is_link_local
    return LocalAddress(str(address), interface if needs_interface else 0)


def _attributes(data: bytes) -> Iterator[tuple[int, bytes]]:
    offset = 0
    while offset < len(data):
        length, kind = _ATTRIBUTE.unpack_from(data, offset)
        if not _ATTRIBUTE.size <= length <= len(data) - offset:
            raise ValueError(f"netlink: an attribute of {length} bytes in {len(data) - offset}")
        yield kind, data[offset + _ATTRIBUTE.size : offset + length]
        offset += _aligned(length)


def _aligned(length: int) -> int:
    return (length + 3) & ~3
