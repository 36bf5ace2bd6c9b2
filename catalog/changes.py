"""When a service or the nodes change, without reading what they are then."""

from collections.abc import Mapping

from catalog.connection import NO_ENVIRONMENT, Connection
from catalog.failures import Purpose
from catalog.uri import AgentAddress
from catalog.watch import Watch

# An expression that no entry meets: of a long list, only its index is sent.
_NONE = 'Node == ""'
_NO_INSTANCE = 'Service.ID == ""'
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
        not can be waited for.
        """
        return self._next(("health", "service", name), _SERVICE, index, datacenter, _NO_INSTANCE)

    def of_nodes(self, index: int, datacenter: str = "") -> int:
        """The same of all nodes."""
        return self._next(("catalog", "nodes"), _NODES, index, datacenter, _NONE)

    def _next(
        self, parts: tuple[str, ...], purpose: Purpose, index: int, datacenter: str, none: str
    ) -> int:
        query: dict[str, str | int] = {"filter": none}
        if datacenter:
            query["dc"] = datacenter
        found, _ = Watch(self._connection).next(parts, purpose, index, **query)
        return found
