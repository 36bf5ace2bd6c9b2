"""A zone whose names are asked of upstream servers: what is remembered, given and asked of it.

Those who ask the same while the question is out wait for its one answer: an upstream is not asked
twice at once, and a forger has one question to guess for (RFC 5452 5).
"""

import functools
import random
from dataclasses import field, replace
from time import monotonic

from gevent.event import AsyncResult

from dnsproxy.core.coverage import Cover, Covers, Proof
from dnsproxy.core.doubt import Doubt, is_less, is_other, unproven
from dnsproxy.core.edns import ExtendedError, InfoCode
from dnsproxy.core.endpoint import Endpoint
from dnsproxy.core.exchange import Source
from dnsproxy.core.failures import Failure, refusal
from dnsproxy.core.hot import Lease
from dnsproxy.core.memory import Memory, rotated, settled
from dnsproxy.core.minimal import minimal_any
from dnsproxy.core.policy import ZonePolicy
from dnsproxy.core.records import Reply
from dnsproxy.core.relevance import relevant
from dnsproxy.core.request import Key, Request
from dnsproxy.core.trace import Trace
from dnsproxy.core.values import value
from dnsproxy.core.wire import Rcode, Type
from dnsproxy.coverage import Coverage
from dnsproxy.edges.upstreams import DEADLINE_S, UpstreamGroup
from dnsproxy.errors import FailedBefore, NoRoom, UpstreamFailed
from dnsproxy.fetching import Fetches

# A question's own time is over before that of who asked it: what came of it is told, not "no answer
# yet".
_FETCH_S = DEADLINE_S - 0.1
_FINAL = {Rcode.NOERROR, Rcode.NXDOMAIN}
_CACHED = ExtendedError(InfoCode.CACHED_ERROR)
_REVERSE = b"arpa"


@value
class Found:
    """A reply, where it came from, and whom it was asked of.

    ``lease`` is for how long the same may be said again; None where each answer is made anew.
    ``trace`` is there for who has asked how it was found.
    """

    reply: Reply
    source: Source
    zone: str
    server: str = ""
    lease: Lease | None = None
    trace: Trace | None = field(default=None, compare=False)

    def saying(self, reply: Reply) -> "Found":
        """The same with another reply."""
        return self if reply is self.reply else replace(self, reply=reply)


