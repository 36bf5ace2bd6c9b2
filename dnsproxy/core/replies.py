"""Replies as the client wants them: its id, its spelling, its size, and our own OPT.

A reply from elsewhere is never sent as it came: header and OPT are hop by hop (RFC 6891 6.1.1), and
what fitted there may not fit here.
"""

import struct

from dnsproxy.core.gate import EDNS_SIZE, UDP_SIZE_WITHOUT_EDNS, Query, Refusal
from dnsproxy.core.wire import (
    AA,
    AD,
    ADDITIONAL,
    ANSWER,
    AUTHORITY,
    CD,
    HEADER,
    QR,
    RA,
    RD,
    TC,
    Message,
    Rcode,
    Record,
    Type,
    scan,
)
from dnsproxy.errors import MalformedMessage

TCP_MAX = 65535
_OPT = struct.Struct("!BHHIH")


def size_limit(query: Query, *, tcp: bool) -> int:
    """Bytes that may be sent to this client in one reply."""
    if tcp:
        return TCP_MAX
    return min(query.udp_size or UDP_SIZE_WITHOUT_EDNS, EDNS_SIZE)


def refuse(refusal: Refusal) -> bytes:
    """The reply to a packet that the gate refused."""
    if refusal.query is not None:
        return rcode_reply(refusal.query, refusal.rcode)
    packet_id, flags = struct.unpack_from("!HH", refusal.packet)
    # Opcode and RD are given back, all else is ours (RFC 1035 4.1.1).
    flags = QR | (flags & 0x7800) | (flags & RD) | refusal.rcode
    return HEADER.pack(packet_id, flags, 0, 0, 0, 0)


def rcode_reply(query: Query, rcode: Rcode) -> bytes:
    """A reply without records."""
    opt = _opt(query, rcode)
    header = HEADER.pack(query.message.id, _flags(query) | rcode & 0xF, 1, 0, 0, 1 if opt else 0)
    return header + query.question.wire + opt


def relay(query: Query, reply: Message, limit: int, *, authoritative: bool) -> bytes:
    """``reply`` for this client, cut at a record's border to ``limit`` bytes, TC set if it was cut.

    ``authoritative`` says whether to keep AA: what another resolver told us carries none.
    """
    opt = _opt(query, reply.rcode)
    flags = _flags(query) | reply.flags & (0xF | AD | (AA if authoritative else 0))
    keep, end, cut = _fitting(reply, limit - len(opt))
    if cut:
        flags |= TC
    counts = [
        sum(1 for record in keep if record.section == section)
        for section in (ANSWER, AUTHORITY, ADDITIONAL)
    ]
    if opt:
        counts[2] += 1
    header = HEADER.pack(query.message.id, flags, 1, *counts)
    return header + query.question.wire + reply.wire[reply.body : end] + opt


def _fitting(reply: Message, limit: int) -> tuple[list[Record], int, bool]:
    """The records that stay, where they end, and whether an answer or authority record was lost.

    The additional section may be left out silently (RFC 2181 9). Everything from the OPT on goes:
    it stands last in practice, and a record behind it may point over it.
    """
    keep: list[Record] = []
    end = reply.body
    for record in reply.records:
        if record.rtype == Type.OPT or record.end > limit:
            break
        keep.append(record)
        end = record.end
    lost = reply.records[len(keep) :]
    cut = any(record.section <= AUTHORITY and record.rtype != Type.OPT for record in lost)
    if cut:
        while keep and keep[-1].section > ANSWER:
            end = keep.pop().start
    return keep, end, cut or bool(reply.flags & TC)


def _flags(query: Query) -> int:
    return QR | RA | query.message.flags & (RD | CD)


def _opt(query: Query, rcode: int) -> bytes:
    """Our own OPT if the client sent one: our size, its DO bit (RFC 3225), no option."""
    if query.udp_size is None:
        return b""
    ttl = rcode >> 4 << 24 | (0x8000 if query.dnssec_ok else 0)
    return _OPT.pack(0, Type.OPT, EDNS_SIZE, ttl, 0)


def upstream_query(query: Query, query_id: int, edns_size: int) -> bytes:
    """The query we send on: our id and OPT, the client's question, RD, CD and DO, nothing else."""
    flags = query.message.flags & CD | RD
    opt = _OPT.pack(0, Type.OPT, edns_size, 0x8000 if query.dnssec_ok else 0, 0)
    return HEADER.pack(query_id, flags, 1, 0, 0, 1) + query.question.wire + opt


def match_reply(packet: bytes, query: Query, query_id: int) -> Message | None:
    """The reply in a packet if it answers what we asked, else None: then the wait goes on.

    Compared are id, QR, opcode and the whole question; the socket has compared the addresses
    (RFC 5452 9.1). The name's case does not count: Consul gives it back in lower case.
    """
    if len(packet) < HEADER.size or int.from_bytes(packet[:2], "big") != query_id:
        return None
    try:
        reply = scan(packet)
    except MalformedMessage:
        return None
    if not reply.flags & QR or reply.opcode or not reply.question.same_as(query.question):
        return None
    return reply
