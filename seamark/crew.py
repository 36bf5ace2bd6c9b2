"""DNS in processes of its own: several for more cores, or one that nothing else can hold up.

What the other parts of the command work on, a document of a catalog or a thousand containers, then
takes no answer's time.
"""

import functools
import logging
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from time import monotonic
from typing import Any

import gevent
import msgspec
from gevent import subprocess
from gevent.lock import BoundedSemaphore

from dnsproxy.core.endpoint import Endpoint
from dnsproxy.core.exchange import Exchange
from seamark.channel import Channel
from seamark.dns_half import DnsHalf, Surroundings
from seamark.errors import SeamarkError, StartError
from seamark.settings import Settings
from seamark.wanted import Search
from seamark.worker import Bound, Hello, Report

log = logging.getLogger("seamark")

_CODE = "from seamark.__main__ import worker; worker()"
START_S = 30.0
# One that says nothing for so long does not answer DNS either.
SILENT_S = 10.0
_LOOK_S = 1.0
# It drains for 2 s.
_STOP_S = 5.0


class Crew:
    """The DNS half of a command, as :class:`~seamark.dns_half.DnsHalf` is, in ``count`` workers.

    ``ended`` is told of the last report of each that is gone. Raises :class:`SettingsError`.
    """

    def __init__(
        self,
        settings: Settings,
        around: Surroundings,
        count: int,
        ended: Callable[[Report], None] = lambda report: None,
    ) -> None:
        self._settings = settings
        self._around = around
        # Binds and asks nothing: what is wrong with the settings is told before anything is.
        self.routes = DnsHalf(settings, around).routes
        self.workers = [
            _Worker(number, self._hello(count), ended, self._for) for number in range(1, count + 1)
        ]
        self._count = count
        # Where they answer, the ports that the system has chosen among them.
        self._addresses: list[Endpoint] = []

    def start(self) -> list[Endpoint]:
        """Start them; returns where they answer. Raises :class:`StartError`."""
        first, *others = self.workers
        bound = first.start(self._for(first))
        self._addresses = bound.addresses
        for worker in others:
            worker.chooses = False
            worker.start(self._for(worker))
        self.routes = bound.routes
        return bound.addresses

    def start_check(self) -> None:
        """They look at the agent themselves."""

    @property
    def addresses(self) -> list[Endpoint]:
        """Where they answer now."""
        return self.workers[0].report.addresses or self._addresses

    def stop(self) -> None:
        """End them, after what they have in flight."""
        gevent.joinall([gevent.spawn(worker.stop) for worker in self.workers])

    def vitals(self) -> dict[str, bool]:
        """What must go on -> whether it does."""
        return {name: ok for worker in self.workers for name, ok in worker.vitals().items()}

    def take_on(self, settings: Settings) -> list[str]:
        """Have all of them answer by other settings; returns a line for each new route.

        Raises SeamarkError; then everything is as it was.
        """
        before, self._settings = self._settings, settings
        try:
            return self._all_take_on()
        except SeamarkError:
            self._settings = before
            self._all_take_on()
            raise

    def _all_take_on(self) -> list[str]:
        words, *_ = [worker.take_on(self._for(worker)) for worker in self.workers]
        self.routes = DnsHalf(self._settings, self._around).routes
        return words

    def reports(self) -> list[Report]:
        """What each has done; the last word of one that says nothing now."""
        asked = [gevent.spawn(worker.look) for worker in self.workers]
        gevent.joinall(asked, timeout=_LOOK_S)
        return [worker.report for worker in self.workers]

    def search(self, search: Search) -> list[list[Exchange]]:
        """What each finds; nothing of one that says nothing now."""
        asked = [gevent.spawn(worker.search, search) for worker in self.workers]
        gevent.joinall(asked, timeout=_LOOK_S)
        return [one.value for one in asked if one.value]

    def _hello(self, count: int) -> Hello:
        around = self._around
        return Hello(
            self._settings, around.agent, around.secrets, count > 1, around.sockets.descriptors
        )

    def _for(self, worker: "_Worker") -> Settings:
        """Consul takes 200 connections of a host: what is watched is shared out.

        A port that the system has chosen for one is the same for all.
        """
        dns = self._settings.dns
        watches = -(-dns.watches // self._count)
        listen = dns.listen if worker.chooses else _listening(dns.listen, self._addresses)
        dns = msgspec.structs.replace(dns, watches=watches, listen=listen)
        return msgspec.structs.replace(self._settings, dns=dns)


class _Worker:
    """One process, and another in its place when it has ended though nobody ended it."""

    def __init__(
        self,
        number: int,
        hello: Hello,
        ended: Callable[[Report], None],
        again: Callable[["_Worker"], Settings],
    ) -> None:
        self._again = functools.partial(again, self)
        # Whether port 0 is one that the system chooses for it; not for who comes in its place.
        self.chooses = True
        self._number = number
        self._hello = hello
        self._ended = ended
        self._process: Any = None
        self._channel: Channel | None = None
        self._turn = BoundedSemaphore()
        self._tender: gevent.Greenlet[..., None] | None = None
        self._heard = 0.0
        self.report = Report()

    def start(self, settings: Settings) -> Bound:
        """Raises :class:`StartError` and what the worker says."""
        self._hello = replace(self._hello, settings=settings)
        bound = self._begin()
        self._tender = gevent.spawn(self._tend)
        return bound

    def stop(self) -> None:
        """It ends when we are gone."""
        if self._tender is not None:
            self._tender.kill()
        if self._channel is None:
            return
        self._channel.close()
        try:
            self._process.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def vitals(self) -> dict[str, bool]:
        """Its own, and whether it is there at all."""
        name = f"worker {self._number}"
        silent = monotonic() - self._heard > SILENT_S
        own = {f"{name}, {part}": ok for part, ok in self.report.vitals.items()}
        return {name: not silent, **own}

    def take_on(self, settings: Settings) -> list[str]:
        """Raises SeamarkError. One that is not there takes them on when it is."""
        self._hello = replace(self._hello, settings=settings)
        said = self._said(settings)
        return said if isinstance(said, list) else []

    def look(self) -> None:
        """Ask what it has done."""
        report = self._said(None)
        if isinstance(report, Report):
            self.report = report
            self._heard = monotonic()

    def search(self, search: Search) -> list[Exchange]:
        """What it finds; nothing if it is gone."""
        found = self._said(search)
        return found if isinstance(found, list) else []

    def _said(self, message: Settings | Search | None) -> Any:
        """Its answer; None if it is gone."""
        with self._turn:
            if self._channel is None:
                return None
            try:
                with gevent.Timeout(START_S):
                    self._channel.send(message)
                    said = self._channel.receive()
            except EOFError:
                return None
            except gevent.Timeout:
                # Its answer would be taken for that to the next question.
                log.warning("worker %d has not answered for %.0f s", self._number, START_S)
                self._process.kill()
                return None
        if isinstance(said, SeamarkError):
            raise said
        return said

    def _begin(self) -> Bound:
        channel, theirs = Channel.pair()
        descriptors = [theirs.fileno(), *(fd for _, fd in self._hello.sockets)]
        self._process = subprocess.Popen(
            [sys.executable, "-c", _CODE, str(theirs.fileno())],
            pass_fds=descriptors,
            stdin=subprocess.DEVNULL,
            env=os.environ,
        )
        theirs.close()
        bound = self._first_word(channel)
        self._channel, self._heard = channel, monotonic()
        return bound

    def _first_word(self, channel: Channel) -> Bound:
        try:
            with gevent.Timeout(START_S, EOFError()):
                channel.send(self._hello)
                said = channel.receive()
        except EOFError:
            said = StartError(f"worker {self._number} did not start", "--debug shows more")
        if isinstance(said, SeamarkError):
            channel.close()
            self._process.kill()
            self._process.wait()
            raise said
        bound: Bound = said
        return bound

    def _tend(self) -> None:
        while True:
            gevent.sleep(_LOOK_S)
            if self._process.poll() is None:
                self.look()
            else:
                self._bring_back()

    def _bring_back(self) -> None:
        code = self._process.returncode
        self._ended(self.report)
        self.report = Report()
        if self._channel is not None:
            log.warning("worker %d has ended (%s); another takes its place", self._number, code)
            self._channel.close()
            self._channel = None
        self.chooses = False
        self._hello = replace(self._hello, settings=self._again())
        try:
            self._begin()
        except SeamarkError as error:
            log.warning("worker %d: %s", self._number, error)


def _listening(listen: Sequence[str], addresses: Sequence[Endpoint]) -> list[str]:
    """With the ports that were chosen by the system."""
    chosen: Mapping[str, Endpoint] = {address.host: address for address in addresses}
    return [
        str(chosen.get(host, text)) if port == "0" else text
        for text in listen
        for host, _, port in [text.rpartition(":")]
    ]
