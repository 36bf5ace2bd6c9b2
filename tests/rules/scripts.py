"""Upstreams that say one thing and then another, and the proxy in front of one."""

import itertools
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import dns.edns
import dns.message
import dns.rrset

from tests.commands import Running
from tests.upstream import Script, ScriptedUpstream, reply_to

STALE = dns.edns.EDECode.STALE_ANSWER
SHORT = "www.example. 1 A 192.0.2.1"


@contextmanager
def in_front_of(script: Script, **variables: Any) -> Iterator[tuple[int, ScriptedUpstream]]:
    """The port of a proxy whose upstream follows a script."""
    with (
        ScriptedUpstream(script) as upstream,
        Running(
            *("dnsproxy", "--listen", "127.0.0.1:0", "--http", "off"),
            *("--upstream", upstream.address, "--consul-dns", "127.0.0.1:9"),
            **variables,
        ) as proxy,
    ):
        yield proxy.port, upstream


def errors(reply: dns.message.Message) -> list[int]:
    """The codes of its extended errors."""
    return [int(o.code) for o in reply.options if isinstance(o, dns.edns.EDEOption)]


def once(*records: str, then: Script) -> Script:
    """A script that says these records once, and then follows another."""
    return once_by(lambda query: [reply_to(query, *records).to_wire()], then)


def once_by(first: Script, then: Script) -> Script:
    """A script that follows one once, and then another."""
    scripts = itertools.chain([first], itertools.repeat(then))

    def script(query: dns.message.Message) -> Sequence[bytes]:
        return next(scripts)(query)

    return script


def silence(query: dns.message.Message) -> Sequence[bytes]:
    """No answer."""
    return []


def refusal(query: dns.message.Message) -> Sequence[bytes]:
    """SERVFAIL."""
    return [reply_to(query, rcode=2).to_wire()]


def sections(
    answer: tuple[str, ...], authority: tuple[str, ...] = (), additional: tuple[str, ...] = ()
) -> Script:
    """An upstream that says these records to every question."""

    def script(query: dns.message.Message) -> list[bytes]:
        message = reply_to(query)
        message.answer = [rrset(record) for record in answer]
        message.authority = [rrset(record) for record in authority]
        message.additional = [rrset(record) for record in additional]
        return [message.to_wire()]

    return script


def rrset(record: str) -> dns.rrset.RRset:
    """A record as in a zone file."""
    owner, ttl, qtype, data = record.split(maxsplit=3)
    return dns.rrset.from_text(owner, int(ttl), "IN", qtype, data)
