"""A zone whose names are asked of upstream servers: its memory, and one question at a time.

Those who ask the same while the question is out wait for its one answer: an upstream is not asked
twice at once, and a forger has one question to guess for (RFC 5452 5).
"""

import logging
import random
from dataclasses import dataclass, field, replace
from time import monotonic

import gevent
from gevent.event import AsyncResult

from dnsproxy.core.exchange import Source
from dnsproxy.core.memory import Memory, TtlPolicy, rotated, settled
from dnsproxy.core.records import Reply
from dnsproxy.core.request import Key, Request
from dnsproxy.core.wire import Rcode
from dnsproxy.edges.upstreams import UpstreamGroup
from dnsproxy.errors import UpstreamFailed

log = logging.getLogger("dnsproxy")

# Errors beyond this live in an OPT, which is between us and the upstream (RFC 6891 6.1.3).
_RCODE_IN_HEADER = 15
# Consul released false denials at the moment its server came back (seen on 1.8.7 after kill -9).
_DOUBT_S = 10.0
_DOUBT_PAUSE_S = 0.3


@dataclass(frozen=True, slots=True)
class Found:
    """A reply, where it came from, and whom it was asked of."""

    reply: Reply
    source: Source
    zone: str
    server: str = ""


@dataclass(frozen=True, slots=True)
class ZonePolicy:
    """How a zone's answers are treated.

    ``memory`` is None where nothing is remembered. ``authoritative``: AA is passed on.
    ``trusts_ad``: AD is passed on, the way to the upstream being safe (RFC 6840 5.9).
    ``doubts_denials``: a denial right after an outage is asked for again.
    """

    ttls: TtlPolicy = field(default_factory=TtlPolicy)
    remembers: bool = True
    authoritative: bool = False
    trusts_ad: bool = False
    doubts_denials: bool = False


class ForwardZone:
    """Asks one group of upstreams."""

    def __init__(self, name: str, group: UpstreamGroup, policy: ZonePolicy, memory: Memory) -> None:
        self.name = name
        self.completes = True
        self.group = group
        self._policy = policy
        self._memory = memory
        self._asked: dict[Key, AsyncResult[Found]] = {}
        self._in_doubt_until = 0.0

    def recall(self, request: Request) -> Found | None:
        """What is remembered; no waiting."""
        if not self._policy.remembers:
            return None
        reply = self._memory.recall(self.name, request.key, monotonic())
        if reply is None:
            return None
        return Found(rotated(reply, random.shuffle), Source.MEMORY, self.name)

    def ask(self, request: Request, deadline: float) -> Found:
        """The answer, from memory or the upstreams; waits. Raises :class:`UpstreamFailed`."""
        found = self.recall(request)
        if found is not None:
            return found
        asked = self._asked.get(request.key)
        if asked is None:
            return self._ask_for_all(request, deadline)
        try:
            with gevent.Timeout(max(deadline - monotonic(), 0), UpstreamFailed("no answer yet")):
                found = asked.get()
                assert found is not None
                return found
        except gevent.GreenletExit as error:
            raise UpstreamFailed("who asked was ended") from error

    def _ask_for_all(self, request: Request, deadline: float) -> Found:
        result: AsyncResult[Found] = AsyncResult()
        self._asked[request.key] = result
        try:
            found = self._fetch(request, deadline)
        except BaseException as error:
            result.set_exception(error)
            raise
        else:
            result.set(found)
            return found
        finally:
            del self._asked[request.key]

    def _fetch(self, request: Request, deadline: float) -> Found:
        try:
            reply, server = self.group.ask(request, deadline)
        except UpstreamFailed:
            found = self._last_good(request)
            if found is None:
                raise
            return found
        if reply.rcode not in {Rcode.NOERROR, Rcode.NXDOMAIN}:
            return self._last_good(request) or self._found(_plain(reply), str(server))
        if reply.rcode == Rcode.NXDOMAIN and monotonic() < self._in_doubt_until:
            reply = self._asked_again(request, reply, deadline)
        reply = settled(self._with_flags(reply), self._policy.ttls)
        self._memory.keep(self.name, request.key, reply, self._policy.ttls, monotonic())
        return self._found(reply, str(server))

    def _last_good(self, request: Request) -> Found | None:
        """After a failure: what it was before, if that may still be said."""
        if self._policy.doubts_denials:
            self._in_doubt_until = monotonic() + _DOUBT_S
        reply = self._memory.recall_stale(self.name, request.key, monotonic())
        return Found(reply, Source.STALE, self.name) if reply else None

    def _asked_again(self, request: Request, reply: Reply, deadline: float) -> Reply:
        """The second word of a server that denies a name which it knew before the outage."""
        if self._memory.recall_stale(self.name, request.key, monotonic()) is None:
            return reply
        gevent.sleep(_DOUBT_PAUSE_S)
        try:
            again, _ = self.group.ask(request, deadline)
        except UpstreamFailed:
            return reply
        return again if again.rcode == Rcode.NOERROR else reply

    def _with_flags(self, reply: Reply) -> Reply:
        return replace(
            reply,
            authoritative=reply.authoritative and self._policy.authoritative,
            authentic=reply.authentic and self._policy.trusts_ad,
        )

    def _found(self, reply: Reply, server: str) -> Found:
        return Found(reply, Source.UPSTREAM, self.name, server)


def _plain(reply: Reply) -> Reply:
    """An error without what stood beside it."""
    return Reply(reply.rcode if reply.rcode <= _RCODE_IN_HEADER else int(Rcode.SERVFAIL))
