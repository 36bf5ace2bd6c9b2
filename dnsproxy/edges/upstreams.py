"""One question to a group of upstreams: several tries, one deadline."""

import contextlib
import functools
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from time import monotonic

import gevent
from gevent.pool import Group
from gevent.ssl import SSLContext

from dnsproxy.core.endpoint import Endpoint
from dnsproxy.core.gate import EDNS_SIZE
from dnsproxy.core.health import Health, Policy
from dnsproxy.core.mark import option
from dnsproxy.core.names import ROOT, Name
from dnsproxy.core.records import Reply
from dnsproxy.core.replies import QueryForm
from dnsproxy.core.request import Request
from dnsproxy.core.trace import milliseconds
from dnsproxy.core.wire import Rcode, Type, question
from dnsproxy.edges.asking import Manner, Upstream
from dnsproxy.edges.probes import Probes
from dnsproxy.errors import UpstreamFailed

# A stub resolver waits 5 s and then asks somebody else: an answer must be there before.
DEADLINE_S = 4.5
# The first tries are short, a lost packet is the commonest failure; the last round has the rest.
_TRIES = (0.18, 0.36, 1.0)
# A server that is just starting refuses at once; the next round comes a little later.
ROUND_PAUSE_S = 0.1
# A try that had less time than that says nothing of a server.
_FAIR_S = 0.3
_FINAL = {Rcode.NOERROR, Rcode.NXDOMAIN}
_LOOPED = "what it is asked comes back to us"
_CUT = "its answer was cut, and is not to be had over TCP"

# Server, what came of it (an rcode's name, `timeout`, `unreachable`), seconds.
Observe = Callable[[str, str, float], None]
# Told of each packet from a server that was not the reply to what we asked.
Mismatched = Callable[[str], None]
# A server, and its reply or why there is none.
Outcome = tuple[Endpoint, Reply | UpstreamFailed]


@dataclass(frozen=True, slots=True)
class GroupOptions:
    """How a group is asked.

    ``edns_size`` is what its servers may send in one datagram. ``cuts_silently``: they leave
    records out without setting TC, as Consul does by default; a reply that nearly fills what we
    asked for is then asked for again over TCP. ``deadline_s`` bounds all tries together. ``mark``
    is on every question, where its servers may ask us in turn. ``wants_ad``: whether they shall say
    that they have validated. ``hedge``: whether a second server is asked too when the first is slow
    for what it is. ``settle_s``: how long one that has come back is asked behind the others.
    ``zone`` is what they are asked for. ``tls`` is there if one is asked over TLS. ``advice`` says
    what to do about one that fails.
    """

    edns_size: int = EDNS_SIZE
    cuts_silently: bool = False
    deadline_s: float = DEADLINE_S
    mark: bytes = b""
    wants_ad: bool = False
    policy: Policy = Policy.SEQUENTIAL
    hedge: bool = False
    settle_s: float = 0.0
    zone: Name = ROOT
    tls: SSLContext | None = None
    advice: str = ""

    @property
    def manner(self) -> Manner:
        """How each of them is asked."""
        form = QueryForm(self.edns_size, option(self.mark), self.wants_ad)
        return Manner(form, self.cuts_silently, self.tls)

    @property
    def probe(self) -> Request:
        """A cheap question that they should be able to answer."""
        return Request(question(self.zone, Type.SOA if self.zone else Type.NS))


