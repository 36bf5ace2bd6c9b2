"""The DNS half of a process: built from settings, and built anew while it answers."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from time import monotonic
from typing import NamedTuple

from catalog.embedded import EmbeddedCatalog
from catalog.uri import Registry
from dnsproxy.core.access import AllowList
from dnsproxy.core.clients import ClientLimits, Clients
from dnsproxy.core.endpoint import Endpoint
from dnsproxy.core.memory import Memory
from dnsproxy.edges.agent_check import AgentCheck
from dnsproxy.edges.loops import LoopWatch
from dnsproxy.edges.observer import Gauge, Observer, Reading
from dnsproxy.edges.upstreams import worst
from dnsproxy.edges.watches import Watches
from dnsproxy.errors import ListenError
from dnsproxy.proxy import DnsProxy, ProxyOptions
from dnsproxy.resolver import Resolver
from seamark.addresses import is_local, parse_endpoint
from seamark.consul_zones import Asking
from seamark.dns_settings import DnsSettings
from seamark.errors import SettingsError, StartError
from seamark.inherited import Inherited
from seamark.routes import Route
from seamark.settings import Settings
from seamark.zones import ZoneBuilder, memory_for

_MARK_BYTES = 16
_SECRET_BYTES = 16
# Replies that are ready take about as much as what they are made from; but only names in use are.
_READY_BYTES_PER_MIB = 256 * 1024


@dataclass(frozen=True, slots=True)
class Secrets:
    """By what our own questions and the cookies that we gave are known again; random bytes.

    Nobody guesses it, and nobody else's query is taken for ours.
    """

    mark: bytes = field(default_factory=lambda: secrets.token_bytes(_MARK_BYTES))
    cookies: bytes = field(default_factory=lambda: secrets.token_bytes(_SECRET_BYTES))


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the DNS half stands among for as long as the process runs.

    The catalog in this process or the registry's agent, whom to tell of what it does, CONSUL_*,
    the sockets that were handed to the process, and the secrets of all who answer with it.
    """

    catalog: EmbeddedCatalog | None
    agent: Registry | None
    observer: Observer
    environment: Mapping[str, str]
    sockets: Inherited
    secrets: Secrets = field(default_factory=Secrets)


class _Built(NamedTuple):
    listen: list[Endpoint]
    resolver: Resolver
    options: ProxyOptions
    memory: Memory
    routes: list[Route]
    check: AgentCheck | None
    watches: Watches | None


