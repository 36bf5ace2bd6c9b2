"""What an agent says of itself and of its cluster, for those who ask it over DNS."""

from collections.abc import Mapping

from catalog.connection import NO_ENVIRONMENT, Connection, path_of
from catalog.failures import Purpose
from catalog.model import AgentFacts
from catalog.uri import AgentAddress
from catalog.watch import SELF

_DATACENTERS = Purpose("list the datacenters", "no rule at all")


class FactsReader:
    """Reads facts of the agent at ``address``; constructing it opens no connection.

    Raises :class:`~catalog.errors.ConnectionSettingsError` if the environment names a file that
    cannot be used. Every call raises CatalogUnavailable or CatalogRefused, as
    :class:`~catalog.connection.Connection` does.
    """

    def __init__(
        self, address: AgentAddress, environment: Mapping[str, str] = NO_ENVIRONMENT
    ) -> None:
        self._connection = Connection(address, environment)

    @property
    def location(self) -> str:
        """Where it is, for people."""
        return self._connection.location

    def agent(self) -> AgentFacts:
        """Facts of the agent. The domain is among its debug settings since 1.0."""
        reply = self._connection.get(path_of("agent", "self"), SELF)
        with self._connection.reading(SELF):
            said = reply.json()
            return AgentFacts(
                version=str(said["Config"]["Version"]),
                domain=str(said["DebugConfig"]["DNSDomain"]),
            )

    def datacenters(self) -> frozenset[str]:
        """The datacenters that its servers know, its own among them. Needs no token."""
        reply = self._connection.get(path_of("catalog", "datacenters"), _DATACENTERS)
        with self._connection.reading(_DATACENTERS):
            return frozenset(str(name) for name in reply.json())
