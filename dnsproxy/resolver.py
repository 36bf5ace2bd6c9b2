"""A request -> its answer: the zone it lies in says who is asked, CNAMEs may lead to another."""

import functools
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

from dnsproxy.core.chains import HOPS, is_complete, joined, targets
from dnsproxy.core.edns import ExtendedError, InfoCode
from dnsproxy.core.exchange import Source
from dnsproxy.core.mnemonics import type_text
from dnsproxy.core.names import ROOT, Name, lower, to_text
from dnsproxy.core.records import Reply
from dnsproxy.core.request import Request
from dnsproxy.core.reverse import address_of
from dnsproxy.core.seldom import Seldom
from dnsproxy.core.wire import Question, Rcode, Type
from dnsproxy.core.zones import ZoneTable
from dnsproxy.edges.upstreams import DEADLINE_S
from dnsproxy.errors import FailedBefore, NoRoom, UpstreamFailed
from dnsproxy.forwarding import Found
from dnsproxy.rebinding import RebindGuard

log = logging.getLogger("dnsproxy")


class Zone(Protocol):
    """Where the names of a zone are answered.

    ``completes``: who answers follows CNAMEs itself, as a recursive resolver does.
    """

    @property
    def name(self) -> str:
        """The zone's name as text."""

    @property
    def completes(self) -> bool:
        """See above."""

    def recall(self, request: Request) -> Found | None:
        """The answer if it needs no waiting."""

    def last(self, request: Request) -> Found | None:
        """The same, else the last good answer, for who cannot wait."""

    def ask(self, request: Request, deadline: float) -> Found:
        """The answer; may wait until the deadline (monotonic). Raises UpstreamFailed."""


class OptionalZone(Protocol):
    """A zone that may have nothing to say, and then others are asked."""

    def recall(self, request: Request) -> Found | None:
        """An answer that needs no waiting."""

    def last(self, request: Request) -> Found | None:
        """The same, else the last good one."""

    def ask(self, request: Request, deadline: float) -> Found | None:
        """An answer, or None."""


@dataclass(frozen=True, slots=True)
class LocalZone:
    """A zone whose answers are made here by rule.

    ``delegated`` is its apex if DS there is to be asked of who answers above it.
    """

    name: str
    source: Source
    answer: Callable[[Question], Reply]
    completes: bool = False
    delegated: Name | None = None

    def recall(self, request: Request) -> Found:
        """The answer; never waits."""
        return Found(self.answer(request.question), self.source, self.name)

    def last(self, request: Request) -> Found:
        """The same."""
        return self.recall(request)

    def ask(self, request: Request, deadline: float) -> Found:
        """The same."""
        return self.recall(request)


@dataclass(frozen=True, slots=True)
class Routes:
    """Who answers what: host names first, then the longest zone; reverse names by Consul before.

    ``guard``: what names outside every zone may not be said to have.
    """

    zones: ZoneTable[Zone]
    hosts: Callable[[Question], Reply | None] = lambda question: None
    reverse: ZoneTable[OptionalZone] | None = None
    guard: RebindGuard | None = None

    def zone(self, question: Question) -> Zone | None:
        """The zone that a question belongs to."""
        zone = self.zones.find(question.key)
        is_ds = question.qtype == Type.DS
        if is_ds and isinstance(zone, LocalZone) and zone.delegated == question.key:
            return self.zones.find(question.key[1:]) or zone
        return zone

    def guarded(self, request: Request, found: Found) -> Found:
        """The answer to a client as the guard lets it pass, wherever its CNAMEs have led.

        A name from outside that leads into a zone of ours is one more way in: to a browser its
        address belongs to the page from outside. What hosts entries say is ours.
        """
        if self.guard is None or found.source is Source.HOSTS or not found.reply.answer:
            return found
        if self.zones.find(request.question.key) is not self.zones.find(ROOT):
            return found
        return replace(found, reply=self.guard.guarded(request.question, found.reply))

    def host(self, request: Request) -> Found | None:
        """What the hosts entries say."""
        reply = self.hosts(request.question)
        return Found(reply, Source.HOSTS, "hosts") if reply is not None else None

    def reverse_zone(self, request: Request) -> OptionalZone | None:
        """Who may know a reverse name beside the zone that it lies in."""
        if self.reverse is None or request.returned:
            return None
        zone = self.reverse.find(request.question.key)
        whole = zone is not None and address_of(request.question.key) is not None
        return zone if whole else None


# The address of a client -> what it sees.
View = Callable[[str], Routes]
# Asks the zone that a request lies in, or only memories; None where that would have to wait.
Get = Callable[[Request], Found | None]
_NO_ZONE = ExtendedError(InfoCode.OTHER, "nobody to ask for this name")
_REFUSED = Found(Reply(int(Rcode.REFUSED), why=(_NO_ZONE,)), Source.GATE, "")
_SHED = ExtendedError(InfoCode.OTHER, "too many queries wait")


