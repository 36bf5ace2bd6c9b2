"""A Consul and an upstream that say what a table says, and the real proxy in front of both."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple, Protocol

import dns.flags
import dns.message
import dns.rrset

from tests.commands import Running
from tests.upstream import Script, ScriptedUpstream, question_of, reply_to

# Name (lower case, no dot at the end) -> records of its answer, or an rcode.
Answers = Mapping[str, Sequence[str] | int]

SOA = "consul. 0 SOA ns.consul. hostmaster.consul. 1 3600 600 86400 0"


def says(answers: Answers, *, soa: str = SOA, aa: bool = True) -> Script:
    """A script: what the table has of the type asked for, else a denial with that SOA.

    Beside an SRV record stand the addresses that the table has of its target.
    """

    def script(query: dns.message.Message) -> list[bytes]:
        question = query.question[0]
        found = answers.get(question.name.to_text().lower().rstrip("."), 3)
        if isinstance(found, int):
            message = reply_to(query, rcode=found)
        else:
            wanted = (dns.rdatatype.to_text(question.rdtype), "CNAME")
            message = reply_to(query, *(r for r in found if r.split()[2] in wanted))
        message.additional += [
            dns.rrset.from_text(owner, int(ttl), "IN", qtype, data)
            for owner, ttl, qtype, data in _glue(answers, message)
        ]
        if not message.answer:
            owner, ttl, qtype, data = soa.split(maxsplit=3)
            message.authority.append(dns.rrset.from_text(owner, int(ttl), "IN", qtype, data))
        if aa:
            message.flags |= dns.flags.AA
        return [message.to_wire(max_size=65535)]

    return script


def _glue(answers: Answers, message: dns.message.Message) -> Iterator[list[str]]:
    targets = {
        item.target.to_text().rstrip(".")
        for rrset in message.answer
        if rrset.rdtype == dns.rdatatype.SRV
        for item in rrset
    }
    for target in targets:
        found = answers.get(target, 0)
        for record in () if isinstance(found, int) else found:
            yield record.split(maxsplit=3)


class Scene(NamedTuple):
    """The running parts."""

    proxy: Running
    consul: ScriptedUpstream
    upstream: ScriptedUpstream

    @property
    def port(self) -> int:
        """Where the proxy answers."""
        return self.proxy.port


@contextmanager
def scene(
    consul: Answers, upstream: Answers | None = None, *flags: str, **variables: Any
) -> Iterator[Scene]:
    """The proxy between the two."""
    soa = "example. 900 SOA ns.example. admin.example. 1 2 3 4 60"
    with (
        ScriptedUpstream(says(consul)) as one,
        ScriptedUpstream(says(upstream or {}, soa=soa, aa=False)) as other,
        Running(
            "dnsproxy",
            *("--listen", "127.0.0.1:0", "--http", "off"),
            *("--consul-dns", one.address, "--upstream", other.address, *flags),
            **variables,
        ) as proxy,
    ):
        yield Scene(proxy, one, other)


class Server(Protocol):
    """Somebody to ask."""

    @property
    def address(self) -> str:
        """As ``--upstream`` takes it."""


def forwarder(
    *upstreams: Server, flags: Sequence[str] = (), consul: str = "127.0.0.1:9", **variables: Any
) -> Running:
    """A DNS proxy that asks them in this order, every time; Consul is away if none is given."""
    words = [word for upstream in upstreams for word in ("--upstream", upstream.address)]
    own = ["--listen", "127.0.0.1:0", "--http", "off", "--no-remember", "--consul-dns", consul]
    return Running("dnsproxy", *own, *words, *flags, **variables)


def asked(upstream: ScriptedUpstream, since: int = 0) -> list[str]:
    """What it was asked over UDP since its query of that number, as `name TYPE`.

    Without what was asked only because it was late itself: once more the same, and its zone's SOA,
    which is how the proxy looks whether it answers again.
    """
    queries = upstream.queries[since:]
    again = {id(query) for query in upstream.resent}
    found = [question_of(query) for query, _ in queries if id(query) not in again]
    return [one for one in found if not (again and one == "consul. SOA")]
