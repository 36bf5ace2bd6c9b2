"""The zone that Consul answers, under its own domain or another, and what Consul leaves undone.

Also the reverse zones that Consul may know something of.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from time import time
from typing import Protocol

from dnsproxy.core.consul import (
    Delegated,
    as_delegated,
    datacenter,
    in_datacenter,
    moved,
    pointed,
    renamed,
    without_empty_names,
)
from dnsproxy.core.embedded import soa
from dnsproxy.core.exchange import Source
from dnsproxy.core.names import Name, to_text
from dnsproxy.core.records import Reply
from dnsproxy.core.request import Request
from dnsproxy.core.wire import Rcode, Type
from dnsproxy.errors import UpstreamFailed
from dnsproxy.forwarding import ForwardZone, Found

log = logging.getLogger("dnsproxy")

_EVERYWHERE = {Type.SOA, Type.NS}

# Asks a zone, or only its memory; None where that would have to wait.
Get = Callable[[Request], Found | None]
# The name of a datacenter, in lower case -> whether there may be one; None as above.
Exists = Callable[[bytes], bool | None]


class Existing(Protocol):
    """Which datacenters there are."""

    def recall(self, label: bytes) -> bool | None:
        """Whether there may be one of that name; None if that has to be asked for."""

    def ask(self, label: bytes, deadline: float) -> bool:
        """The same; may wait until the deadline (monotonic)."""


class Unlisted:
    """Nobody tells which datacenters there are: whatever is named may be one."""

    def recall(self, label: bytes) -> bool:
        """Yes."""
        return True

    def ask(self, label: bytes, deadline: float) -> bool:
        """Yes."""
        return True


@dataclass(frozen=True, slots=True)
class ConsulOptions:
    """``domain`` is Consul's own; ``datacenters`` are searched in this order for what is unknown.

    ``existing`` tells which there are. ``empty_names``: names without records and with names below
    are NODATA, not Consul's NXDOMAIN. ``delegated`` are the names, in this domain or one that
    stands for it, whose denials have an SOA of their own.
    """

    domain: Name = (b"consul",)
    datacenters: Sequence[bytes] = ()
    empty_names: bool = False
    existing: Existing = field(default_factory=Unlisted)
    delegated: Delegated = field(default_factory=lambda: Delegated(()))


class ConsulZone:
    """Names below ``suffix``: the domain that the agents have, or one that stands for it."""

    def __init__(self, suffix: Name, zone: ForwardZone, options: ConsulOptions) -> None:
        self.name = zone.name
        self.completes = False
        self._suffix = suffix
        self._zone = zone
        self._options = options
        self._has_told = False

    def recall(self, request: Request) -> Found | None:
        """What is remembered, or needs nobody; no waiting."""
        return self._told(request, self._zone.recall, self._options.existing.recall)

    def last(self, request: Request) -> Found | None:
        """The same, else the last good answer."""
        return self._told(request, self._zone.last, self._options.existing.recall)

    def ask(self, request: Request, deadline: float) -> Found:
        """The answer; waits. Raises :class:`UpstreamFailed`."""
        found = self._told(
            request,
            lambda inner: self._zone.ask(inner, deadline),
            lambda label: self._options.existing.ask(label, deadline),
        )
        assert found is not None
        return found

    def _told(self, request: Request, get: Get, exists: Exists) -> Found | None:
        """The answer as the server hears it that forwards the name to us."""
        found = self._answer(request, get, exists)
        if found is None:
            return None
        reply = as_delegated(found.reply, request.question.key, self._options.delegated)
        return found.saying(reply)

    def _answer(self, request: Request, get: Get, exists: Exists) -> Found | None:
        if request.returned:
            return self._refuse(request)
        name = request.question.name[: len(request.question.name) - len(self._suffix)]
        labels = request.question.key[: len(name)]
        there = _is_there(request.question.qtype, labels, exists)
        if not there:
            return None if there is None else Found(self._denial(), Source.SPECIAL, self.name)
        # Consul gives some owners the spelling that the question's domain has.
        own = request.question.name if self._is_own else (*name, *self._options.domain)
        found = get(_about(request, own))
        if found is not None and found.reply.rcode == Rcode.NXDOMAIN:
            found = self._searched(request, own, get, found)
        if found is None:
            return None
        return found.saying(self._as_asked(found.reply, labels))

    def _searched(self, request: Request, own: Name, get: Get, denied: Found) -> Found | None:
        """What the other datacenters say; the denial if none has the name."""
        for other in self._options.datacenters:
            place = in_datacenter(own[: len(own) - len(self._options.domain)], other)
            if place is None:
                return denied
            there = (*place, *self._options.domain)
            found = get(_about(request, there))
            if found is None:
                return None
            if found.reply.rcode == Rcode.NOERROR:
                return replace(found, reply=renamed(found.reply, there, own), lease=None)
            denied = replace(denied, lease=None)
        return denied

    def _as_asked(self, reply: Reply, labels: Name) -> Reply:
        if self._options.empty_names:
            reply = without_empty_names(reply, labels)
        return reply if self._is_own else moved(reply, self._options.domain, self._suffix)

    def _refuse(self, request: Request) -> Found:
        """Consul asks us what we asked it: it would go round until both give up (consul#6183)."""
        if not self._has_told:
            self._has_told = True
            log.warning(
                "Consul at %s does not hold %s: it sent our question for %s on, and it came back; "
                "set dns.domain to the `domain` of its configuration",
                ", ".join(map(str, self._zone.group.servers)),
                self.name,
                to_text(request.question.name),
            )
        return Found(Reply(int(Rcode.REFUSED)), Source.GATE, self.name)

    @property
    def _is_own(self) -> bool:
        return self._suffix == self._options.domain

    def _denial(self) -> Reply:
        denial = Reply(int(Rcode.NXDOMAIN), authority=(soa(time()),), authoritative=True)
        return moved(denial, (b"consul",), self._suffix)


def _is_there(qtype: int, labels: Name, exists: Exists) -> bool | None:
    """Whether the name may exist as far as its datacenter goes; None where that is to be asked for.

    Consul gives its SOA and NS for every name.
    """
    named = None if qtype in _EVERYWHERE else datacenter(labels)
    return True if named is None else exists(named)


def _about(request: Request, name: Name) -> Request:
    """The request as Consul is asked, to which RD makes no difference.

    With recursors it hands every DS question to them, its own names' too. Nothing of its zone is
    signed, so that what it says of another such type is what there is to say of DS.
    """
    qtype = request.question.qtype
    return _recursing(request.about(name, Type.DNSKEY if qtype == Type.DS else qtype))


def _recursing(request: Request) -> Request:
    return request if request.recursion else replace(request, recursion=True)


class ReverseZone:
    """Reverse names that Consul may know: it is asked first, then who would be without it.

    What Consul does not know it denies in several ways (NXDOMAIN, on 1.8 SERVFAIL): none of them
    is the last word, because it takes all of arpa for its own (consul#6462). It gives the pointer
    for whatever type is asked for; a name with a pointer and no record of the type is NODATA.
    """

    def __init__(self, consul: ForwardZone) -> None:
        self.name = consul.name
        self._consul = consul

    def recall(self, request: Request) -> Found | None:
        """What is remembered of Consul's answers."""
        return _pointed(request, self._consul.recall(_pointer(request)))

    def last(self, request: Request) -> Found | None:
        """The same, else the last good answer."""
        return _pointed(request, self._consul.last(_pointer(request)))

    def ask(self, request: Request, deadline: float) -> Found | None:
        """Consul's answer if it has one; waits."""
        try:
            return _pointed(request, self._consul.ask(_pointer(request), deadline))
        except UpstreamFailed:
            return None


def _pointer(request: Request) -> Request:
    return _recursing(request.about(request.question.name, Type.PTR))


def _pointed(request: Request, found: Found | None) -> Found | None:
    """What a pointer says to a question of any type; None without one."""
    if found is None or not found.reply.answer:
        return None
    return found.saying(pointed(found.reply, request.question.qtype))
