"""A host at home: one network card, an address of a router's, and nobody at the other end."""

from contextlib import ExitStack

from tests.lab.namespaces import Namespace, added
from tests.lab.shell import run

ADDRESS = "192.168.1.20"
ROUTER = "192.168.1.1"
_NETWORK = (
    "link add wlan0 type veth peer name air",
    "link set air up",
    f"address add {ADDRESS}/24 dev wlan0",
    "link set wlan0 up",
    f"route add default via {ROUTER}",
)


def home(name: str, stack: ExitStack) -> Namespace:
    """The namespace of that name; one that a run has left which was killed goes first."""
    if name in run(["ip", "netns", "list"], timeout=10).stdout.split():
        run(["ip", "netns", "delete", name], timeout=10)
    namespace = added(name, stack)
    for command in _NETWORK:
        namespace.ip(command)
    return namespace
