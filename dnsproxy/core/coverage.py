"""How long an answer of Consul's is provably what Consul would say now.

Its TTL is 0: it says nothing of how long it holds. A blocking query says when it ends: whoever
waits for the next change of a service knows that there was none yet. So an answer holds while
somebody waits who began before it was asked for.

Who is asked may be behind who tells of the change: servers that follow learn of it some tens of
milliseconds later. So it is not asked before it has seen the change too.
"""

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from weakref import WeakSet

from dnsproxy.core.hot import Lease
from dnsproxy.core.names import Name

# What no watch tells of shows after this at the latest: rights that were taken, settings of the
# agent. It costs Consul a question per name and so much time.
AGE_S = 10.0
# Whoever is asked is known to have seen a change before it is asked. An agent that is a client of
# several servers may still ask another one than it told us of: so an answer of this time holds for
# a moment only.
SETTLE_S, _SETTLING_LIFE_S = 1.0, 0.1


class Kind(StrEnum):
    """What is watched."""

    SERVICE = "service"
    """The instances of one service, their checks and their nodes."""
    NODES = "nodes"
    """All nodes: of a single one Consul 1.8 does not tell that it is gone."""
    SERVICES = "services"
    """All instances of all services."""
    CHECKS = "checks"
    """All checks."""


@dataclass(frozen=True, slots=True)
class Topic:
    """What answers depend on. ``name`` is the service's, ``datacenter`` empty for the agent's."""

    kind: Kind
    name: str = ""
    datacenter: str = ""


# What an answer about any service depends on, where there is no room to watch each.
EVERYTHING = tuple(Topic(kind) for kind in (Kind.SERVICES, Kind.CHECKS, Kind.NODES))


@functools.lru_cache(maxsize=4096)
def topic_of(labels: Name) -> Topic | None:
    """The topic of the canonical ``labels`` left of Consul's domain; None if no watch covers it.

    Prepared queries, Connect and what Consul Enterprise has besides are asked each time.
    """
    for position in range(len(labels) - 1, -1, -1):
        if labels[position] in {b"service", b"node"}:
            return _topic(labels[:position], labels[position], labels[position + 1 :])
    return None


def _topic(parts: Name, keyword: bytes, suffix: Name) -> Topic | None:
    if not parts or len(suffix) > 1:
        return None
    try:
        datacenter = b"".join(suffix).decode("ascii")
        if keyword == b"node":
            return Topic(Kind.NODES, datacenter=datacenter)
        rfc2782 = len(parts) == 2 and all(part.startswith(b"_") for part in parts)
        name = parts[0][1:] if rfc2782 else parts[-1]
        return Topic(Kind.SERVICE, name.decode("ascii"), datacenter)
    except UnicodeDecodeError:
        return None


class Cover:
    """What one watch has seen. Times are monotonic.

    ``since`` is when it became live. ``leases`` end with the next change.
    """

    def __init__(self) -> None:
        self.live = False
        self.since = 0.0
        self.changes = 0
        self.leases: WeakSet[Lease] = WeakSet()
        self._changed = 0.0

    def news(self, now: float) -> None:
        """Something changed, or the watch has begun: what was before that is not known."""
        self.since = self.since if self.live else now
        self.lose()
        self.live, self._changed = True, now

    def lose(self) -> None:
        """Nobody watches."""
        self.live = False
        self.changes += 1
        for lease in self.leases:
            lease.end()
        self.leases.clear()

    def lend(self, lease: Lease) -> None:
        """It ends with the next change."""
        self.leases.add(lease)

    def knew(self, asked: float) -> bool:
        """Whether the watch was live when something was asked, and has been since."""
        return self.live and asked >= self.since

    def proof(self, asked: float) -> "Proof | None":
        """That an answer asked for at that moment holds; None if nothing says so."""
        if not self.live or asked < self._changed:
            return None
        settled = asked - self._changed >= SETTLE_S
        return Proof(self, self.changes, AGE_S if settled else _SETTLING_LIFE_S)


class Covers:
    """Several watches as one, which has seen what any of them has."""

    def __init__(self, covers: Sequence[Cover]) -> None:
        self._covers = covers

    @property
    def live(self) -> bool:
        """Whether all are."""
        return all(cover.live for cover in self._covers)

    @property
    def since(self) -> float:
        """Since when all are."""
        return max(cover.since for cover in self._covers)

    @property
    def changes(self) -> int:
        """Grows with each change that any has seen."""
        return sum(cover.changes for cover in self._covers)

    def lend(self, lease: Lease) -> None:
        """It ends with the next of them."""
        for cover in self._covers:
            cover.lend(lease)

    def knew(self, asked: float) -> bool:
        """See :meth:`Cover.knew`."""
        return all(cover.knew(asked) for cover in self._covers)

    def proof(self, asked: float) -> "Proof | None":
        """See :meth:`Cover.proof`."""
        lives = []
        for cover in self._covers:
            proof = cover.proof(asked)
            if proof is None:
                return None
            lives.append(proof.life_s)
        return Proof(self, self.changes, min(lives))


@dataclass(frozen=True, slots=True, eq=False)
class Proof:
    """That what was said is what would be said again, for ``life_s`` seconds from then on."""

    cover: Cover | Covers
    changes: int
    life_s: float

    @property
    def holds(self) -> bool:
        """Whether nothing has changed since."""
        return self.cover.live and self.cover.changes == self.changes
