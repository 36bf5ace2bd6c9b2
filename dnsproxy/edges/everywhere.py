"""Every local address by itself, where somebody holds a few of them and so bars the wildcard.

systemd-resolved on 127.0.0.53 or a dnsmasq on one bridge must not keep us from all the others.
What the kernel does for a wildcard is done here by hand: an address that comes is answered on, one
that goes is closed, and one that was held is taken over when its holder has gone.
"""

import functools
import logging
import math
import socket
from collections.abc import Collection
from pathlib import Path
from time import monotonic

import gevent
from gevent.event import Event

from dnsproxy.core.endpoint import Endpoint
from dnsproxy.core.netlink import LocalAddress
from dnsproxy.edges.answerer import Answerer, Room
from dnsproxy.edges.binding import Bind, bound, held_by
from dnsproxy.edges.holders import holders, hosts_held
from dnsproxy.edges.links import AddressWatch, local_addresses
from dnsproxy.edges.listeners import Listener
from dnsproxy.errors import AddressHeld, ListenError

log = logging.getLogger("dnsproxy")

LOOK_S = 2.0
# A daemon that is restarted finds its address as it left it.
GRACE_S = 2.0
_CLOSE_LOOK_S = 0.2
# A container's start is a burst of changes: one look for all of them.
_SETTLE_S = 0.05
_INTERFACES = Path("/sys/class/net")
_bound_ahead = functools.partial(bound, ahead=True)


def listen_on(
    address: Endpoint,
    answerer: Answerer,
    leave: Collection[Endpoint] = (),
    room: Room | None = None,
    bind: Bind = bound,
) -> "Listener | EachAddress":
    """Of a wildcard that is held in part, all the rest. Raises :class:`ListenError`.

    ``leave``: see :class:`EachAddress`.
    """
    room = room or Room()
    try:
        return Listener(address, answerer, room, bind)
    except AddressHeld:
        if not address.is_wildcard:
            raise
        each = _what_is_left(address, answerer, leave, room)
        if each is None:
            raise
        return each


def _what_is_left(
    wildcard: Endpoint, answerer: Answerer, leave: Collection[Endpoint], room: Room
) -> "EachAddress | None":
    """None if nothing is."""
    try:
        each = EachAddress(wildcard, answerer, leave, room)
    except OSError as error:
        log.warning("%s: cannot list this host's addresses: %s", wildcard, error)
        return None
    if each.addresses:
        return each
    each.stop(0)
    return None


