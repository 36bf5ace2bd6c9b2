"""Datagrams in batches: received by one call, answered by another (recvmmsg(2), sendmmsg(2)).

A system call costs as much as everything that we do for a reply that is ready. What the kernel
writes into the headers of a batch is what it wants to see in those of the replies: whom a query
came from, and where it was sent to. So the replies' headers point to the same bytes.
"""

import ctypes
import errno
import mmap
import socket
import struct
import sys
from time import monotonic
from typing import Any, NamedTuple

from dnsproxy.core.hot import KINDS, HotPlane

SIZE = 64
_LONGEST = 65535
# Buffers that begin at the same place of a page would push each other out of the processor's cache.
_STRIDE = 65536 + 192
_NAME = 32
_CONTROL = 64
_DONTWAIT = socket.MSG_DONTWAIT
_ID = 2


class _Buffer(ctypes.Structure):
    _fields_ = [("base", ctypes.c_void_p), ("size", ctypes.c_size_t)]


class _Header(ctypes.Structure):
    _fields_ = [
        ("name", ctypes.c_void_p),
        ("name_size", ctypes.c_uint32),
        ("buffers", ctypes.c_void_p),
        ("buffer_count", ctypes.c_size_t),
        ("control", ctypes.c_void_p),
        ("control_size", ctypes.c_size_t),
        ("flags", ctypes.c_int),
    ]


class _Datagram(ctypes.Structure):
    _fields_ = [("header", _Header), ("size", ctypes.c_uint)]


# What a datagram's header has where, counted in numbers of 4 bytes and of a size_t.
_DATAGRAM = ctypes.sizeof(_Datagram)
_WORDS = _DATAGRAM // 4
_SIZE_WORD = _Datagram.size.offset // 4
_LONGS = _DATAGRAM // ctypes.sizeof(ctypes.c_size_t)
_CONTROL_LONG = _Header.control_size.offset // ctypes.sizeof(ctypes.c_size_t)
_CONTROL_WORDS = _CONTROL // 4
# cmsghdr: its length, level and type.
_CMSG = struct.Struct("@Nii")
_FULL = {errno.EAGAIN, errno.ENOBUFS, errno.ENOMEM}

_libc = ctypes.CDLL(None, use_errno=True)
_recvmmsg, _sendmmsg = _libc.recvmmsg, _libc.sendmmsg
_recvmmsg.argtypes = [
    ctypes.c_int,
    ctypes.c_void_p,
    ctypes.c_uint,
    ctypes.c_int,
    ctypes.c_void_p,
]
_sendmmsg.argtypes = [ctypes.c_int, ctypes.c_void_p, ctypes.c_uint, ctypes.c_int]


class _Family(NamedTuple):
    """Where things stand in bytes: a client's address, and the interface in a packet info.

    ``control``: how long the packet info is as ancillary data.
    """

    name_size: int
    address: slice
    control: int
    interface: int


class _Slot(NamedTuple):
    """Where the parts of a batch's datagram are, in the views that the loop looks through.

    To count that out for each of them took a twentieth of the loop.
    """

    number: int
    address: slice
    begin: int
    start: int
    size: int
    told: int
    interface: int
    part: int


# sockaddr_in and in_pktinfo (ip(7)); sockaddr_in6 and in6_pktinfo (ipv6(7)).
_IPV4 = _Family(16, slice(4, 8), socket.CMSG_SPACE(12), 16)
_IPV6 = _Family(28, slice(8, 24), socket.CMSG_SPACE(20), 32)


