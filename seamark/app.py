"""The life of the process: start what was wired, run until told to end, finish in order."""

import gc
import logging
import signal
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import gevent
from gevent.event import Event

from dnsproxy.core.endpoint import Endpoint
from dnsproxy.edges.agent_check import AgentCheck
from dnsproxy.edges.observer import Observer
from dnsproxy.errors import ListenError
from dnsproxy.proxy import DnsProxy
from seamark import __version__
from seamark.errors import StartError
from seamark.settings import HttpSettings
from seamark.web import StatusServer

log = logging.getLogger("seamark")


class RegistrarHalf(Protocol):
    """The registrar as far as its life goes: a DNS proxy alone loads nothing of it."""

    @property
    def unready(self) -> str:
        """Why it is not ready; empty if it is."""

    def start(self) -> None:
        """Begin."""

    def stop(self) -> None:
        """End."""


@dataclass(slots=True)
class App:
    """The parts of one process, each of which may be absent."""

    proxy: DnsProxy | None = None
    # Who looks at the agent that the proxy asks.
    check: AgentCheck | None = None
    registrar: RegistrarHalf | None = None
    # Whom the proxy tells of what it did.
    observer: Observer | None = None
    status_address: Endpoint | None = None
    # Said at the start, one line each.
    words: tuple[str, ...] = ()
    # A name that surely resolves, for the line to try.
    example: str = ""

    def run(self) -> None:
        """Run until SIGTERM or SIGINT. Raises :class:`StartError`."""
        stop = Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            gevent.signal_handler(number, stop.set)
        gevent.signal_handler(signal.SIGUSR1, _tell_size)
        status = self._start()
        try:
            stop.wait()
            log.info("ending")
        finally:
            self._stop(status)

    def _start(self) -> StatusServer | None:
        log.info("seamark %s", __version__)
        bound = []
        if self.proxy is not None:
            try:
                bound = self.proxy.start()
            except ListenError as error:
                raise StartError(str(error)) from error
            log.info("DNS on %s", ", ".join(map(str, bound)))
        if self.observer is not None:
            self.observer.start()
        for line in self.words:
            log.info("%s", line)
        status = self._start_status()
        if self.check is not None:
            self.check.start()
        if self.registrar is not None:
            self.registrar.start()
        if bound:
            log.info("try: %s", self._example(bound[0]))
        return status

    def _start_status(self) -> StatusServer | None:
        if self.status_address is None:
            return None
        status = StatusServer(self.status_address, self._readiness, self.observer)
        try:
            status.start()
        except StartError as error:
            if str(self.status_address) != HttpSettings().listen:
                raise
            # Nobody asked for it, and `registrar` beside `dnsproxy` both want the default.
            log.warning("%s; going on without; %s", error, error.hint)
            return None
        log.info("status on http://%s/ready", self.status_address)
        return status

    def _example(self, address: Endpoint) -> str:
        loopback = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104  (compared, not bound)
        host = loopback.get(address.host, address.host)
        port = "" if address.port == 53 else f" -p {address.port}"
        return f"dig @{host}{port} {self.example or 'consul'}.service.consul SRV"

    def _readiness(self) -> dict[str, str]:
        parts = {}
        if self.proxy is not None:
            parts["dns"] = ""
        if self.registrar is not None:
            parts["registrar"] = self.registrar.unready
        return parts

    def _stop(self, status: StatusServer | None) -> None:
        if self.registrar is not None:
            self.registrar.stop()
        if self.proxy is not None:
            self.proxy.stop()
        if self.check is not None:
            self.check.stop()
        if self.observer is not None:
            self.observer.stop()
        if status is not None:
            status.stop()


def _tell_size() -> None:
    """SIGUSR1: how much of everything there is, for somebody who looks for a leak."""
    things = gc.get_objects()
    greenlets = sum(isinstance(thing, gevent.Greenlet) for thing in things)
    files = sum(1 for _ in Path("/proc/self/fd").iterdir())
    log.info("size: %d greenlets, %d open files, %d objects", greenlets, files, len(things))
