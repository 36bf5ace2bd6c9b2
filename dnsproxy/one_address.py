"""A zone whose services are answered with one address, drawn anew for each answer."""

import random
from collections.abc import Callable
from dataclasses import replace
from time import monotonic

from dnsproxy.core.choice import Instances, instances, uniform, weighted
from dnsproxy.core.consul import has_instances
from dnsproxy.core.exchange import Source
from dnsproxy.core.names import Name
from dnsproxy.core.request import Request
from dnsproxy.core.wire import Type
from dnsproxy.errors import UpstreamFailed
from dnsproxy.forwarding import Found
from dnsproxy.resolver import Zone

_FAMILIES = {Type.A, Type.AAAA}


class OneAddressZone:
    """Consul's names below the canonical ``suffix``, answered by ``zone``.

    For the addresses of a service its SRV records are asked: they have the weights, and they are
    what is remembered. Where these do not tell all addresses, the question itself is asked too.
    """

    def __init__(self, suffix: Name, zone: Zone) -> None:
        self.name = zone.name
        self.completes = zone.completes
        self._suffix = suffix
        self._zone = zone

    def recall(self, request: Request) -> Found | None:
        """What needs no waiting."""
        return self._at_once(request, self._zone.recall)

    def last(self, request: Request) -> Found | None:
        """The same, else the last good answer."""
        return self._at_once(request, self._zone.last)

    def ask(self, request: Request, deadline: float) -> Found:
        """The answer; waits. Raises :class:`~dnsproxy.errors.UpstreamFailed`."""
        if not self._is_for_one(request):
            return self._zone.ask(request, deadline)
        found = self._zone.ask(_for_srv(request), deadline)
        known = self._instances(found, request)
        if known.is_whole:
            return _weighted(found, known, request)
        if found.source is Source.STALE:
            # Who has just kept us waiting in vain is not waited for a second time: one that asks
            # through us would take us for broken. Only the last good answer remains.
            deadline = monotonic()
        try:
            plain = self._zone.ask(request, deadline)
        except UpstreamFailed:
            if not known.shown:
                raise
            return _weighted(found, known, request)
        return _joined(found, known, plain, request)

    def _at_once(self, request: Request, get: Callable[[Request], Found | None]) -> Found | None:
        if not self._is_for_one(request):
            return get(request)
        found = get(_for_srv(request))
        if found is None:
            return None
        known = self._instances(found, request)
        if known.is_whole:
            return _weighted(found, known, request)
        plain = get(request)
        return _joined(found, known, plain, request) if plain is not None else None

    def _is_for_one(self, request: Request) -> bool:
        question = request.question
        labels = question.key[: len(question.key) - len(self._suffix)]
        return question.qtype in _FAMILIES and has_instances(labels)

    def _instances(self, found: Found, request: Request) -> Instances:
        return instances(found.reply, request.question.qtype, self._suffix)


def _for_srv(request: Request) -> Request:
    return request.about(request.question.name, Type.SRV)


def _weighted(found: Found, known: Instances, request: Request) -> Found:
    reply = weighted(known, request.question, random.randrange)
    return replace(found, reply=reply, lease=None)


def _joined(found: Found, known: Instances, plain: Found, request: Request) -> Found:
    """One address out of both answers, out of the second alone if the first shows none."""
    question = request.question
    if known.shown:
        reply = weighted(known, question, random.randrange, plain.reply)
        return replace(found, reply=reply, lease=None)
    reply = uniform(plain.reply, question.qtype, random.randrange)
    return replace(plain, reply=reply, lease=None)
