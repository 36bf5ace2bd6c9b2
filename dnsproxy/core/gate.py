"""What may come in: decided on the bytes, before anything is parsed, looked up or allocated.

The answers to odd packets are a choice (the well-known servers differ on nearly every one); ours
stand in docs/reference/odd-packets.md.
"""

from dataclasses import replace

from dnsproxy.core import trace
from dnsproxy.core.cookies import is_cookie
from dnsproxy.core.edns import OptionCode
from dnsproxy.core.request import Request
from dnsproxy.core.values import value
from dnsproxy.core.wire import (
    CD,
    CLASS_IN,
    HEADER,
    QR,
    RD,
    Message,
    Question,
    Rcode,
    Record,
    Type,
    edns_options,
    scan,
)
from dnsproxy.errors import MalformedMessage

# What we are ready to send in one UDP datagram, and what we ask upstreams to send: no fragment can
# be forged into a reply that is not fragmented (DNS flag day 2020).
EDNS_SIZE = 1232
UDP_SIZE_WITHOUT_EDNS = 512
# Who sends more in one OPT wants us to walk them (Unbound CVE-2026-41292): IANA knows some twenty.
OPTIONS = 100
_TRANSFERS = {Type.IXFR, Type.AXFR, Type.MAILB, Type.MAILA}


@value
class Query:
    """A query that we answer. ``udp_size`` is the client's limit, None if it speaks no EDNS.

    ``returned``: it is our own, see :mod:`dnsproxy.core.mark`. ``minimal_any``: see
    :class:`~dnsproxy.core.request.Request`. ``cookie``: the data of its cookie option, empty if
    there is none. ``keepalive``: it came over TCP and wants to know how long the connection may be
    idle (RFC 7828). ``explains``: it came over TCP and wants to know how it was answered.
    """

    message: Message
    udp_size: int | None
    dnssec_ok: bool = False
    client: str = ""
    returned: bool = False
    minimal_any: bool = False
    cookie: bytes = b""
    keepalive: bool = False
    explains: bool = False

    @property
    def question(self) -> Question:
        """What is asked."""
        return self.message.question

    @property
    def request(self) -> Request:
        """What is asked of a zone."""
        flags = self.message.flags
        return Request(
            self.message.question,
            self.dnssec_ok,
            checking_disabled=bool(flags & CD),
            recursion=bool(flags & RD),
            client=self.client,
            returned=self.returned,
            minimal_any=self.minimal_any,
        )


@value
class Refusal:
    """A packet that is answered with an rcode only. ``query`` is None if it has no question."""

    rcode: Rcode
    packet: bytes
    query: Query | None = None


def is_query(packet: bytes) -> bool:
    """Whether a packet may be answered at all.

    Replies are not (two servers would answer each other for ever), nor is what has no header.
    """
    return len(packet) >= HEADER.size and not packet[2] & QR >> 8


def admit(packet: bytes, client: str = "", *, tcp: bool = False) -> Query | Refusal:
    """The query in a packet for which :func:`is_query` holds, or the refusal that it gets."""
    if packet[2] >> 3 & 0xF:
        return Refusal(Rcode.NOTIMP, packet)
    try:
        message = scan(packet)
    except MalformedMessage:
        return Refusal(Rcode.FORMERR, packet)
    return _judge(message, client, tcp=tcp)


def _judge(message: Message, client: str, *, tcp: bool) -> Query | Refusal:
    opts = [record for record in message.records if record.rtype == Type.OPT]
    _, _, _, answers, authorities, additionals = HEADER.unpack_from(message.wire)
    malformed = (
        message.end != len(message.wire)
        or answers + authorities > 0
        or additionals > 2
        or len(opts) > 1
        or any(message.wire[opt.start] != 0 for opt in opts)
    )
    if malformed:
        return Refusal(Rcode.FORMERR, message.wire)
    if not opts:
        query = Query(message, None, client=client)
    else:
        try:
            query = _with_edns(message, opts[0], client, tcp=tcp)
        except MalformedMessage:
            return Refusal(Rcode.FORMERR, message.wire)
        if opts[0].ttl >> 16 & 0xFF:
            return Refusal(Rcode.BADVERS, message.wire, query)
    question = message.question
    if question.qclass != CLASS_IN or question.qtype in _TRANSFERS:
        return Refusal(Rcode.REFUSED, message.wire, query)
    return query


def _with_edns(message: Message, opt: Record, client: str, *, tcp: bool) -> Query:
    """A query with an OPT. Raises MalformedMessage for options that cannot be meant."""
    size = max(opt.rclass, UDP_SIZE_WITHOUT_EDNS)
    dnssec_ok = bool(opt.ttl & 0x8000)
    if opt.rdata == opt.end:
        return Query(message, size, dnssec_ok, client)
    cookie, keepalive, explains = b"", False, False
    for number, (code, data) in enumerate(edns_options(message.wire, opt), start=1):
        if number > OPTIONS:
            raise MalformedMessage(f"more than {OPTIONS} options")
        if code == OptionCode.COOKIE and not cookie:
            # All but the first are ignored (RFC 7873 5.2).
            cookie = _cookie(data)
        elif code == OptionCode.KEEPALIVE and tcp:
            keepalive = _keepalive(data)
        elif code == trace.CODE and tcp:
            # No forged address gets the long answer (RFC 5358 1).
            explains = True
    query = Query(message, size, dnssec_ok, client, cookie=cookie, keepalive=keepalive)
    return replace(query, explains=True) if explains else query


def _cookie(data: bytes) -> bytes:
    if not is_cookie(data):
        raise MalformedMessage(f"a cookie of {len(data)} bytes")
    return data


def _keepalive(data: bytes) -> bool:
    """A client may not propose a time (RFC 7828 3.2.1); over UDP nobody looks (3.3.1)."""
    if data:
        raise MalformedMessage("a client that says how long to keep its connection")
    return True
