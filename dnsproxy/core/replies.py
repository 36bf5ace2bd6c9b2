"""Replies as the client wants them: its id, its spelling, its size, and our own OPT.

A reply from elsewhere is never sent as it came: header and OPT are hop by hop (RFC 6891 6.1.1), and
what fitted there may not fit here.
"""

import struct
from dataclasses import dataclass, replace

from dnsproxy.core.gate import EDNS_SIZE, UDP_SIZE_WITHOUT_EDNS, Query, Refusal
from dnsproxy.core.names import Name, lower
from dnsproxy.core.packing import pack
from dnsproxy.core.records import Reply, ResourceRecord, unpack
from dnsproxy.core.request import Request
from dnsproxy.core.wire import (
    AA,
    AD,
    CD,
    HEADER,
    QR,
    RA,
    RD,
    TC,
    Question,
    Rcode,
    Type,
    scan,
    scan_question,
)
from dnsproxy.errors import MalformedMessage

TCP_MAX = 65535
_OPCODE = 0x7800
_OPT = struct.Struct("!BHHIH")
_FLAGS_COUNT = struct.Struct("!HH")


def size_limit(query: Query, *, tcp: bool, edns_size: int = EDNS_SIZE) -> int:
    """Bytes that may be sent to this client in one reply; ``edns_size`` is our own limit."""
    if tcp:
        return TCP_MAX
    return min(query.udp_size or UDP_SIZE_WITHOUT_EDNS, edns_size)


def refuse(refusal: Refusal, edns_size: int = EDNS_SIZE, options: bytes = b"") -> bytes:
    """The reply to a packet that the gate refused."""
    if refusal.query is not None:
        return rcode_reply(refusal.query, refusal.rcode, edns_size, options)
    packet_id, flags = struct.unpack_from("!HH", refusal.packet)
    # Opcode and RD are given back, all else is ours (RFC 1035 4.1.1).
    flags = QR | (flags & 0x7800) | (flags & RD) | refusal.rcode
    return HEADER.pack(packet_id, flags, 0, 0, 0, 0)


def rcode_reply(
    query: Query, rcode: Rcode, edns_size: int = EDNS_SIZE, options: bytes = b""
) -> bytes:
    """A reply without records."""
    opt = _opt(query, rcode, edns_size, options)
    header = HEADER.pack(query.message.id, _flags(query) | rcode & 0xF, 1, 0, 0, 1 if opt else 0)
    return header + query.question.wire + opt


def write(
    query: Query, reply: Reply, limit: int, edns_size: int = EDNS_SIZE, options: bytes = b""
) -> bytes:
    """``reply`` for this client, in ``limit`` bytes; TC is set if something had to be left out.

    ``edns_size`` and ``options`` are what our own OPT says. AD is told only to those who asked for
    it (RFC 6840 5.8).
    """
    if reply.udp_answers and limit <= UDP_SIZE_WITHOUT_EDNS:
        reply = _shortened(reply)
    options += b"".join(error.option for error in reply.why)
    opt = _opt(query, reply.rcode, edns_size, options)
    body, counts, cut = pack(query.question, reply, limit - len(opt))
    flags = _flags(query) | reply.rcode & 0xF
    flags |= AA if reply.authoritative else 0
    flags |= TC if cut or reply.truncated else 0
    if reply.authentic and (query.dnssec_ok or query.message.flags & AD):
        flags |= AD
    answers, authorities, additionals = counts
    header = HEADER.pack(
        query.message.id, flags, 1, answers, authorities, additionals + (1 if opt else 0)
    )
    return header + body[HEADER.size :] + opt


def _shortened(reply: Reply) -> Reply:
    """As many answers as a small datagram may have, and of the rest one record for each target.

    A choice and no cut: Consul makes it so that its clients spread, and TC would have each of them
    come again over TCP.
    """
    if len(reply.answer) <= reply.udp_answers:
        return reply
    answer = reply.answer[: reply.udp_answers]
    beside: dict[Name, ResourceRecord] = {}
    for record in reply.additional:
        if record.rtype != Type.TXT:
            beside.setdefault(lower(record.owner), record)
    wanted = [lower(record.target or ()) for record in answer if record.rtype == Type.SRV]
    kept: dict[Name, ResourceRecord] = {}
    while wanted:
        found = beside.get(name := wanted.pop(0))
        if found is not None and name not in kept:
            kept[name] = found
            # A target may be an alias, which is of no use alone.
            wanted += [lower(found.target or ())] if found.rtype == Type.CNAME else []
    return replace(reply, answer=answer, additional=tuple(kept.values()))


def _flags(query: Query) -> int:
    return QR | RA | query.message.flags & (RD | CD)


def _opt(query: Query, rcode: int, edns_size: int, options: bytes = b"") -> bytes:
    """Our own OPT if the client sent one: our size, its DO bit (RFC 3225), our options."""
    if query.udp_size is None:
        return b""
    ttl = rcode >> 4 << 24 | (0x8000 if query.dnssec_ok else 0)
    return _OPT.pack(0, Type.OPT, edns_size, ttl, len(options)) + options


@dataclass(frozen=True, slots=True)
class QueryForm:
    """How an upstream is asked.

    ``edns_size``: bytes that it may send in one datagram, None to ask without EDNS. ``options``:
    EDNS options of our own. ``wants_ad``: whether it shall say that it has validated (RFC 6840
    5.7).
    """

    edns_size: int | None = EDNS_SIZE
    options: bytes = b""
    wants_ad: bool = False


def upstream_query(request: Request, query_id: int, form: QueryForm) -> bytes:
    """The query we send on: our id and OPT, the client's question, RD, CD and DO, nothing else.

    RD is the client's: with a question that is not to be recursed for, nobody else is made to
    (RFC 5625 4.1).
    """
    flags = RD if request.recursion else 0
    flags |= (CD if request.checking_disabled else 0) | (AD if form.wants_ad else 0)
    opt = b""
    if form.edns_size is not None:
        do = 0x8000 if request.dnssec_ok else 0
        opt = _OPT.pack(0, Type.OPT, form.edns_size, do, len(form.options)) + form.options
    return HEADER.pack(query_id, flags, 1, 0, 0, 1 if opt else 0) + request.question.wire + opt


def match_reply(packet: bytes, request: Request, query_id: int) -> Reply | None:
    """The reply in a packet if it answers what we asked, else None: then the wait goes on.

    Compared are id, QR, opcode and the whole question; the socket has compared the addresses
    (RFC 5452 9.1). The name's case does not count: Consul gives it back in lower case. A reply to
    our question whose records cannot be read counts as truncated: asking over TCP may mend it.
    """
    if len(packet) < HEADER.size or int.from_bytes(packet[:2], "big") != query_id:
        return None
    flags, questions = _FLAGS_COUNT.unpack_from(packet, 2)
    if not flags & QR or flags & _OPCODE or questions != 1:
        return None
    try:
        message = scan(packet)
        return unpack(message) if message.question.same_as(request.question) else None
    except MalformedMessage:
        return Reply(truncated=True) if _asks(packet, request.question) else None


def _asks(packet: bytes, question: Question) -> bool:
    try:
        return scan_question(packet)[0].same_as(question)
    except MalformedMessage:
        return False
