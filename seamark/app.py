"""The life of the process: start what was wired, run until told to end, finish in order."""

import gc
import logging
import os
import signal
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn, Protocol

import gevent
from gevent.event import Event
from greenlet import greenlet

from catalog.model import ServiceCatalog
from dnsproxy.core.endpoint import Endpoint
from seamark import __version__
from seamark.addresses import from_here
from seamark.dns_side import Dns, Observed
from seamark.first_sync import FirstSync
from seamark.privileges import become, find_user, unusable
from seamark.pulse import Pulse
from seamark.reloading import Reloader
from seamark.sd_notify import Notifier
from seamark.sources import Source
from seamark.status_side import StatusSide
from seamark.tuning import settle_collector
from seamark.watched import Watched
from seamark.wiring import Embedded

log = logging.getLogger("seamark")


class RegistrarHalf(Watched, Protocol):
    """The registrar as far as its life goes: a DNS proxy alone loads nothing of it."""

    def vitals(self) -> Mapping[str, bool]:
        """What must go on as long as it does -> whether it does."""

    def start(self) -> None:
        """Begin."""

    def stop(self) -> None:
        """End."""


@dataclass
class App:
    """The parts of one process, each of which may be absent.

    ``observer`` is whom the DNS half tells of what it did; ``shared`` is the catalog outside that
    the registrar writes to; ``words`` are said at the start, one line each; ``example`` is a name
    that surely resolves, for the line to try. Raises SettingsError.
    """

    source: Source
    dns: Dns | None = None
    registrar: RegistrarHalf | None = None
    observer: Observed | None = None
    status_address: Endpoint | None = None
    embedded: Embedded | None = None
    shared: ServiceCatalog | None = None
    words: tuple[str, ...] = ()
    example: str = ""

    def __post_init__(self) -> None:
        self._user = find_user(self.source.settings.user)
        self._notifier = Notifier(os.environ)
        self._pulse = Pulse(self._vitals, self._notifier)
        statics = self.embedded.statics if self.embedded else None
        self._reloader = Reloader(self.source, self.dns, self._notifier, statics)
        self._first_sync = FirstSync(self.registrar)
        self._status = StatusSide(
            self.status_address,
            lambda: self._reloader.settings,
            readiness=self._readiness,
            dead=self._pulse.dead,
            reloads=self._reloader.reloads,
            dns=self.dns,
            observer=self.observer,
            registrar=self.registrar,
            embedded=self.embedded,
            shared=self.shared,
        )

    def run(self) -> None:
        """Run until SIGTERM or SIGINT, the second of which ends at once. Raises StartError."""
        stop = Event()

        def end() -> None:
            if stop.is_set():
                _end_at_once()
            stop.set()

        for number in (signal.SIGTERM, signal.SIGINT):
            gevent.signal_handler(number, end)
        gevent.signal_handler(signal.SIGHUP, self._reloader.want)
        gevent.signal_handler(signal.SIGUSR1, _tell_size)
        self._start()
        settle_collector()
        try:
            stop.wait()
            log.info("ending")
        finally:
            self._stop()

    def _start(self) -> None:
        log.info("seamark %s", __version__)
        bound = []
        if self.dns is not None:
            bound = self.dns.start()
            log.info("DNS on %s", ", ".join(map(str, bound)))
        for line in self.embedded.statics.remarks if self.embedded else ():
            log.warning("%s", line)
        words = [*self.words, *map(str, self.dns.routes if self.dns is not None else ())]
        for line in words:
            log.info("%s", line)
        self._status.start()
        # Nothing is bound after this but addresses that come later.
        self._become_user()
        if self.observer is not None:
            self.observer.start()
        if self.dns is not None:
            self.dns.start_check()
        if self.registrar is not None:
            self.registrar.start()
        self._first_sync.start()
        self._status.begin()
        self._reloader.start()
        self._pulse.start()
        self._reloader.status = "; ".join(words)
        self._notifier.ready(self._reloader.status)
        if bound:
            log.info("try: %s", self._line_to_try(bound[0]))

    def _become_user(self) -> None:
        if self._user is None:
            return
        # Looked for as who we were: who may not enter a folder does not see what is in it.
        readable, writable = self._files()
        become(self._user)
        log.info("running as %s", self._user.pw_name)
        for line in unusable(readable, writable):
            log.warning("%s: %s", self._user.pw_name, line)

    def _files(self) -> tuple[list[Path], list[Path]]:
        """What is read and written again and again; of a file that is still to come its folder."""
        catalog, dns = self.source.settings.catalog, self.source.settings.dns
        names = [catalog.token_file, catalog.ca_file, catalog.cert_file, catalog.key_file]
        named = [Path(name) for name in (*names, catalog.services, *dns.hosts_files) if name]
        readable = [path for path in (self.source.path, *named) if path and path.exists()]
        log_file = Path(dns.query_log)
        written = log_file if log_file.exists() else log_file.parent
        return readable, [written] if "/" in dns.query_log else []

    def _line_to_try(self, address: Endpoint) -> str:
        host = from_here(address).host
        port = "" if address.port == 53 else f" -p {address.port}"
        return f"dig @{host}{port} {self.example or 'consul'}.service.consul SRV"

    def _readiness(self) -> dict[str, str]:
        parts = {}
        if self.dns is not None:
            parts["dns"] = ""
        if self.registrar is not None:
            parts["registrar"] = self.registrar.unready
        return parts

    def _vitals(self) -> dict[str, bool]:
        parts = (self.dns, self.registrar, self.observer, self._status, self._reloader)
        return {
            name: goes_on
            for part in parts
            if part is not None
            for name, goes_on in part.vitals().items()
        }

    def _stop(self) -> None:
        self._notifier.stopping()
        self._pulse.stop()
        self._reloader.stop()
        self._first_sync.stop()
        if self.registrar is not None:
            self.registrar.stop()
        if self.dns is not None:
            self.dns.stop()
        if self.observer is not None:
            self.observer.stop()
        self._status.stop()


def _end_at_once() -> NoReturn:
    log.warning("ending at once")
    # Whoever asks twice has no patience for what an exception would still have to unwind.
    os._exit(0)


def _tell_size() -> None:
    """SIGUSR1: how much of everything there is, for somebody who looks for a leak."""
    gc.collect()
    # Those that were frozen at the start are in no list: they do not grow.
    things = gc.get_objects()
    greenlets = sum(isinstance(thing, greenlet) for thing in things)
    files = sum(1 for _ in Path("/proc/self/fd").iterdir())
    log.info("size: %d greenlets, %d open files, %d objects", greenlets, files, len(things))