class Resolver:
    """Answers requests by zone; what lies in no zone goes nowhere and is refused."""

    def __init__(self, view: View) -> None:
        self.view = view
        self._failures = Seldom()

    def recall(self, request: Request) -> Found | None:
        """The answer if nobody needs to be asked for it."""
        return self._at_once(request, self._known)

    def resolve(self, request: Request) -> Found:
        """The answer, always: SERVFAIL when nobody gave one. Waits until the deadline at most."""
        deadline = time.monotonic() + DEADLINE_S
        try:
            found = self._completed(request, lambda asked: self._ask(asked, deadline))
        except UpstreamFailed as error:
            self._tell(f"no answer for {to_text(request.question.name)}: {error}")
            return _servfail(error)
        assert found is not None
        return self.view(request.client).guarded(request, found)

    def shed(self, request: Request) -> Found:
        """What can be said without waiting: the last good answer, else SERVFAIL.

        Then the client asks its next server, and we are not buried.
        """
        found = self._at_once(request, functools.partial(self._known, last=True))
        if found is not None:
            return found
        name = to_text(request.question.name)
        self._tell(f"too many queries wait for upstreams; {name} given up")
        return Found(Reply(int(Rcode.SERVFAIL), why=(_SHED,)), Source.NOBODY, "")

    def _at_once(self, request: Request, get: Get) -> Found | None:
        try:
            found = self._completed(request, get)
        except UpstreamFailed:
            return None
        return None if found is None else self.view(request.client).guarded(request, found)

    def _known(self, request: Request, *, last: bool = False) -> Found | None:
        """What is known without asking; ``last``: what was known last will do."""
        routes = self.view(request.client)
        found = routes.host(request)
        if found is not None:
            return found
        # Whether Consul knows a reverse name now, only Consul can say.
        zone = routes.reverse_zone(request) or routes.zone(request.question)
        if zone is None:
            return _REFUSED
        return zone.last(request) if last else zone.recall(request)

    def _ask(self, request: Request, deadline: float) -> Found:
        routes = self.view(request.client)
        found = routes.host(request)
        reverse = routes.reverse_zone(request)
        if found is None and reverse is not None:
            _note_zone(request, "what Consul knows of addresses")
            found = reverse.ask(request, deadline)
        if found is not None:
            return found
        zone = routes.zone(request.question)
        _note_zone(request, zone.name if zone is not None else "none")
        if zone is None:
            return _REFUSED
        try:
            return zone.ask(request, deadline)
        except UpstreamFailed as error:
            raise type(error)(f"{zone.name}: {error}", zone=zone.name) from error

    def _completed(self, request: Request, get: Get, hops: int = HOPS) -> Found | None:
        """The answer of the request's own zone, its CNAME followed where that leads elsewhere."""
        found = get(request)
        if found is None or found.reply.rcode not in {Rcode.NOERROR, Rcode.NXDOMAIN}:
            return found
        end = self._left_open(request, found.reply)
        if end is None or not hops:
            return found
        try:
            # Whatever the client wants of its own name's servers: we look the others up for it.
            further = replace(request.about(end), recursion=True)
            rest = self._completed(further, get, hops - 1)
        except UpstreamFailed:
            if is_complete(request.question, found.reply):
                # Consul's own recursors have said something.
                return found
            raise
        if rest is None:
            return None
        reply = joined(request.question, found.reply, end, rest.reply)
        return replace(found, reply=reply, lease=None)

    def _left_open(self, request: Request, reply: Reply) -> Name | None:
        """The first name of the answer's chain that has still to be asked for; None if none has.

        What lies in another zone of ours is asked there, whatever was said of it: only that zone's
        servers know (RFC 5452 6).
        """
        chain = targets(request.question, reply)
        if not chain:
            return None
        routes = self.view(request.client)
        here = routes.zone(request.question)
        for target in chain:
            there = routes.zones.find(lower(target))
            if there is not None and there is not here:
                return target
        open_end = here is not None and not here.completes
        return chain[-1] if open_end and not is_complete(request.question, reply) else None

    def _tell(self, failure: str) -> None:
        """Log a failure now, then only how many there were."""
        if count := self._failures.due(time.monotonic()):
            more = f" ({count - 1} more before)" if count > 1 else ""
            log.warning("%s%s", failure, more)


def _note_zone(request: Request, zone: str) -> None:
    if request.trace is not None:
        asked = request.question
        request.trace.note("zone", name=to_text(asked.name), type=type_text(asked.qtype), zone=zone)


def _servfail(error: UpstreamFailed) -> Found:
    code = InfoCode.OTHER if isinstance(error, NoRoom) else InfoCode.NO_REACHABLE_AUTHORITY
    why: tuple[ExtendedError, ...] = (ExtendedError(code, str(error)),)
    if isinstance(error, FailedBefore):
        why = (ExtendedError(InfoCode.CACHED_ERROR), *why)
    return Found(Reply(int(Rcode.SERVFAIL), why=why), Source.NOBODY, error.zone)
