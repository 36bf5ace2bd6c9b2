"""Sick upstreams are asked, now and then, until they answer; nobody's question waits for them."""

import logging
import random
from collections import defaultdict
from collections.abc import Callable
from time import monotonic

import gevent
from gevent.event import Event

from dnsproxy.core.endpoint import Endpoint
from dnsproxy.core.health import Health

log = logging.getLogger("dnsproxy")

# How long one probe waits.
PROBE_S = 1.5
# Those who ask the same server from many hosts shall not do so at one moment.
_JITTER = 0.25

# Asks a server until the given moment (monotonic); any reply will do. Raises OSError.
Probe = Callable[[Endpoint, float], object]


class Probes:
    """One greenlet for each sick server, and none for the others.

    The event of a server in ``well`` is set when it answers again; ``advice`` is what to do about
    one that does not, for the log.
    """

    def __init__(self, health: Health, probe: Probe, advice: str = "") -> None:
        self._advice = f"; {advice}" if advice else ""
        self._health = health
        self._probe = probe
        self._greenlets: dict[Endpoint, gevent.Greenlet[[Endpoint, str], None]] = {}
        self.well: defaultdict[Endpoint, Event] = defaultdict(Event)

    def start(self, server: Endpoint, why: str) -> None:
        """Probe this server until it is well; ``why`` it is not, for the log."""
        if server not in self._greenlets:
            self._greenlets[server] = gevent.spawn(self._until_well, server, why)

    def stop(self) -> None:
        """Probe nobody any more."""
        for greenlet in list(self._greenlets.values()):
            greenlet.kill(block=False)

    def _until_well(self, server: Endpoint, why: str) -> None:
        tried = 0
        try:
            while self._health.is_sick(server):
                pause = self._health.pause_s(server, tried)
                gevent.sleep(pause * random.uniform(1 - _JITTER, 1 + _JITTER))  # noqa: S311
                if not self._health.is_sick(server) or self._answers(server):
                    break
                if not tried:
                    # Not before: one lost packet is nobody's news.
                    log.warning(
                        "%s failed (%s) and goes last until it answers%s",
                        server,
                        why,
                        self._advice,
                    )
                tried += 1
        finally:
            del self._greenlets[server]
        if tried:
            log.info("%s answers again", server)
        self.well[server].set()

    def _answers(self, server: Endpoint) -> bool:
        try:
            self._probe(server, monotonic() + PROBE_S)
        except OSError:
            return False
        self._health.probed(server, monotonic())
        return True
