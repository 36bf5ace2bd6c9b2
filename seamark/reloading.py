"""Settings that are read again while the process runs: on SIGHUP, and when their file changes."""

import logging
import time
from collections import Counter
from dataclasses import dataclass, field

import gevent
import msgspec
from gevent.event import Event

from seamark import logs
from seamark.addresses import RESOLV_CONF, RESOLVED_CONF
from seamark.dns_side import Dns
from seamark.errors import SeamarkError
from seamark.sd_notify import Notifier
from seamark.settings import Settings
from seamark.sources import Marks, Source
from seamark.statics import StaticServices
from seamark.variables import flat

log = logging.getLogger("seamark")

LOOK_S = 1.0
_SYSTEM = {RESOLV_CONF, RESOLVED_CONF}
# What is built once, at the start.
_FIXED = ("node", "user", "catalog", "registrar", "http")
_FIXED_DNS = ("query_log", "query_log_sample", "query_log_classes", "query_log_ring", "workers")


@dataclass(slots=True)
class Reloads:
    """How many there were, by `ok` and `failed`, and when the settings in force were read.

    The start counts for the time, in seconds since the epoch, and not for the number.
    ``last_ok``: the last one did not fail.
    """

    results: Counter[str] = field(default_factory=lambda: Counter(ok=0, failed=0))
    last_success: float = field(default_factory=time.time)
    last_ok: bool = True

    def failed(self) -> None:
        """The old settings stay."""
        self.results["failed"] += 1
        self.last_ok = False

    def succeeded(self) -> None:
        """What was read is in force."""
        self.results["ok"] += 1
        self.last_success = time.time()
        self.last_ok = True


class Reloader:
    """Reads the settings of ``source`` again and has the DNS half take them on.

    All of them, and ``statics``' file, are read and checked first. If one cannot be used, or an
    address not be bound, those in force stay. What only a restart can change is named.
    """

    def __init__(
        self,
        source: Source,
        dns: Dns | None,
        notifier: Notifier,
        statics: StaticServices | None = None,
    ) -> None:
        self.reloads = Reloads()
        self._statics = statics
        self._source = source
        self._dns = dns
        self._notifier = notifier
        self._settings = source.settings
        self._read: Marks = source.marks_at_first
        self._seen: Marks = self._read
        self._wanted = Event()
        self._follower: gevent.Greenlet[[], None] | None = None
        # What the service manager shows.
        self.status = ""

    def start(self) -> None:
        """Begin to look at the files."""
        self._follower = gevent.spawn(self._follow)

    def stop(self) -> None:
        """Look no more."""
        if self._follower is not None:
            self._follower.kill()

    def want(self) -> None:
        """Read them again now: SIGHUP."""
        self._wanted.set()

    @property
    def settings(self) -> Settings:
        """Those in force."""
        return self._settings

    def vitals(self) -> dict[str, bool]:
        """What must go on as long as we do -> whether it does."""
        return {} if self._follower is None else {"settings": not self._follower.ready()}

    def _follow(self) -> None:
        while True:
            if self._wanted.wait(LOOK_S):
                self._wanted.clear()
                self._reload("SIGHUP")
            else:
                self._look()

    def _look(self) -> None:
        """Reload if a file has changed, and nobody has written to one since the last look."""
        marks = self._source.marks()
        settled, self._seen = marks == self._seen, marks
        changed = [path for path, mark in marks.items() if mark != self._read[path]]
        if self._dns is None or self._settings.dns.upstream:
            changed = [path for path in changed if path not in _SYSTEM]
        if changed and settled:
            self._reload(f"{changed[0]} has changed")

    def _reload(self, why: str) -> None:
        self._notifier.reloading()
        # Taken first: what is written meanwhile is seen next time.
        self._read = self._source.marks()
        try:
            changes = self._take_on()
        except SeamarkError as error:
            self.reloads.failed()
            hint = f"; hint: {error.hint}" if error.hint else ""
            log.error("reload (%s): %s; the old settings stay%s", why, error, hint)  # noqa: TRY400
        except Exception:
            # A fault of ours costs this reload, never the next one.
            self.reloads.failed()
            log.exception("reload (%s): the old settings stay", why)
        else:
            self.reloads.succeeded()
            log.info("reloaded (%s): %s", why, "; ".join(changes) or "nothing has changed")
        self._notifier.ready(self.status)

    def _take_on(self) -> list[str]:
        """Returns what has changed, in words. Raises SeamarkError."""
        read, _ = self._source.read()
        services = self._statics.read() if self._statics is not None else None
        settings = _changeable(self._settings, read)
        changes = [name for name in _differences(self._settings, settings) if self._is_ours(name)]
        if self._dns is not None:
            changes += self._dns.take_on(settings)
        if self._statics is not None and services is not None:
            changes += self._statics.take_on(services)
        logs.set_up(settings.log_level)
        self._settings = settings
        fixed = [name for name in _differences(settings, read) if self._is_ours(name)]
        return changes + [f"needs a restart: {name}" for name in fixed]

    def _is_ours(self, name: str) -> bool:
        """Whether a setting means anything to the parts that run here."""
        return self._dns is not None or not name.startswith("dns.")


def _changeable(running: Settings, read: Settings) -> Settings:
    """What was read, with what only a restart can change as it is."""
    fixed = {name: getattr(running, name) for name in _FIXED}
    fixed_dns = {name: getattr(running.dns, name) for name in _FIXED_DNS}
    dns = msgspec.structs.replace(read.dns, **fixed_dns)
    return msgspec.structs.replace(read, dns=dns, **fixed)


def _differences(one: Settings, other: Settings) -> list[str]:
    """The names of the settings that differ, `dns.listen`."""
    ours, theirs = flat(one), flat(other)
    return [name for name, value in ours.items() if theirs[name] != value]
