"""Hosts in network namespaces: several addresses, several networks, and nobody else's machine."""

import ctypes
import json
import os
import secrets
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TypeVar

from tests.lab.shell import LabError, run

T = TypeVar("T")

_CLONE_NEWNET = 0x40000000


class Namespace:
    """One host. Its processes are started with ``prefix`` in front; its sockets by `socket`."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.prefix: tuple[str, ...] = ("ip", "netns", "exec", name)

    def ip(self, command: str) -> str:
        """Run iproute2's ip there; what it lists comes as JSON."""
        return run(["ip", "-json", "-n", self.name, *command.split()], timeout=10).stdout

    def inside(self, function: Callable[[], T]) -> T:
        """Call a function there, in a thread; a socket that it makes stays there for ever."""
        results: list[T] = []
        errors: list[BaseException] = []

        def call() -> None:
            try:
                with Path("/run/netns", self.name).open() as namespace:
                    enter(namespace.fileno())
                results.append(function())
            except BaseException as error:  # noqa: BLE001  (raised again where it was called)
                errors.append(error)

        thread = threading.Thread(target=call)
        thread.start()
        thread.join()
        if errors:
            raise errors[0]
        return results[0]

    def socket(self, family: socket.AddressFamily, kind: socket.SocketKind) -> socket.socket:
        """A socket there, with a time limit that only a fault reaches."""
        made = self.inside(lambda: socket.socket(family, kind))
        made.settimeout(5)
        return made

    def link_local(self, device: str) -> str:
        """The IPv6 address that an interface gave itself; empty if it has none yet."""
        for address in self.addresses(device):
            if address["scope"] == "link" and not address.get("tentative"):
                return str(address["local"])
        return ""

    def addresses(self, device: str) -> list[dict[str, object]]:
        """The IPv6 addresses of an interface, as `ip -json` has them."""
        links = json.loads(self.ip(f"-6 address show dev {device}"))
        return [address for link in links for address in link.get("addr_info", ())]

    def opened(self, port: int) -> set[str]:
        """The sockets there that listen on a port: ``udp 10.77.1.1``."""
        said = run([*self.prefix, "ss", "-H", "-uln", "-t", f"sport = :{port}"], timeout=10).stdout
        lines = [line.split() for line in said.splitlines()]
        return {f"{line[0]} {line[4].rpartition(':')[0].strip('[]')}" for line in lines}

    def accept_dad(self, value: int) -> None:
        """Whether (1 or 0) new interfaces look for doubles of their IPv6 addresses first."""
        setting = Path("/proc/sys/net/ipv6/conf/default/accept_dad")
        self.inside(lambda: setting.write_text(str(value)))


def enter(namespace: int) -> None:
    """Move the calling thread into a network namespace, given as an open file."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.setns(namespace, _CLONE_NEWNET):
        code = ctypes.get_errno()
        raise LabError(f"cannot enter a network namespace: {os.strerror(code)}; run as root")


def host_prefix(namespace: str, name: str) -> tuple[str, ...]:
    """What starts a command in a network namespace, under a host name of its own.

    `ip netns exec` would do for the network alone, but it mounts a /sys of its own over the
    cgroups, which dockerd needs. What the command starts has the name too.
    """
    inside = ("nsenter", f"--net=/run/netns/{namespace}", "unshare", "--uts")
    return (*inside, "sh", "-c", 'hostname "$0" && exec "$@"', name)


def added(name: str, stack: ExitStack) -> Namespace:
    """A new one, with its loopback up; it goes with the stack."""
    run(["ip", "netns", "add", name], timeout=10)
    stack.callback(run, ["ip", "netns", "delete", name], timeout=10, check=False)
    namespace = Namespace(name)
    namespace.ip("link set lo up")
    return namespace


class House:
    """A host in the middle of networks of its own, a client on each.

    Network N is 10.77.N.0/24 and fd77:N::/64; the host is .1 and ::1 there, on interface netN, and
    the client is .2 and ::2, and knows the host as its way to everywhere else.
    """

    def __init__(self, stack: ExitStack) -> None:
        self._stack = stack
        self._mark = secrets.token_hex(3)
        self.host = self._namespace("host")
        self.clients: dict[int, Namespace] = {}

    def add_network(self, number: int) -> Namespace:
        """Returns its client."""
        client = self.clients[number] = self._namespace(f"c{number}")
        link = f"link add net{number} type veth peer name eth0 netns {client.name}"
        for command in (link, f"link set net{number} up"):
            self.host.ip(command)
        for command in (
            f"address add 10.77.{number}.2/24 dev eth0",
            f"address add fd77:{number}::2/64 dev eth0 nodad",
            "link set eth0 up",
            f"route add default via 10.77.{number}.1",
            f"-6 route add default via fd77:{number}::1",
        ):
            client.ip(command)
        self.host.ip(f"address add 10.77.{number}.1/24 dev net{number}")
        self.host.ip(f"address add fd77:{number}::1/64 dev net{number} nodad")
        return client

    def remove_network(self, number: int) -> None:
        """The host's interface goes, and the client with it."""
        self.host.ip(f"link delete net{number}")
        run(["ip", "netns", "delete", self.clients.pop(number).name], timeout=10)

    def _namespace(self, role: str) -> Namespace:
        namespace = added(f"seamark-{self._mark}-{role}", self._stack)
        namespace.accept_dad(0)
        return namespace


@contextmanager
def house(networks: int) -> Iterator[House]:
    """A host with networks 1 to ``networks``; all of it is gone afterwards."""
    with ExitStack() as stack:
        made = House(stack)
        for number in range(1, networks + 1):
            made.add_network(number)
        yield made