class EachAddress:
    """Listens on each address of a wildcard's family, and follows what comes and goes.

    ``leave``: addresses never to be taken, because our own questions go there. Raises OSError if
    the addresses cannot be listed. ``addresses`` is empty if all of them are held.
    """

    def __init__(
        self,
        wildcard: Endpoint,
        answerer: Answerer,
        leave: Collection[Endpoint] = (),
        room: Room | None = None,
    ) -> None:
        self._wildcard = wildcard
        self._answerer = answerer
        self._leave = {(endpoint.host, endpoint.port) for endpoint in leave}
        self._version = 6 if wildcard.is_ipv6 else 4
        self._room = room or Room()
        self._listeners: dict[LocalAddress, Listener] = {}
        # Left out, and since when it has been free: inf while it is not.
        self._held: dict[LocalAddress, float] = {}
        self._started = False
        self._remarks: list[str] = []
        self._follower: gevent.Greenlet[[], None] | None = None
        self._wake = Event()
        # Subscribed before the first list is read, so that no change falls between them.
        self._watch = AddressWatch(self._version, self._wake.set)
        self._unlisted: list[LocalAddress] = []
        try:
            self._unlisted = self._held_but_not_listed()
            self._look()
        except OSError:
            self.stop(0)
            raise

    @property
    def addresses(self) -> Collection[Endpoint]:
        """Where it answers now."""
        return [listener.address for listener in self._listeners.values()]

    def vitals(self) -> dict[str, bool]:
        """What must go on as long as we do -> whether it does."""
        follows = self._follower is not None and not self._follower.ready()
        vitals = {f"addresses of {self._wildcard}": follows and self._watch.watches}
        for listener in self._listeners.values():
            vitals |= listener.vitals()
        return vitals

    def let_join(self, *, joined: bool) -> None:
        """Whether a listener that takes our place may be bound while we are."""
        for listener in self._listeners.values():
            listener.let_join(joined=joined)

    def start(self) -> None:
        """Begin to read, and to follow."""
        for listener in self._listeners.values():
            listener.start()
        self._started = True
        for remark in self._remarks:
            log.warning("%s", remark)
        self._watch.start()
        self._follower = gevent.spawn(self._follow)

    def stop(self, drain_s: float) -> None:
        """Follow and read no more; give what is in flight ``drain_s`` seconds."""
        if self._follower is not None:
            self._follower.kill()
        self._watch.stop()
        listeners = self._listeners.values()
        gevent.joinall([gevent.spawn(listener.stop, drain_s) for listener in listeners])
        self._listeners = {}

    def _follow(self) -> None:
        while True:
            self._wake.wait(_CLOSE_LOOK_S if self._is_one_free() else LOOK_S)
            gevent.sleep(_SETTLE_S)
            self._wake.clear()
            try:
                self._look()
            except OSError as error:
                log.warning("%s: cannot list this host's addresses: %s", self._wildcard, error)

    def _is_one_free(self) -> bool:
        """Whether an address waits out its grace: its holder may be back for a moment only."""
        return any(since < math.inf for since in self._held.values())

    def _look(self) -> None:
        """Compare what is with what should be. Raises OSError."""
        wanted = self._wanted()
        for address in [address for address in self._listeners if address not in wanted]:
            listener = self._listeners.pop(address)
            listener.abandon()
            log.info("DNS no longer on %s: the address is gone", listener.address)
        self._held = {address: free for address, free in self._held.items() if address in wanted}
        occupied = hosts_held(self._wildcard.port) if self._held else set()
        for address in wanted:
            if address not in self._listeners and self._may_try(address, occupied):
                self._try(address)

    def _wanted(self) -> list[LocalAddress]:
        listed = [
            address
            for address in local_addresses(self._version)
            # Nothing that arrives at a bridge's port is for the port: it is for the bridge.
            if not (address.interface and _is_bridge_port(address.interface))
        ]
        return list(dict.fromkeys([*listed, *self._unlisted]))

    def _held_but_not_listed(self) -> list[LocalAddress]:
        """127.0.0.53 is an address of this host like all of 127.0.0.0/8, and in no list of them."""
        listed = {address.host for address in local_addresses(self._version)}
        hosts = sorted(hosts_held(self._wildcard.port) - listed)
        return [LocalAddress(host) for host in hosts if self._is_here(host)]

    def _is_here(self, host: str) -> bool:
        if (":" in host) != self._wildcard.is_ipv6 or Endpoint(host).is_wildcard:
            return False
        family = socket.AF_INET6 if self._wildcard.is_ipv6 else socket.AF_INET
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            try:
                probe.bind((host, 0))
            except OSError:
                return False
        return True

    def _may_try(self, address: LocalAddress, occupied: set[str]) -> bool:
        """Whether it may be ours, and nobody has held it for a while."""
        if (address.host, self._wildcard.port) in self._leave:
            if address not in self._held:
                self._held[address] = math.inf
                who = holders("udp", self._wildcard.port, address.host) or "the server"
                self._say(f"{address.host} is left out: {who} there is asked as an upstream")
            return False
        if address not in self._held:
            return True
        if address.host in occupied:
            self._held[address] = math.inf
        else:
            self._held[address] = min(self._held[address], monotonic())
        return monotonic() - self._held[address] >= GRACE_S

    def _try(self, address: LocalAddress) -> None:
        try:
            endpoint = self._endpoint(address)
        except OSError:
            # Its interface went away since the list was made; so will it from the next list.
            return
        try:
            listener = Listener(endpoint, self._answerer, self._room, _bound_ahead)
        except ListenError as error:
            if address not in self._held:
                self._say(f"{endpoint} is left out: {_reason(endpoint, error)}")
            self._held[address] = math.inf
            return
        self._held.pop(address, None)
        self._listeners[address] = listener
        if self._started:
            listener.start()
            log.info("DNS also on %s", endpoint)

    def _say(self, remark: str) -> None:
        """Now, or when it is clear that we start at all."""
        if self._started:
            log.warning("%s", remark)
        else:
            self._remarks.append(remark)

    def _endpoint(self, address: LocalAddress) -> Endpoint:
        """As people write it: ``fe80::1%eth0``. Raises OSError if the interface is gone."""
        zone = f"%{socket.if_indextoname(address.interface)}" if address.interface else ""
        return Endpoint(address.host + zone, self._wildcard.port)


def _reason(endpoint: Endpoint, error: ListenError) -> str:
    if isinstance(error, AddressHeld):
        return f"{held_by(endpoint, 'udp', 'tcp')}; taken over when it is free"
    return f"{error}; tried again"


def _is_bridge_port(interface: int) -> bool:
    try:
        return (_INTERFACES / socket.if_indextoname(interface) / "brport").exists()
    except OSError:
        return False
