"""When something in a catalog changes, without reading what it is then."""

from collections.abc import Mapping
from dataclasses import dataclass

from catalog.connection import NO_ENVIRONMENT, Connection, path_of
from catalog.failures import Purpose
from catalog.uri import AgentAddress
from catalog.watch import Watch

# Consul takes whole seconds and adds a sixteenth; nobody waits for it so long.
SEEN_S = 1
_SERVICE = Purpose("watch a service", 'service_prefix "" { policy = "read" }')
_SERVICES = Purpose("watch the services", 'service_prefix "" { policy = "read" }')
_NODES = Purpose("watch the nodes", 'node_prefix "" { policy = "read" }')


@dataclass(frozen=True, slots=True)
class Watched:
    """What can be waited for. ``none`` is an expression that no entry of it meets.

    Of a long list only its index is sent then.
    """

    parts: tuple[str, ...]
    purpose: Purpose
    none: str = ""
    datacenter: str = ""

    @property
    def query(self) -> dict[str, str]:
        """What follows the path."""
        found = {"filter": self.none, "dc": self.datacenter}
        return {key: value for key, value in found.items() if value}


def service(name: str, datacenter: str = "") -> Watched:
    """The instances of one, their checks and their nodes. There need be none."""
    return Watched(("health", "service", name), _SERVICE, 'Service.ID == ""', datacenter)


def nodes(datacenter: str = "") -> Watched:
    """All nodes."""
    return Watched(("catalog", "nodes"), _NODES, 'Node == ""', datacenter)


def services() -> Watched:
    """All instances of all services: what is told of them is their names and tags."""
    return Watched(("catalog", "services"), _SERVICES)


def checks() -> Watched:
    """All checks, of nodes and of services."""
    return Watched(("health", "state", "any"), _SERVICES, 'CheckID == ""')


class Changes:
    """Waits for changes at the agent at ``address``, up to ``most`` at once.

    Raises :class:`~catalog.errors.ConnectionSettingsError` if the environment names a file that
    cannot be used. Every call raises CatalogUnavailable or CatalogRefused, as
    :class:`~catalog.connection.Connection` does.
    """

    def __init__(
        self,
        address: AgentAddress,
        environment: Mapping[str, str] = NO_ENVIRONMENT,
        most: int = 10,
    ) -> None:
        self._connection = Connection(address, environment, most)

    def next(self, what: Watched, index: int) -> int:
        """Wait until its index is past ``index``; the new one.

        The same one if nothing changed in WAIT_S; 0 if it went backwards. For 0 it is told at once,
        but by nobody who is still reading its log: after a restart that was seen to take up to 2 s,
        in which old answers are given.
        """
        query = what.query if index else what.query | {"consistent": ""}
        found, _ = Watch(self._connection).next(what.parts, what.purpose, index, **query)
        return found

    def wait_for(self, what: Watched, index: int) -> bool:
        """Wait until who answers our DNS questions has seen that index too, or SEEN_S are over.

        Whether it has. A server that was away hears of nothing for some seconds more: the leader
        tries it less and less often. Until then it answers that there is nothing.

        The one above is the leader's. A server that follows learns of it up to a tenth of a second
        later, and answers from what it knows (Consul's `allow_stale`, true by default).
        """
        path = path_of(*what.parts, **what.query, stale="", index=index - 1, wait=f"{SEEN_S}s")
        reply = self._connection.wait(path, what.purpose, gone=(404,))
        # What is not there has none.
        return not reply.index or reply.index >= index