class Batch:
    """Room for the datagrams that one socket is read in at a time, which tells their destination.

    They are numbered from 0, and stay until the next ``receive``.
    """

    def __init__(self, sock: socket.socket) -> None:
        self._fd = sock.fileno()
        self._socket_family = sock.family
        self._is_ipv6 = sock.family == socket.AF_INET6
        self._family = _IPV6 if self._is_ipv6 else _IPV4
        self._data, data = _room(SIZE * _STRIDE)
        self._names, names = _room(SIZE * _NAME)
        self._control, control = _room(SIZE * _CONTROL)
        self._read_into = (_Buffer * SIZE)()
        # A reply has two parts: the id, where the query has it, and the rest, which is ready.
        self._sent_from = (_Buffer * (2 * SIZE))()
        self._received = (_Datagram * SIZE)()
        self._replies = (_Datagram * SIZE)()
        for number in range(SIZE):
            packet = data + number * _STRIDE
            self._read_into[number] = _Buffer(packet, _LONGEST)
            self._sent_from[2 * number] = _Buffer(packet, _ID)
            for datagram, parts, count in (
                (self._received[number], self._read_into[number], 1),
                (self._replies[number], self._sent_from[2 * number], 2),
            ):
                datagram.header.name = names + number * _NAME
                datagram.header.name_size = self._family.name_size
                datagram.header.buffers = ctypes.addressof(parts)
                datagram.header.buffer_count = count
                datagram.header.control = control + number * _CONTROL
                datagram.header.control_size = self._family.control
        self._received_at = ctypes.addressof(self._received)
        self._replies_at = ctypes.addressof(self._replies)
        self._headers = memoryview(self._received).cast("B")
        self._fresh_headers = bytes(self._headers)
        # The same bytes as numbers: of 4 bytes, and as long as a size_t.
        self._sizes = self._headers.cast("I")
        self._longs = self._headers.cast("P")
        self._parts = memoryview(self._sent_from).cast("B").cast("P")
        self._interfaces = memoryview(self._control).cast("I")
        self._slots = [self._slot(number) for number in range(SIZE)]

    def _slot(self, number: int) -> "_Slot":
        name, packet = number * _NAME, number * _STRIDE
        address = self._family.address
        return _Slot(
            number,
            slice(name + address.start, name + address.stop),
            packet + _ID,
            packet,
            number * _WORDS + _SIZE_WORD,
            number * _LONGS + _CONTROL_LONG,
            number * _CONTROL_WORDS + self._family.interface // 4,
            4 * number + 2,
        )

    def receive(self) -> int:
        """How many have come; 0 if none has. Whatever was there before is gone."""
        # The kernel has written into the headers how long names and packet infos are.
        self._headers[:] = self._fresh_headers
        return max(int(_recvmmsg(self._fd, self._received_at, SIZE, _DONTWAIT, None)), 0)

    def answer(self, count: int, hot: HotPlane) -> list[int]:
        """Send what is ready for the first ``count``; the numbers of the others.

        This is what runs for each query: no call in it that can be spared.
        """
        moment = [now := monotonic(), 0.0]
        find, note = hot.clients.get, hot.note
        data, names, sizes, parts = self._data, self._names, self._sizes, self._parts
        told, interfaces, is_ipv6 = self._longs, self._interfaces, self._is_ipv6
        told_size = self._family.control
        left: list[int] = []
        given, first = [0] * KINDS, 0
        slots = self._slots if count == SIZE else self._slots[:count]
        for number, address, begin, start, size, told_at, interface, part in slots:
            client = names[address]
            answer = None
            if (table := find(client)) is not None:
                answer = table.get(data[begin : start + sizes[size]])
            if (
                answer is None
                or told[told_at] != told_size
                or (answer.until <= now and not answer.renew(now))
            ):
                self._send(first, number)
                first = number + 1
                left.append(number)
                continue
            if not (is_ipv6 and self._is_link_local(number)):
                # The route chooses the interface, which need not be the one that it came in by.
                interfaces[interface] = 0
            parts[part], parts[part + 1] = answer.turn()
            answer.cell[0] += 1
            given[answer.kind] += 1
            note((answer, client, moment))
        self._send(first, count)
        if len(left) < count:
            moment[1] = monotonic() - now
            hot.given(given, moment[1])
        return left

    def packet(self, number: int) -> bytes:
        """What came."""
        start = number * _STRIDE
        return self._data[start : start + self._sizes[number * _WORDS + _SIZE_WORD]]

    def client(self, number: int) -> tuple[Any, ...]:
        """Whom it came from, as the socket module gives an address."""
        start = number * _NAME
        name = self._names[start : start + self._family.name_size]
        port = int.from_bytes(name[2:4], "big")
        host = socket.inet_ntop(self._socket_family, name[self._family.address])
        if not self._is_ipv6:
            return host, port
        flow = int.from_bytes(name[4:8], "big")
        return host, port, flow, int.from_bytes(name[24:28], sys.byteorder)

    def ancillary(self, number: int) -> list[tuple[int, int, bytes]]:
        """Where it was sent to, as recvmsg() tells it; empty if the kernel does not say."""
        if not self._tells_destination(number):
            return []
        start = number * _CONTROL
        header = self._control[start : start + self._family.control]
        size, level, kind = _CMSG.unpack_from(header)
        return [(level, kind, header[_CMSG.size : size])]

    def _is_link_local(self, number: int) -> bool:
        """Such an address has no meaning without its interface."""
        start = number * _CONTROL + _CMSG.size
        high, low = self._control[start : start + 2]
        return high == 0xFE and low & 0xC0 == 0x80

    def _tells_destination(self, number: int) -> bool:
        return bool(self._longs[number * _LONGS + _CONTROL_LONG] == self._family.control)

    def _send(self, first: int, end: int) -> None:
        """Send replies; one that cannot be is the client's retry, not our wait."""
        while first < end:
            at = self._replies_at + first * _DATAGRAM
            sent = int(_sendmmsg(self._fd, at, end - first, _DONTWAIT))
            if sent < 0 and ctypes.get_errno() in _FULL:
                return
            first += max(sent, 1)


def _room(size: int) -> tuple[mmap.mmap, int]:
    """Bytes that the kernel may write into, and where they are.

    Pages of their own take no memory before they are written to, and a slice of them is bytes.
    """
    data = mmap.mmap(-1, size)
    return data, ctypes.addressof(ctypes.c_char.from_buffer(data))