class ForwardZone:
    """Asks one group of upstreams.

    ``partition`` is under what the memory keeps its answers, in place of ``name``: what differs in
    whom it asks and how has another, so that a memory may outlive the zone. ``coverage``: what is
    known to be current, whatever its TTL.
    """

    def __init__(
        self,
        name: str,
        group: UpstreamGroup,
        policy: ZonePolicy,
        memory: Memory,
        partition: str = "",
        coverage: Coverage | None = None,
    ) -> None:
        self.name = name
        self._coverage = coverage
        self._partition = partition or name
        self.completes = True
        self.group = group
        self._policy = policy
        self._memory = memory
        self._fetches: Fetches[Found | Failure] = Fetches(policy.in_flight)
        self._doubt = Doubt()

    def recall(self, request: Request) -> Found | None:
        """What there is to say without waiting: from memory, or while it is in vain to ask."""
        asks_all = request.minimal_any and request.question.qtype == Type.ANY
        if asks_all and not self._policy.is_consuls:
            return Found(minimal_any(request.question), Source.SPECIAL, self.name)
        now = monotonic()
        return self._remembered(request, now) or self._while_in_vain(request, now)

    def last(self, request: Request) -> Found | None:
        """The same, else the last good answer."""
        return self.recall(request) or self._stale(request, monotonic())

    def ask(self, request: Request, deadline: float) -> Found:
        """The answer, from memory or the upstreams; waits.

        Raises :class:`UpstreamFailed`; :class:`FailedBefore` and :class:`NoRoom` are kinds of it.
        """
        found = self.recall(request)
        if found is not None:
            return found
        try:
            found = self._said(request, deadline)
        except UpstreamFailed:
            found = self._stale(request, monotonic())
            if found is None:
                raise
            return found
        if found.reply.rcode in _FINAL:
            return found
        return self._stale(request, monotonic()) or found

    def _said(self, request: Request, deadline: float) -> Found:
        """What the upstreams say to the question, which is out already or goes out now; waits."""
        now = monotonic()
        failure = self._failure(request, now)
        if failure is not None:
            request.note("held back", reason=failure.reason)
            raise FailedBefore(failure.reason)
        if now >= deadline:
            raise UpstreamFailed("no time left")
        if self._memory.knows(self._partition, request.key, now):
            deadline = min(deadline, now + self._policy.patience_s)
            outcome = self._fetches.wait(self._start(request), deadline)
        else:
            key = self._question(request)
            if self._fetches.is_out(key):
                request.note("joined")
            outcome = self._fetches.ask(key, lambda: self._fetch(request), deadline)
        if outcome is None:
            raise UpstreamFailed("no answer yet")
        if isinstance(outcome, Found):
            return outcome
        if outcome.reply is None:
            raise UpstreamFailed(outcome.reason)
        return Found(outcome.reply, Source.UPSTREAM, self.name, outcome.server)

    def _remembered(self, request: Request, now: float) -> Found | None:
        if not self._policy.remembers:
            return None
        reply = self._memory.recall(self._partition, request.key, now)
        if reply is None:
            return None
        self._note_memory(request, now)
        self._ask_ahead(request)
        lease = self._memory.lease(self._partition, request.key, lambda: self._ask_ahead(request))
        return Found(rotated(reply, random.shuffle), Source.MEMORY, self.name, lease=lease)

    def _note_memory(self, request: Request, now: float) -> None:
        if request.trace is not None:
            held = self._memory.held(self._partition, request.key, now)
            request.trace.note("memory", **held)

    def _ask_ahead(self, request: Request) -> None:
        """Ask anew for what is asked for often, before its time is over."""
        now = monotonic()
        if self._policy.prefetches and self._memory.is_due(self._partition, request.key, now):
            self._refresh(request, now)

    def _while_in_vain(self, request: Request, now: float) -> Found | None:
        """The stale answer, or the error that was said a moment ago; None if it has to be asked."""
        failure = self._failure(request, now)
        if failure is None and not self.group.is_down:
            return None
        stale = self._stale(request, now)
        if stale is not None:
            self._refresh(request, now)
            return stale
        if failure is None or failure.reply is None:
            return None
        reply = replace(failure.reply, why=(_CACHED, *failure.reply.why))
        return Found(reply, Source.MEMORY, self.name, failure.server)

    def _failure(self, request: Request, now: float) -> Failure | None:
        """Why it is in vain to ask; not what was asked before a watch found Consul well again."""
        since = None
        if self._coverage is not None:
            since = functools.partial(self._coverage.well_since, request)
        return self._memory.failures.recall(self._partition, request.key, now, since)

    def _stale(self, request: Request, now: float) -> Found | None:
        reply = self._memory.recall_stale(self._partition, request.key, now)
        if reply is None:
            return None
        request.note("stale")
        return Found(reply, Source.STALE, self.name)

    def _refresh(self, request: Request, now: float) -> None:
        """Ask in the background, unless that failed a moment ago."""
        if self._failure(request, now) is None:
            try:
                self._start(request if request.trace is None else replace(request, trace=None))
            except NoRoom:
                # Who has to wait comes first.
                return

    def _start(self, request: Request) -> "AsyncResult[Found | Failure]":
        return self._fetches.start(self._question(request), lambda: self._fetch(request))

    def _question(self, request: Request) -> tuple[Key, int]:
        """Who asks the same waits for one answer; not for one asked for before a known change."""
        cover = self._coverage.of(request) if self._coverage is not None else None
        return request.key, cover.changes if cover is not None else 0

    def _fetch(self, request: Request) -> Found | Failure:
        asked = monotonic()
        try:
            return self._fetch_current(request)
        except UpstreamFailed as error:
            return self._failed(request, Failure(str(error)), asked)

    def _fetch_current(self, request: Request) -> Found | Failure:
        cover = None
        if self._coverage is not None:
            self._coverage.hold(request)
            cover = self._coverage.of(request)
        asked = monotonic()
        reply, server = self.group.ask(request, asked + _FETCH_S)
        if reply.rcode not in _FINAL:
            return self._failed(request, refusal(reply, str(server)), asked)
        proof = cover.proof(asked) if cover is not None else None
        doubted = self._doubted(request, reply, server, asked, cover)
        if doubted is not None:
            return doubted
        if not self._policy.is_consuls:
            reply = relevant(request.question, reply)
        reply = settled(self._policy.flagged(reply), self._policy.ttls)
        if self._policy.remembers or self._policy.ttls.keep_stale:
            self._keep(request, reply, proof)
            if self._coverage is not None and cover is None and reply.answer:
                self._coverage.want(request)
        self._memory.failures.forget(self._partition, request.key)
        return Found(reply, Source.UPSTREAM, self.name, str(server))

    def _keep(self, request: Request, reply: Reply, proof: Proof | None) -> None:
        now = monotonic()
        unproven = proof is None and self._coverage is not None
        if unproven and self._memory.recall(self._partition, request.key, now) is not None:
            # It was asked for before a change, and what is remembered was asked for after it.
            return
        self._memory.keep(self._partition, request.key, reply, self._policy.ttls, now, proof)

    def _failed(self, request: Request, failure: Failure, asked: float) -> Failure:
        now = monotonic()
        # Consul 1.8 says SERVFAIL of every address that it does not know, and is well.
        if request.question.key[-1:] != (_REVERSE,):
            self._doubt.failed(now)
        if self._policy.remembers:
            self._memory.failures.keep(
                self._partition, request.key, failure, now, self._policy.hold_max_s, asked
            )
        return failure

    def _doubted(
        self,
        request: Request,
        reply: Reply,
        server: Endpoint,
        asked: float,
        cover: Cover | Covers | None,
    ) -> Failure | None:
        """Held back, if it has to be said again; until then it is what it was before."""
        if not self._policy.is_consuls:
            return None
        now, back = monotonic(), self.group.came_back(server)
        if not self._doubt.holds(asked, now, back):
            return None
        if cover is not None and cover.knew(asked):
            # No watch is live of a server that has not read all of its log.
            return None
        before = self._memory.recall_stale(self._partition, request.key, now)
        # With a watch it will be known soon; without one a change is not to wait for 5 s.
        differs = is_less if cover is None else is_other
        if before is None or not differs(reply, before):
            return None
        failures, key = self._memory.failures, request.key
        word = unproven(failures.doubted(self._partition, key, now), reply, now, back)
        return None if word is None else failures.doubt(self._partition, key, word, now, asked)
