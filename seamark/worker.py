"""A process that answers DNS for another one: `python -c "... worker()" DESCRIPTOR`.

It is started by :mod:`seamark.crew`, is told the settings, tells what it did, and ends with it.
"""

import logging
import os
import signal
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from gevent import monkey, socket

from catalog.uri import Registry
from dnsproxy.core.endpoint import Endpoint
from dnsproxy.core.tally import Tally
from dnsproxy.edges.binding import share_ports
from dnsproxy.edges.observer import Gauge, Observer
from seamark import logs, wiring
from seamark.channel import Channel
from seamark.dns_half import DnsHalf, Secrets, Surroundings
from seamark.errors import SeamarkError
from seamark.inherited import Inherited
from seamark.privileges import become, find_user
from seamark.routes import Route
from seamark.settings import Settings
from seamark.tuning import settle_collector
from seamark.wanted import Search

log = logging.getLogger("seamark")


@dataclass(frozen=True, slots=True)
class Hello:
    """What a worker begins with.

    ``shares``: others answer on the same addresses. ``sockets`` were handed to the command: name
    and descriptor.
    """

    settings: Settings
    agent: Registry | None
    secrets: Secrets
    shares: bool
    sockets: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Bound:
    """Where a worker answers, and whom it asks."""

    addresses: list[Endpoint]
    routes: list[Route]


@dataclass(slots=True)
class Lines:
    """Of the query log: written, and lost."""

    lines: int = 0
    lost_waiting: int = 0
    lost_writing: int = 0


@dataclass(slots=True)
class Report:
    """What a worker has done so far, and what it has at the moment."""

    tally: Tally = field(default_factory=Tally)
    gauges: dict[Gauge, Mapping[str, float]] = field(default_factory=dict)
    held: int = 0
    lines: Lines | None = None
    vitals: dict[str, bool] = field(default_factory=dict)
    addresses: list[Endpoint] = field(default_factory=list)


def work() -> None:
    """See above."""
    # Both are for the one that has started us; it will say so.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    channel = Channel(socket.socket(fileno=int(sys.argv[1])))
    try:
        _Worker(channel).run()
    except EOFError:
        return


class _Worker:
    def __init__(self, channel: Channel) -> None:
        self._channel = channel

    def run(self) -> None:
        """Answer until the other end is gone."""
        hello: Hello = self._channel.receive()
        logs.set_up(hello.settings.log_level)
        if hello.shares:
            share_ports()
        try:
            dns, observer, bound = self._start(hello)
        except SeamarkError as error:
            self._channel.send(error)
            return
        self._channel.send(bound)
        settle_collector()
        try:
            while True:
                self._channel.send(_done(self._channel.receive(), dns, observer))
        finally:
            dns.stop()
            observer.stop()

    def _start(self, hello: Hello) -> tuple[DnsHalf, Observer, Bound]:
        settings = hello.settings
        observer = wiring.observer(settings)
        # The real sockets, not gevent's: the hub's callback must never switch.
        real = monkey.get_original("socket", "socket")
        sockets = Inherited((name, real(fileno=fd)) for name, fd in hello.sockets)
        around = Surroundings(None, hello.agent, observer, os.environ, sockets, hello.secrets)
        dns = DnsHalf(settings, around)
        addresses = dns.start()
        user = find_user(settings.user)
        if user is not None:
            become(user)
        observer.start()
        dns.start_check()
        return dns, observer, Bound(addresses, dns.routes)


def _done(message: Any, dns: DnsHalf, observer: Observer) -> Any:
    """Settings are taken on, exchanges looked for; else it is asked what was done."""
    if isinstance(message, Search):
        return list(observer.find(message.wanted, message.limit))
    if not isinstance(message, Settings):
        return _report(dns, observer)
    try:
        return dns.take_on(message)
    except SeamarkError as error:
        return error
    finally:
        logs.set_up(message.log_level)


def _report(dns: DnsHalf, observer: Observer) -> Report:
    log_lines = observer.lines
    return Report(
        observer.tally,
        {gauge: dict(read()) for gauge, read in observer.gauges.items()},
        observer.held,
        None
        if log_lines is None
        else Lines(log_lines.lines, log_lines.lost_waiting, log_lines.lost_writing),
        dns.vitals() | observer.vitals(),
        dns.addresses,
    )
