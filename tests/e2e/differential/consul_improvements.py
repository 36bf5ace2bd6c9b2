"""What the proxy does other than Consul, on purpose, and the questions that show each of it."""

import ipaddress
import struct
from collections.abc import Iterator
from dataclasses import replace

import dns.message

from tests.e2e.differential import consul_world as world
from tests.e2e.differential.comparing import Exchange, is_below
from tests.e2e.differential.improvements import (
    Improvement,
    empty,
    is_relayed,
    least,
    packets_of_all,
    shorter_denials,
)
from tests.e2e.differential.questions import Question, name, qtype
from tests.e2e.differential.wire import (
    AA,
    CNAME,
    NOERROR,
    NXDOMAIN,
    SOA,
    Labels,
    Message,
    Record,
    read,
    write_name,
)
from tests.upstream import reply_to

_ZONE = name("consul")
_ARPA = name("arpa")
_WEB = name("web.service.consul")
_PTR, _ANY = qtype("PTR"), qtype("ANY")

# What the upstream knows, as in a zone file; all other names do not exist.
UPSTREAM_KNOWS = (
    "www.example.com. 300 A 192.0.2.80",
    "www.example.com. 200 AAAA 2001:db8::80",
    "node.example.com. 100 A 192.0.2.81",
    "9.9.9.9.in-addr.arpa. 400 PTR nine.example.com.",
)


def upstream(query: dns.message.Message) -> list[bytes]:
    """The script of the upstream."""
    asked = query.question[0]
    known = [record.split() for record in UPSTREAM_KNOWS]
    owner = asked.name.to_text().lower()
    found = [
        " ".join(words) for words in known if words[0] == owner and qtype(words[2]) == asked.rdtype
    ]
    exists = any(words[0] == owner for words in known)
    return [reply_to(query, *found, rcode=NOERROR if exists else NXDOMAIN).to_wire()]


def _from_upstream(owner: Labels, number: int) -> Message:
    """What the upstream says to a question."""
    query = Question(owner, number).wire(0)
    return read(upstream(dns.message.from_wire(query))[0])


def _outside(exchange: Exchange, expected: Message) -> Message:
    question = exchange.question
    known = is_below(question.name, _ZONE) or is_below(question.name, _ARPA)
    return expected if known or not is_relayed(exchange) else _relayed(exchange)


def _relayed(exchange: Exchange) -> Message:
    question = exchange.question
    record = least(question)
    if record is not None:
        return replace(empty(exchange, NOERROR), answer=(record,))
    said = _from_upstream(question.name, question.qtype)
    return replace(empty(exchange, said.rcode), answer=said.answer)


def _reverse(exchange: Exchange, expected: Message) -> Message:
    """Consul is asked for the names of private addresses, the upstream for what it cannot say."""
    if not is_reverse(exchange) or consul_knows(exchange):
        return expected
    return _relayed(exchange)


def private_reverse(exchange: Exchange, expected: Message) -> Message:
    if not is_reverse(exchange) or consul_knows(exchange) or _address(exchange).is_global:
        return expected
    name_of = {4: "10.in-addr.arpa", 6: "d.f.ip6.arpa"}
    zone = name(name_of[_address(exchange).version])
    # The SOA that RFC 6303 3 writes down for it; the serial is left out.
    data = write_name(zone) + write_name(name("nobody.invalid"))
    data += struct.pack("!4I", 3600, 1200, 604800, 10800)
    soa = Record(zone, SOA, 1, 10800, data, data)
    denied = empty(exchange, NXDOMAIN)
    return replace(denied, flags=denied.flags | AA, authority=(soa,))


def is_reverse(exchange: Exchange) -> bool:
    return is_relayed(exchange) and is_below(exchange.question.name, _ARPA)


def consul_knows(exchange: Exchange) -> bool:
    """Whether it is asked, and has an answer."""
    return not _address(exchange).is_global and bool(exchange.direct.answer)


def pointer_only(exchange: Exchange, expected: Message) -> Message:
    if not is_reverse(exchange) or exchange.question.qtype in {_PTR, _ANY}:
        return expected
    if not consul_knows(exchange):
        return expected
    return replace(expected, answer=(), authority=(), additional=())


def _address(exchange: Exchange) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    *labels, family, _arpa = [label.decode() for label in exchange.question.name]
    digits = labels[::-1]
    if family.lower() == "ip6":
        return ipaddress.IPv6Address(bytes.fromhex("".join(digits)))
    return ipaddress.IPv4Address(".".join(digits))


def _external(exchange: Exchange, expected: Message) -> Message:
    if not is_relayed(exchange):
        return expected
    targets = {record.data for record in expected.answer if record.rtype == CNAME}
    added: list[Record] = []
    for one in ("www.example.com", "node.example.com"):
        if write_name(name(one)) in targets and exchange.question.qtype in {1, 28}:
            added += _from_upstream(name(one), exchange.question.qtype).answer
    return replace(expected, answer=(*expected.answer, *added))


def _alias(exchange: Exchange, expected: Message) -> Message:
    """Consul puts the A records of a CNAME's target into the answer whatever was asked for."""
    question = exchange.question
    targets = [record.data for record in expected.answer if record.rtype == CNAME]
    if (
        not is_relayed(exchange)
        or targets != [write_name(_WEB)]
        or question.qtype in {_ANY, *map(qtype, ("A", "CNAME", "TXT"))}
    ):
        return expected
    answer = tuple(record for record in expected.answer if record.rtype == CNAME)
    return replace(expected, answer=answer, authority=(world.soa(),), additional=())


CONSUL = (
    Improvement("outside", "names that Consul refuses are the upstream's", _outside),
    Improvement("external", "a CNAME that leaves Consul's zone is followed", _external),
    Improvement("alias", "AAAA of an alias has no A records in its answer", _alias),
    Improvement("reverse", "addresses that Consul does not know have names elsewhere", _reverse),
    Improvement("pointer only", "Consul says PTR to any type; it is NODATA", pointer_only),
    Improvement("negative", "who keeps NXDOMAIN for long misses a start", shorter_denials(5)),
    Improvement("private reverse", "nobody outside can know those (RFC 6303)", private_reverse),
)


def names_of_all() -> list[Labels]:
    """Names that are not in Consul's zone."""
    outside = [name("www.example.com"), name("www.example.net"), name("consul.example.com")]
    return outside + [name(text) for text in world.REVERSE_KNOWN + world.REVERSE_UNKNOWN]


def surely() -> Iterator[Question]:
    """A question for each improvement, whatever the seed."""
    yield from packets_of_all(_WEB)
    for text, number in _TOLD:
        for edns in (None, 1232):
            yield Question(name(text), number, edns=edns)
            yield Question(name(text), number, edns=edns, tcp=True)
    for text in world.REVERSE_KNOWN + world.REVERSE_UNKNOWN:
        yield Question(name(text), _PTR)
        yield Question(name(text), 1)


_TOLD = (
    ("0A000005.ADDR.consul", 1),
    ("WeB.SeRvIcE.CoNsUl", 1),
    ("many.service.consul", 1),
    ("many.service.consul", qtype("SRV")),
    ("nine.service.consul", qtype("SRV")),
    ("talker.node.consul", 1),
    ("ext.service.consul", 1),
    ("ext.service.consul", qtype("AAAA")),
    ("hosted.service.consul", 1),
    ("alias.service.consul", qtype("AAAA")),
    ("nope.service.consul", 1),
    ("www.example.com", 1),
    ("www.example.com", qtype("MX")),
)
