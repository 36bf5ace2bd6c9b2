"""The first inputs of each target, from real packets: `python -m tests.fuzz.seeds` writes them.

What the fuzzer has found since lies beside them in the corpus, and stays.
"""

import hashlib
import struct
from collections.abc import Iterator
from pathlib import Path

import dns.edns
import dns.message
import dns.rrset

from dnsproxy.core.netlink import list_request
from tests.fuzz.odd_packets import EDNS, ODD, PLAIN
from tests.fuzz.targets import TARGETS

CORPUS = Path(__file__).parent / "corpus"
_NAMES = ("web.example", "_web._tcp.service.consul", r"a\.b\000\255.example", ".", "WeB.Consul")
# What Consul says: an address, a service with its target's address, a denial, a node's metadata.
_REPLIES: tuple[tuple[str, str, tuple[str, ...], tuple[str, ...], tuple[str, ...]], ...] = (
    ("web.service.consul", "A", ("web.service.consul. 0 A 10.0.0.1",) * 2, (), ()),
    (
        "web.service.consul",
        "SRV",
        ("web.service.consul. 0 SRV 1 1 80 Node1.node.dc1.consul.",),
        (),
        ("Node1.node.dc1.consul. 0 A 10.0.0.1", 'Node1.node.dc1.consul. 0 TXT "consul-x="'),
    ),
    (
        "no.service.consul",
        "A",
        (),
        ("consul. 0 SOA ns.consul. hostmaster.consul. 1 3600 600 86400 0",),
        (),
    ),
    (
        "www.example",
        "AAAA",
        ("www.example. 60 CNAME a.www.example.", "a.www.example. 60 AAAA 2001:db8::1"),
        ("example. 60 NS ns.example.",),
        ("ns.example. 60 A 192.0.2.1",),
    ),
    ("mail.example", "MX", ("mail.example. 60 MX 10 mx.example.",), (), ()),
    (
        "sip.example",
        "NAPTR",
        ('sip.example. 60 NAPTR 1 2 "u" "E2U+sip" "!^.*$!sip:a@b!" t.example.',),
        (),
        (),
    ),
    ("1.2.0.192.in-addr.arpa", "PTR", ("1.2.0.192.in-addr.arpa. 60 PTR web.example.",), (), ()),
    ("odd.example", "TYPE65280", (r"odd.example. 60 TYPE65280 \# 3 010203",), (), ()),
)


def seeds(target: str) -> Iterator[bytes]:
    """The inputs of a target."""
    if target == "gate":
        yield from queries()
    elif target in {"message", "packing", "match"}:
        yield from (*replies(), *queries())
    elif target == "names":
        yield from (
            struct.pack("!H", at) + wire for wire in replies() for at in (12, len(wire) // 2)
        )
        yield b"\0\x0f" + b"\0" * 12 + b"\1a\0\1b\xc0\x0c"
    elif target == "options":
        yield from (
            EDNS[-11:],
            b"\0\x0a\0\x08cookies!",
            b"\0\x08\0\7\0\1\x18\0\xc0\0\2",
            b"\0\x0b\0\0",
        )
    elif target == "netlink":
        yield from _netlink_messages()
    elif target == "hosts":
        yield from _hosts_files()
    elif target == "stream":
        yield from _streams()


def queries() -> Iterator[bytes]:
    """What dig and stub resolvers ask, and all odd packets of the reference."""
    for name in _NAMES:
        for qtype in ("A", "SRV", "ANY"):
            yield dns.message.make_query(name, qtype, id=0x1234).to_wire()
    cookie = dns.edns.GenericOption(dns.edns.OptionType.COOKIE, b"12345678")
    yield dns.message.make_query("web.example", "A", id=1, use_edns=0, options=[cookie]).to_wire()
    yield dns.message.make_query("web.example", "A", id=1, want_dnssec=True).to_wire()
    yield from ODD.values()


def replies() -> Iterator[bytes]:
    """Replies of Consul and of others, with and without EDNS."""
    for name, qtype, *sections in _REPLIES:
        for edns in (False, 0):
            asked = dns.message.make_query(name, qtype, id=0x1234, use_edns=edns)
            reply = dns.message.make_response(asked)
            for section, records in zip(
                (reply.answer, reply.authority, reply.additional), sections, strict=True
            ):
                section += [_rrset(record) for record in records]
            yield reply.to_wire()


def _rrset(record: str) -> dns.rrset.RRset:
    owner, ttl, qtype, data = record.split(maxsplit=3)
    return dns.rrset.from_text(owner, int(ttl), "IN", qtype, data)


def _netlink_messages() -> Iterator[bytes]:
    def message(kind: int, body: bytes) -> bytes:
        return struct.pack("=IHHII", 16 + len(body), kind, 2, 1, 0) + body

    four = struct.pack("=BBBBI", 2, 24, 0, 0, 2) + struct.pack("=HH", 8, 2) + bytes([10, 0, 0, 1])
    six = struct.pack("=BBBBI", 10, 64, 0, 253, 2) + struct.pack("=HH", 20, 1)
    six += b"\xfe\x80" + bytes(14)
    done = message(3, bytes(4))
    yield from (list_request(4), list_request(6), done, message(2, struct.pack("=i", -13)))
    yield message(20, four) + done
    yield message(20, six) + message(20, four) + done
    yield message(20, four)[:-1]


def _hosts_files() -> Iterator[bytes]:
    yield b"127.0.0.1 localhost\n::1 localhost ip6-localhost # loopback\n\n10.0.0.9\tprinter.lan P"
    yield b"0.0.0.0 ads.example\nfe80::1%eth0 router\n10.0.0.1 10.0.0.2\n*.x\n10.0.0.1 *"
    yield "10.0.0.1 b\u00fccher.example xn--bcher-kva.example a_b.c. a..b".encode()


def _streams() -> Iterator[bytes]:
    framed = b"".join(struct.pack("!H", len(wire)) + wire for wire in (PLAIN, EDNS, b""))
    yield from (b"\0" + framed, b"\x05\1\1\1\2\3" + framed, b"\x02\x14\x01" + framed[:-40])


def write(target: str, data: bytes) -> None:
    """Keep one input of a target in the repository."""
    folder = CORPUS / target
    folder.mkdir(parents=True, exist_ok=True)
    name = hashlib.sha256(data).hexdigest()[:16]
    (folder / name).write_bytes(data)


def main() -> None:
    """Write all."""
    for target in TARGETS:
        for data in seeds(target):
            write(target, data)


if __name__ == "__main__":
    main()
