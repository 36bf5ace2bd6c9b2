"""Who of a group of upstreams is well, how fast each is, and in which order they are asked.

One failure makes a server sick. It is well again when it has answered: a probe first, then one
question on trial, because many a server answers what it knows and none of what it would have to
ask others for.
"""

import random
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import chain

from dnsproxy.core.endpoint import Endpoint

# Of the smoothed time: the share of the newest. One slow answer is mostly the name's fault; a quick
# one shows what the server can do.
_SLOWER, _QUICKER = 0.125, 0.5
# What a reply that helps nobody counts for: who refuses at once is not the fastest.
_USELESS_S = 1.0
# `fastest`: one question in so many begins at the server that was measured longest ago.
LOOK_EVERY = 50
# Times by which a server's own slowness is judged, and how many are needed to.
_WINDOW = 64
_ENOUGH = 8
_HEDGE_MIN_S, _HEDGE_UNKNOWN_S, _HEDGE_MAX_S = 0.01, 0.2, 0.3
# Between two probes of a server that does not answer.
PAUSE_MIN_S, PAUSE_MAX_S = 0.25, 5.0


class Policy(StrEnum):
    """In which order those that are well are asked."""

    SEQUENTIAL = "sequential"
    RANDOM = "random"
    FASTEST = "fastest"


@dataclass(slots=True)
class _Server:
    """``heard``: when it last answered, ``back``: when it did so after a failure.

    ``failures``: since it last answered a question.
    """

    sick: bool = False
    on_trial: bool = False
    looped: bool = False
    heard: float = float("-inf")
    back: float = float("-inf")
    failures: int = 0
    outstanding: int = 0
    smoothed_s: float = -1.0
    measured: int = 0
    recent: deque[float] = field(default_factory=lambda: deque(maxlen=_WINDOW))


class Health:
    """What is known of a group's servers. Times are monotonic seconds.

    Who has come back is asked behind the others for ``settle_s`` seconds: it may have to learn
    first what they know.
    """

    def __init__(
        self,
        servers: Iterable[Endpoint],
        policy: Policy,
        draw: random.Random | None = None,
        settle_s: float = 0.0,
    ) -> None:
        self._policy = policy
        self._settle_s = settle_s
        self._draw = draw or random.Random()  # noqa: S311  (an order is no secret)
        self._servers = {server: _Server() for server in servers}
        self._questions = 0

    @property
    def is_down(self) -> bool:
        """Whether there is nobody of whom an answer can be expected."""
        return all(known.sick or known.looped for known in self._servers.values())

    def is_well(self, server: Endpoint) -> bool:
        """Whether a question may go there first; while one is on trial, no other does."""
        known = self._servers[server]
        return not (known.sick or known.looped or (known.on_trial and known.outstanding))

    def is_sick(self, server: Endpoint) -> bool:
        """Whether it failed, and has answered no probe since."""
        return self._servers[server].sick

    def is_looped(self, server: Endpoint) -> bool:
        """Whether what it is asked comes back to us."""
        return self._servers[server].looped

    def came_back(self, server: Endpoint) -> float:
        """When it last answered after a failure."""
        return self._servers[server].back

    def order(self, now: float) -> list[Endpoint]:
        """Whom to ask one question, those who are well first; nobody who asks us in turn."""
        self._questions += 1
        well = self._by_policy([server for server in self._servers if self.is_well(server)])
        if self._settle_s:
            well = sorted(well, key=lambda server: now < self.came_back(server) + self._settle_s)
        others = [
            server
            for server, known in self._servers.items()
            if not (known.looped or self.is_well(server))
        ]
        return list(chain(well, others))

    def asked(self, server: Endpoint) -> None:
        """A question is on its way there, until :meth:`left`."""
        self._servers[server].outstanding += 1

    def left(self, server: Endpoint) -> None:
        """That question has come to an end."""
        self._servers[server].outstanding -= 1

    def answered(self, server: Endpoint, now: float, took: float, *, useful: bool) -> None:
        """It has replied to a question; ``useful`` if that was an answer or a denial."""
        known = self._servers[server]
        if known.sick:
            known.back = now - took
        known.sick = known.on_trial = False
        known.heard, known.failures = now, 0
        known.measured = self._questions
        if useful:
            known.recent.append(took)
        took = took if useful else max(took, _USELESS_S)
        if known.smoothed_s < 0:
            known.smoothed_s = took
        share = _SLOWER if took > known.smoothed_s else _QUICKER
        known.smoothed_s += share * (took - known.smoothed_s)

    def failed(self, server: Endpoint, began: float) -> bool:
        """A try that began then had no reply; whether that makes it sick now.

        It does not if the server has answered others since: one name that nobody can look up says
        nothing of who was asked.
        """
        known = self._servers[server]
        if known.sick or began < known.heard:
            return False
        known.sick, known.on_trial = True, False
        known.failures += 1
        return True

    def probed(self, server: Endpoint, now: float) -> None:
        """It has answered a probe."""
        known = self._servers[server]
        known.sick, known.on_trial, known.heard, known.back = False, True, now, now

    def mark_looped(self, server: Endpoint, *, looped: bool) -> None:
        """What it is asked comes back to us, or does so no more."""
        self._servers[server].looped = looped

    def pause_s(self, server: Endpoint, tried: int) -> float:
        """How long to wait before the probe of a sick server that ``tried`` others went before.

        None before the first, unless probes were answered and questions were not.
        """
        steps = tried + self._servers[server].failures - 1
        return min(PAUSE_MIN_S * 2 ** min(steps - 1, 16), PAUSE_MAX_S) if steps > 0 else 0.0

    def hedge_after_s(self, server: Endpoint) -> float:
        """How long all but one in twenty of its recent answers took, within bounds."""
        recent = self._servers[server].recent
        if len(recent) < _ENOUGH:
            return _HEDGE_UNKNOWN_S
        slow = sorted(recent)[len(recent) * 95 // 100]
        return min(max(slow, _HEDGE_MIN_S), _HEDGE_MAX_S)

    def _by_policy(self, well: list[Endpoint]) -> Sequence[Endpoint]:
        if self._policy == Policy.RANDOM:
            return self._draw.sample(well, len(well))
        if self._policy == Policy.FASTEST and well:
            known = self._servers
            well.sort(key=lambda server: known[server].smoothed_s)
            if self._questions % LOOK_EVERY == 0:
                longest_ago = min(well, key=lambda server: known[server].measured)
                well.remove(longest_ago)
                well.insert(0, longest_ago)
        return well