class UpstreamGroup:
    """Servers that know the same names, asked in the order of a policy, the sick ones last."""

    def __init__(
        self,
        name: str,
        servers: Sequence[Endpoint],
        options: GroupOptions = GroupOptions(),
        observe: Observe = lambda server, outcome, took: None,
        mismatched: Mismatched = lambda server: None,
    ) -> None:
        self.name = name
        self.servers = tuple(servers)
        self.zone = options.zone
        self.health = Health(self.servers, options.policy, settle_s=options.settle_s)
        self._options = options
        self._observe = observe
        self._upstreams = {
            server: Upstream(server, options.manner, functools.partial(mismatched, str(server)))
            for server in self.servers
        }
        self.probes = Probes(
            self.health,
            lambda server, deadline: self._upstreams[server].ask(options.probe, deadline),
            options.advice,
        )
        self._hedged: Group = Group()

    @property
    def is_down(self) -> bool:
        """Whether every server failed lately and no probe has been answered since."""
        return self.health.is_down

    def came_back(self, server: Endpoint) -> float:
        """When it last answered after a failure (monotonic)."""
        return self.health.came_back(server)

    def ask(self, request: Request, deadline: float) -> tuple[Reply, Endpoint]:
        """The reply of the first server that knows, and who that is.

        ``deadline`` in monotonic seconds; the group's own may be earlier. If none knows, half an
        answer or else the last one's own error (REFUSED, NOTIMP, ...) is the reply. Raises
        :class:`UpstreamFailed` with each server's reason when none replied at all.
        """
        start = monotonic()
        deadline = min(deadline, start + self._options.deadline_s)
        silent = dict.fromkeys(self.health.order(start), "not asked")
        sick = [server for server in silent if not self.health.is_well(server)]
        answered: tuple[Reply, Endpoint] | None = None
        for number, try_s in enumerate(_rounds(deadline - start, deadline)):
            for server, outcome in self._round(silent, request, try_s, deadline, hedge=not number):
                if isinstance(outcome, UpstreamFailed):
                    silent[server] = str(outcome)
                    continue
                if outcome.rcode in _FINAL and not outcome.truncated:
                    return outcome, server
                # It is alive and does not know, or has no way for all of it: asking it again would
                # not change that. Nor are those waited for of whom nothing is to be expected.
                answered = _better(answered, (outcome, server))
                for one in (server, *sick):
                    silent.pop(one, None)
            if not silent or (answered and number):
                break
        return self._last_word(answered, silent)

    def _last_word(
        self, answered: tuple[Reply, Endpoint] | None, silent: dict[Endpoint, str]
    ) -> tuple[Reply, Endpoint]:
        """What there is when nobody knows; the reasons if that is nothing."""
        reasons = silent | dict.fromkeys(filter(self.health.is_looped, self.servers), _LOOPED)
        if answered is not None:
            reply, server = answered
            # Half of nothing would send the client to us over TCP, for the same once more.
            if reply.answer or not reply.truncated:
                return answered
            reasons[server] = _CUT
        raise UpstreamFailed("; ".join(f"{server}: {why}" for server, why in reasons.items()))

    def try_out(self, server: Endpoint, request: Request, until: float) -> None:
        """Ask one server something whose answer does not matter."""
        with contextlib.suppress(OSError):
            self._upstreams[server].ask(request, until)

    def close(self) -> None:
        """End the connections that are kept, and the probes."""
        self.probes.stop()
        self._hedged.kill(block=False)
        for upstream in self._upstreams.values():
            upstream.close()

    def _round(
        self,
        silent: Collection[Endpoint],
        request: Request,
        try_s: float,
        deadline: float,
        *,
        hedge: bool,
    ) -> Iterator[Outcome]:
        """What comes of asking each that is still silent when its turn comes."""
        servers = list(silent)
        asked = set()
        if hedge and self._options.hedge and len(servers) > 1 and self.health.is_well(servers[1]):
            until = min(monotonic() + try_s, deadline)
            for server, outcome in self._first_of(servers[:2], request, until):
                asked.add(server)
                yield server, outcome
        for server in servers:
            now = monotonic()
            if now >= deadline:
                return
            if server in silent and server not in asked:
                yield self._try(server, request, min(now + try_s, deadline))

    def _first_of(
        self, servers: Sequence[Endpoint], request: Request, until: float
    ) -> Iterator[Outcome]:
        """What comes of the first, and of the second if the first is slow for what it is.

        Who loses is waited for elsewhere: whether it answers at all has to be known.
        """
        first, second = servers
        one = self._hedged.spawn(self._try, first, request, until)
        one.join(self.health.hedge_after_s(first))
        asked = (
            [one] if one.ready() else [one, self._hedged.spawn(self._try, second, request, until)]
        )
        for done in gevent.iwait(asked):
            yield done.get()

    def _try(self, server: Endpoint, request: Request, until: float) -> Outcome:
        start = monotonic()
        self.health.asked(server)
        try:
            reply = self._upstreams[server].ask(request, until)
        except OSError as error:
            failed = self._failed(server, start, error)
            self._note(request, server, str(failed), monotonic() - start)
            return server, failed
        finally:
            self.health.left(server)
        now = monotonic()
        self.health.answered(server, now, now - start, useful=reply.rcode in _FINAL)
        self._observe(str(server), rcode_name(reply.rcode), now - start)
        self._note(request, server, rcode_name(reply.rcode), now - start)
        return server, reply

    def _note(self, request: Request, server: Endpoint, outcome: str, took: float) -> None:
        if request.trace is not None:
            ms = milliseconds(took)
            request.trace.note("asked", server=str(server), outcome=outcome, took_ms=ms)

    def _failed(self, server: Endpoint, start: float, error: OSError) -> UpstreamFailed:
        took = monotonic() - start
        timeout = isinstance(error, TimeoutError)
        reason = error.strerror or str(error)
        # The socket's own words say no more than the clock does.
        if timeout and reason in {"", "timed out"}:
            reason = "no answer in time"
        self._observe(str(server), "timeout" if timeout else "unreachable", took)
        # That the rest of a question's time was too short for an answer is nobody's fault.
        fair = not timeout or took >= _FAIR_S
        if fair and self.health.failed(server, start):
            self.probes.start(server, reason)
        return UpstreamFailed(reason)


def worst(
    groups: Iterable[UpstreamGroup], is_so: Callable[[UpstreamGroup, Endpoint], bool]
) -> dict[str, float]:
    """Server -> 1 if it is so in any of the groups that ask it, else 0."""
    found: dict[str, float] = {}
    for group in groups:
        for server in group.servers:
            found[str(server)] = max(float(is_so(group, server)), found.get(str(server), 0.0))
    return found


def rcode_name(rcode: int) -> str:
    """As people know it, ``NXDOMAIN``; bounded, so that it may be a label of a metric."""
    with contextlib.suppress(ValueError):
        return Rcode(rcode).name
    return "other"


def _better(
    before: tuple[Reply, Endpoint] | None, now: tuple[Reply, Endpoint]
) -> tuple[Reply, Endpoint]:
    """Of two replies that are not the answer: half an answer, else the last error."""
    return now if before is None or before[0].rcode not in _FINAL else before


def _rounds(total_s: float, deadline: float) -> Iterator[float]:
    """The seconds that each try of a round may take, a pause between the rounds."""
    for number, share in enumerate(_TRIES):
        if number:
            gevent.sleep(min(ROUND_PAUSE_S, max(deadline - monotonic(), 0)))
        yield share * total_s
