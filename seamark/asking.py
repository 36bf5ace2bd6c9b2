"""One question to one server, as a client asks it: over UDP, and over TCP where that is needed."""

import json
import secrets
import socket
import struct
from dataclasses import dataclass
from time import monotonic
from typing import Any

from dnsproxy.core import trace
from dnsproxy.core.edns import OptionCode, option
from dnsproxy.core.endpoint import Endpoint
from dnsproxy.core.names import to_text
from dnsproxy.core.records import Reply, unpack
from dnsproxy.core.replies import QueryForm, upstream_query
from dnsproxy.core.request import Request
from dnsproxy.core.wire import HEADER, QR, TC, Message, Question, edns_options, scan
from dnsproxy.errors import MalformedMessage
from seamark.errors import StartError

EDNS_SIZE = 1232
# As dig does.
TRIES = 3
_LENGTH = struct.Struct("!H")
_INFO_CODE = struct.Struct("!H")
_MAX_BYTES = 65535


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of it.

    ``why`` are extended errors (RFC 8914), code and text; ``explanation`` is there if it was asked
    for and the server tells it. ``took`` in seconds; ``refusal`` is the rcode of a server that
    answers with a header alone.
    """

    server: Endpoint
    tcp: bool
    took: float
    question: Question
    message: Message | None
    reply: Reply
    why: tuple[tuple[int, str], ...] = ()
    explanation: dict[str, Any] | None = None


def ask(
    server: Endpoint, question: Question, timeout_s: float, *, tcp: bool, explain: bool = False
) -> Answer:
    """Ask, several times over UDP, until there is a reply. Raises :class:`StartError`."""
    until = monotonic() + timeout_s
    form = QueryForm(EDNS_SIZE, option(trace.CODE, b"") if explain else b"")
    asked = Request(question)
    query = upstream_query(asked, secrets.randbelow(0x10000), form)
    try:
        if not tcp:
            answer = _over_udp(server, query, question, until)
            if not answer.reply.truncated:
                return answer
        return _over_tcp(server, query, question, until)
    except OSError as error:
        timed_out = isinstance(error, TimeoutError)
        reason = "no answer in time" if timed_out else error.strerror or str(error)
        raise StartError(
            f"{server} does not answer for {to_text(question.name)}: {reason}",
            "is the proxy running there? name its address with --server",
        ) from error


def _over_udp(server: Endpoint, query: bytes, question: Question, until: float) -> Answer:
    each_s = (until - monotonic()) / TRIES
    problem: OSError = TimeoutError()
    for _ in range(TRIES):
        start = monotonic()
        with _connected(server, socket.SOCK_DGRAM, until) as sock:
            try:
                sock.send(query)
                return _matched(server, sock, query, question, start, start + each_s)
            except OSError as error:
                problem = error
        if not isinstance(problem, TimeoutError):
            break
    raise problem


def _matched(
    server: Endpoint,
    sock: socket.socket,
    query: bytes,
    question: Question,
    start: float,
    until: float,
) -> Answer:
    """The first packet that is the reply; others, whoever sends them, are passed over."""
    while True:
        sock.settimeout(max(until - monotonic(), 0.001))
        answer = _answer(server, sock.recv(_MAX_BYTES), query, question, start, tcp=False)
        if answer is not None:
            return answer


def _over_tcp(server: Endpoint, query: bytes, question: Question, until: float) -> Answer:
    start = monotonic()
    with _connected(server, socket.SOCK_STREAM, until) as sock:
        sock.sendall(_LENGTH.pack(len(query)) + query)
        (length,) = _LENGTH.unpack(_exactly(sock, _LENGTH.size, until))
        answer = _answer(server, _exactly(sock, length, until), query, question, start, tcp=True)
    if answer is None:
        raise OSError("its reply is none to what it was asked")
    return answer


def _connected(server: Endpoint, kind: socket.SocketKind, until: float) -> socket.socket:
    sock = socket.socket(socket.AF_INET6 if server.is_ipv6 else socket.AF_INET, kind)
    sock.settimeout(max(until - monotonic(), 0.001))
    try:
        sock.connect((server.host, server.port))
    except OSError:
        sock.close()
        raise
    return sock


def _exactly(sock: socket.socket, length: int, until: float) -> bytes:
    found = b""
    while len(found) < length:
        sock.settimeout(max(until - monotonic(), 0.001))
        part = sock.recv(length - len(found))
        if not part:
            raise OSError("it hung up")
        found += part
    return found


def _answer(
    server: Endpoint, packet: bytes, query: bytes, question: Question, start: float, *, tcp: bool
) -> Answer | None:
    """None for a packet that is no reply to the query."""
    took = monotonic() - start
    if packet[:2] != query[:2] or len(packet) < HEADER.size or not packet[2] & QR >> 8:
        return None
    if len(packet) == HEADER.size:
        # The gate of a server refuses so.
        bare = Reply(packet[3] & 0xF, truncated=bool(packet[2] & TC >> 8))
        return Answer(server, tcp, took, question, None, bare)
    try:
        message = scan(packet)
        reply = unpack(message)
        options = list(edns_options(packet, message.opt)) if message.opt is not None else []
    except MalformedMessage as error:
        raise OSError(f"its reply cannot be read: {error}") from error
    if not message.question.same_as(question):
        return None
    why = tuple(_extended_error(data) for code, data in options if code == _EDE and len(data) >= 2)
    told = next((data for code, data in options if code == trace.CODE), None)
    return Answer(server, tcp, took, question, message, reply, why, _explained(told))


_EDE = OptionCode.EXTENDED_ERROR


def _extended_error(data: bytes) -> tuple[int, str]:
    (code,) = _INFO_CODE.unpack_from(data)
    return code, data[_INFO_CODE.size :].decode(errors="replace").rstrip("\0")


def _explained(told: bytes | None) -> dict[str, Any] | None:
    """None for what another server may mean by an option of that number."""
    try:
        found = json.loads(told) if told else None
    except ValueError:
        return None
    return found if isinstance(found, dict) and isinstance(found.get("steps"), list) else None
