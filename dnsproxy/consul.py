"""The zone that Consul answers, under its own domain or another, and what Consul leaves undone.

Also the reverse zones that Consul may know something of.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from time import time

from dnsproxy.core.consul import (
    datacenter,
    in_datacenter,
    is_empty_non_terminal,
    moved,
    nodata,
    renamed,
)
from dnsproxy.core.embedded import soa
from dnsproxy.core.exchange import Source
from dnsproxy.core.names import Name
from dnsproxy.core.records import Reply
from dnsproxy.core.request import Request
from dnsproxy.core.wire import Rcode
from dnsproxy.errors import UpstreamFailed
from dnsproxy.forwarding import ForwardZone, Found

# Asks a zone, or only its memory; None where that would have to wait.
Get = Callable[[Request], Found | None]


@dataclass(frozen=True, slots=True)
class ConsulOptions:
    """``domain`` is Consul's own; ``datacenters`` are searched in this order for what is unknown.

    ``known`` gives the datacenters there are, empty while nobody knows. ``empty_names``: names
    without records and with names below are NODATA, not Consul's NXDOMAIN.
    """

    domain: Name = (b"consul",)
    datacenters: Sequence[bytes] = ()
    empty_names: bool = False
    known: Callable[[], frozenset[bytes]] = frozenset


class ConsulZone:
    """Names below ``suffix``: the domain that the agents have, or one that stands for it."""

    def __init__(self, suffix: Name, zone: ForwardZone, options: ConsulOptions) -> None:
        self.name = zone.name
        self.completes = False
        self._suffix = suffix
        self._zone = zone
        self._options = options

    def recall(self, request: Request) -> Found | None:
        """What is remembered, or needs nobody; no waiting."""
        return self._answer(request, self._zone.recall)

    def ask(self, request: Request, deadline: float) -> Found:
        """The answer; waits. Raises :class:`UpstreamFailed`."""
        found = self._answer(request, lambda inner: self._zone.ask(inner, deadline))
        assert found is not None
        return found

    def _answer(self, request: Request, get: Get) -> Found | None:
        name = request.question.name[: len(request.question.name) - len(self._suffix)]
        labels = request.question.key[: len(name)]
        if self._is_unknown(labels):
            return Found(self._denial(), Source.SPECIAL, self.name)
        own = (*name, *self._options.domain)
        found = get(request if self._is_own else request.about(own))
        if found is not None and found.reply.rcode == Rcode.NXDOMAIN:
            found = self._searched(request, own, get, found)
        if found is None:
            return None
        return replace(found, reply=self._as_asked(found.reply, labels))

    def _searched(self, request: Request, own: Name, get: Get, denied: Found) -> Found | None:
        """What the other datacenters say; the denial if none has the name."""
        for other in self._options.datacenters:
            place = in_datacenter(own[: len(own) - len(self._options.domain)], other)
            if place is None:
                return denied
            there = (*place, *self._options.domain)
            found = get(request.about(there))
            if found is None:
                return None
            if found.reply.rcode == Rcode.NOERROR:
                return replace(found, reply=renamed(found.reply, there, own))
        return denied

    def _as_asked(self, reply: Reply, labels: Name) -> Reply:
        if reply.rcode == Rcode.NXDOMAIN and self._options.empty_names:
            reply = nodata(reply) if is_empty_non_terminal(labels) else reply
        return reply if self._is_own else moved(reply, self._options.domain, self._suffix)

    @property
    def _is_own(self) -> bool:
        return self._suffix == self._options.domain

    def _is_unknown(self, labels: Name) -> bool:
        """Whether the name is in a datacenter that there is not: Consul would ask all over."""
        named = datacenter(labels)
        known = self._options.known()
        return named is not None and bool(known) and named not in known

    def _denial(self) -> Reply:
        denial = Reply(int(Rcode.NXDOMAIN), authority=(soa(time()),), authoritative=True)
        return moved(denial, (b"consul",), self._suffix)


class ReverseZone:
    """Reverse names that Consul may know: it is asked first, then who would be without it.

    What Consul does not know it denies in several ways (NXDOMAIN, on 1.8 SERVFAIL): none of them
    is the last word, because it takes all of arpa for its own (consul#6462).
    """

    def __init__(self, consul: ForwardZone) -> None:
        self.name = consul.name
        self._consul = consul

    def recall(self, request: Request) -> Found | None:
        """What is remembered of Consul's answers."""
        found = self._consul.recall(request)
        return found if found is not None and found.reply.answer else None

    def ask(self, request: Request, deadline: float) -> Found | None:
        """Consul's answer if it has one; waits."""
        try:
            found = self._consul.ask(request, deadline)
        except UpstreamFailed:
            return None
        return found if found.reply.answer else None
