"""Upstreams that ask us in turn: found by questions that nobody else can have asked.

A loop may lead through several forwarders, so an address that is not ours proves nothing. Each
server is sent a name that cannot be guessed; where we see it come in, no further question goes
there. Nothing else follows from it: a guessable probe that ended the process was CVE-2026-26018.
"""

import logging
import secrets
from collections.abc import Iterable
from time import monotonic

import gevent

from dnsproxy.core.endpoint import Endpoint
from dnsproxy.core.names import Name
from dnsproxy.core.request import Request
from dnsproxy.core.wire import Type, question
from dnsproxy.edges.upstreams import UpstreamGroup, worst

log = logging.getLogger("dnsproxy")

LOOK_S = 600.0
# One that looped is not asked anything else, so its end is seen by looking alone.
LOOPED_LOOK_S = 10.0
# How long a probe may take to come back.
OUT_S = 5.0
_BYTES = 16
# Below the root a name without a top-level domain of its own would be none of anybody's.
_TLD = (b"seamark-probe",)


class LoopWatch:
    """Sends the probes of some groups, and knows them when they come in."""

    def __init__(self, groups: Iterable[UpstreamGroup]) -> None:
        self._groups = tuple(groups)
        self._out: dict[bytes, tuple[UpstreamGroup, Endpoint]] = {}
        self._returned: set[bytes] = set()
        self._greenlets: list[gevent.Greenlet[..., None]] = []

    def start(self) -> None:
        """Begin to look. To be called when we answer, or nothing would be seen."""
        for group in self._groups:
            for server in group.servers:
                self._greenlets.append(gevent.spawn(self._follow, group, server))

    def stop(self) -> None:
        """Look no more."""
        gevent.killall(self._greenlets, block=False)

    def is_own(self, key: Name) -> bool:
        """Whether a query for this canonical name is a probe of ours; its server is then marked."""
        if not key or key[0] not in self._out:
            return False
        self._returned.add(key[0])
        group, server = self._out[key[0]]
        if not group.health.is_looped(server):
            group.health.mark_looped(server, looped=True)
            log.warning(
                "%s asks us what we ask it: a loop; no question goes there until that ends; "
                "name other servers in `upstream`, or have that one ask others than us",
                server,
            )
        return True

    def looped(self) -> dict[str, float]:
        """Server -> 1 if it loops, else 0."""
        return worst(self._groups, lambda group, server: group.health.is_looped(server))

    def _follow(self, group: UpstreamGroup, server: Endpoint) -> None:
        again = group.probes.well[server]
        while True:
            self._look(group, server)
            again.clear()
            again.wait(LOOPED_LOOK_S if group.health.is_looped(server) else LOOK_S)

    def _look(self, group: UpstreamGroup, server: Endpoint) -> None:
        label = secrets.token_hex(_BYTES).encode()
        asked = Request(question((label, *(group.zone or _TLD)), Type.A))
        end = monotonic() + OUT_S
        self._out[label] = group, server
        try:
            group.try_out(server, asked, end)
            # The answer may overtake the question where several forwarders are in between.
            gevent.sleep(max(end - monotonic(), 0))
        finally:
            del self._out[label]
        if label in self._returned:
            self._returned.discard(label)
        elif group.health.is_looped(server):
            group.health.mark_looped(server, looped=False)
            log.info("%s asks us no more; it is asked again", server)
