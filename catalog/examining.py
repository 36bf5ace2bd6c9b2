"""What an agent tells of itself and of our rights there, without a change to anything."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from catalog.connection import NO_ENVIRONMENT, Connection, path_of
from catalog.failures import Purpose
from catalog.model import AgentFacts
from catalog.uri import AgentAddress
from catalog.watch import SELF

_LEADER = Purpose("tell its leader", "no rule at all")
_RIGHTS = Purpose("tell the rights of the token", "no rule at all")
# Without ACLs everybody may do everything; releases before 1.7 cannot be asked.
_NO_ACLS, _UNKNOWN = 401, 404


@dataclass(frozen=True, slots=True)
class Standing:
    """An agent: ``facts`` as for those who ask it over DNS, its node's name and its datacenter."""

    facts: AgentFacts
    node: str
    datacenter: str


class Examiner:
    """Asks the agent at ``address``; raises as :class:`~catalog.connection.Connection` does."""

    def __init__(
        self, address: AgentAddress, environment: Mapping[str, str] = NO_ENVIRONMENT
    ) -> None:
        self._connection = Connection(address, environment)

    def standing(self) -> Standing:
        """What it says of itself."""
        reply = self._connection.get(path_of("agent", "self"), SELF)
        with self._connection.reading(SELF):
            said = reply.json()
            config = said["Config"]
            facts = AgentFacts(str(config["Version"]), str(said["DebugConfig"]["DNSDomain"]))
            return Standing(facts, str(config["NodeName"]), str(config["Datacenter"]))

    def leader(self) -> str:
        """The leader of its servers, ``10.0.0.1:8300``; empty if they have none."""
        reply = self._connection.get(path_of("status", "leader"), _LEADER)
        with self._connection.reading(_LEADER):
            return str(reply.json())

    def denied(self, resource: str, names: Iterable[str]) -> list[str] | None:
        """Which of these services or keys our token may not write; None if it cannot tell."""
        asked = [{"Resource": resource, "Segment": name, "Access": "write"} for name in names]
        path = path_of("internal", "acl", "authorize")
        reply = self._connection.ask(path, _RIGHTS, asked, gone=(_NO_ACLS, _UNKNOWN))
        if reply.status == _UNKNOWN:
            return None
        if reply.status == _NO_ACLS:
            return []
        with self._connection.reading(_RIGHTS):
            return [str(right["Segment"]) for right in reply.json() if not right["Allow"]]
