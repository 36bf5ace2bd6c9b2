"""When a service or the nodes change, without reading what they are then."""

from collections.abc import Mapping
from dataclasses import dataclass

from catalog.connection import NO_ENVIRONMENT, Connection, path_of
from catalog.failures import Purpose
from catalog.uri import AgentAddress
from catalog.watch import Watch

# An expression that no entry meets: of a long list, only its index is sent.
_NONE = 'Node == ""'
_NO_INSTANCE = 'Service.ID == ""'
# Consul takes whole seconds and adds a sixteenth; nobody waits for it so long.
SEEN_S = 1
_SERVICE = Purpose("watch a service", 'service_prefix "" { policy = "read" }')
_NODES = Purpose("watch the nodes", 'node_prefix "" { policy = "read" }')


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

    def of_service(self, name: str, index: int, datacenter: str = "") -> int:
        """Wait until the index of a service, its checks and nodes is past ``index``; the new one.

        The same one if nothing changed in WAIT_S; 0 if it went backwards. A service that there is
        not can be waited for. For 0 it is told at once, but by nobody who is still reading its log:
        after a restart that was seen to take up to 2 s, in which old answers are given.
        """
        return self._next(_service(name, datacenter), index)

    def of_nodes(self, index: int, datacenter: str = "") -> int:
        """The same of all nodes."""
        return self._next(_nodes(datacenter), index)

    def wait_for_service(self, name: str, index: int, datacenter: str = "") -> None:
        """Wait until who answers our DNS questions has seen that index too, or SEEN_S are over.

        The one above is the leader's. A server that follows learns of it up to a tenth of a second
        later, and answers from what it knows (Consul's `allow_stale`, true by default).
        """
        self._wait_for(_service(name, datacenter), index)

    def wait_for_nodes(self, index: int, datacenter: str = "") -> None:
        """The same of all nodes."""
        self._wait_for(_nodes(datacenter), index)

    def _next(self, what: "_What", index: int) -> int:
        query = what.query if index else what.query | {"consistent": ""}
        found, _ = Watch(self._connection).next(what.parts, what.purpose, index, **query)
        return found

    def _wait_for(self, what: "_What", index: int) -> None:
        path = path_of(*what.parts, **what.query, stale="", index=index - 1, wait=f"{SEEN_S}s")
        self._connection.wait(path, what.purpose, gone=(404,))


@dataclass(frozen=True, slots=True)
class _What:
    parts: tuple[str, ...]
    purpose: Purpose
    query: dict[str, str]


def _service(name: str, datacenter: str) -> _What:
    return _What(("health", "service", name), _SERVICE, _query(_NO_INSTANCE, datacenter))


def _nodes(datacenter: str) -> _What:
    return _What(("catalog", "nodes"), _NODES, _query(_NONE, datacenter))


def _query(none: str, datacenter: str) -> dict[str, str]:
    return {"filter": none, "dc": datacenter} if datacenter else {"filter": none}