class DnsHalf:
    """The DNS proxy and who looks at the agent that it asks. Raises :class:`SettingsError`.

    Nothing is bound or asked before ``start``. ``routes`` say what is asked where.
    """

    def __init__(self, settings: Settings, around: Surroundings) -> None:
        self._around = around
        self._mark = around.secrets.mark
        self._settings = settings
        self._proxy: DnsProxy | None = None
        built = self._build(settings, memory_for(settings))
        around.sockets.refuse_others(built.listen)
        self._proxy = DnsProxy(
            built.listen,
            built.resolver,
            built.options,
            around.observer,
            Clients(around.secrets.cookies, client_limits(settings.dns)),
            around.sockets.bind,
        )
        self._hold(settings, built)

    def start(self) -> list[Endpoint]:
        """Bind and answer; returns where. Raises :class:`StartError`."""
        assert self._proxy is not None
        try:
            return self._proxy.start()
        except ListenError as error:
            raise StartError(str(error)) from error

    def start_check(self) -> None:
        """Begin to look at the agent, if there is one to look at."""
        if self._check is not None:
            self._check.start()

    def stop(self) -> None:
        """Take no more queries, finish those in flight, look no more."""
        assert self._proxy is not None
        self._proxy.stop()
        if self._check is not None:
            self._check.stop()
        if self._watches is not None:
            self._watches.stop()

    def vitals(self) -> dict[str, bool]:
        """What must go on as long as we do -> whether it does."""
        assert self._proxy is not None
        return self._proxy.vitals() | (self._check.vitals() if self._check is not None else {})

    def take_on(self, settings: Settings) -> list[str]:
        """Answer by other settings from now on; returns a line for each new route.

        Raises :class:`SettingsError` or :class:`StartError`; then everything is as it was.
        """
        assert self._proxy is not None
        built = self._build(settings, self._memory_of(settings))
        try:
            self._proxy.swap(built.listen, built.resolver, built.options)
        except ListenError as error:
            raise StartError(str(error)) from error
        self._proxy.clients.limits = client_limits(settings.dns)
        if self._check is not None:
            self._check.stop()
        if self._watches is not None:
            self._watches.stop()
        before = self.routes
        self._hold(settings, built)
        self.start_check()
        return [str(route) for route in self.routes if route not in before]

    def _hold(self, settings: Settings, built: _Built) -> None:
        self._settings = settings
        self._memory = built.memory
        self.routes = built.routes
        self._check = built.check
        self._watches = built.watches
        self._around.observer.gauges |= _memory_gauges(built.memory)
        self._around.observer.gauges |= _upstream_gauges(built.options)
        if built.watches is not None:
            self._around.observer.gauges[Gauge.WATCHES] = built.watches.counts

    def _build(self, settings: Settings, memory: Memory) -> _Built:
        listen = listen_addresses(settings, self._around.sockets)
        around = self._around
        asking = Asking(
            around.observer.upstream, self._mark, around.environment, around.observer.mismatched
        )
        # Where we answer already, nobody else does: our own address is no upstream. These come
        # first, for of a wildcard's addresses one that is held is taken to be somebody else's.
        ours = [*(address for address in self.addresses if _covers(listen, address)), *listen]
        builder = ZoneBuilder(settings, ours, asking, memory)
        resolver = Resolver(builder.views(around.catalog, around.agent).of)
        options = ProxyOptions(
            _allow(settings),
            builder.asked,
            settings.dns.edns_size,
            self._mark,
            # Consul's agents are not looked at: they ask us where we are their recursor, and their
            # questions carry our mark.
            LoopWatch(builder.forwarded),
            builder.groups,
            settings.dns.memory_mib * _READY_BYTES_PER_MIB,
        )
        return _Built(
            listen, resolver, options, memory, builder.routes, builder.check, builder.watches
        )

    @property
    def addresses(self) -> list[Endpoint]:
        """Where it answers now."""
        return self._proxy.addresses if self._proxy is not None else []

    def _memory_of(self, settings: Settings) -> Memory:
        """What is remembered, in a memory of the size that is set now."""
        if settings.dns.memory_mib == self._settings.dns.memory_mib:
            return self._memory
        memory = memory_for(settings)
        for old, new in (
            (self._memory.answers, memory.answers),
            (self._memory.denials, memory.denials),
        ):
            for key, entry in old.entries.items():
                new.add(key, entry, monotonic())
        return memory


def client_limits(dns: DnsSettings) -> ClientLimits:
    """How much one client gets."""
    return ClientLimits(
        dns.rate_limit, dns.rate_limit_private, dns.client_in_flight, dns.client_connections
    )


def _memory_gauges(memory: Memory) -> dict[Gauge, Reading]:
    shelves = {"answers": memory.answers, "denials": memory.denials}
    return {
        Gauge.MEMORY_BYTES: lambda: {kind: shelf.bytes for kind, shelf in shelves.items()},
        Gauge.MEMORY_LIMIT_BYTES: lambda: {
            kind: shelf.max_bytes for kind, shelf in shelves.items()
        },
        Gauge.MEMORY_ENTRIES: lambda: {
            **{kind: len(shelf.entries) for kind, shelf in shelves.items()},
            "failures": len(memory.failures.shelf.entries),
        },
    }


def _upstream_gauges(options: ProxyOptions) -> dict[Gauge, Reading]:
    def sick() -> dict[str, float]:
        return worst(options.groups, lambda group, server: group.health.is_sick(server))

    return {Gauge.UPSTREAM_SICK: sick, Gauge.UPSTREAM_LOOPED: options.loops.looped}


def _covers(listen: list[Endpoint], address: Endpoint) -> bool:
    return any(
        wanted.is_wildcard and wanted.is_ipv6 == address.is_ipv6 and wanted.port == address.port
        for wanted in listen
    )


def listen_addresses(settings: Settings, sockets: Inherited) -> list[Endpoint]:
    """Where to answer: as is set, or on what was handed over. Raises SettingsError."""
    default = settings.dns.listen == DnsSettings().listen
    if default and sockets.addresses:
        return sockets.addresses
    listen = [parse_endpoint(text, "listen") for text in settings.dns.listen]
    if not listen:
        raise SettingsError("listen: no address to answer on", "name one with --listen ADDR:PORT")
    if len(set(listen)) < len(listen):
        raise SettingsError("listen: an address stands twice", "name each once")
    if default and not is_local("::"):
        # A host without IPv6: the default's second half means nothing here.
        listen = [address for address in listen if address.host != "::"]
    return listen


def _allow(settings: Settings) -> AllowList:
    try:
        return AllowList(settings.dns.allow)
    except ValueError as error:
        raise SettingsError(f"allow: {error}", "write networks as `10.0.0.0/8`") from error
