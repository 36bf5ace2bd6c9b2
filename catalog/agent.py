"""A Consul agent: the services of its node."""

from collections.abc import Mapping

from catalog import bodies
from catalog.bodies import CHECKS, registration, ttl_check_id
from catalog.connection import NO_ENVIRONMENT, Connection, path_of
from catalog.errors import CatalogError, CatalogRefused
from catalog.failures import Purpose
from catalog.model import Service, Status
from catalog.uri import AgentAddress
from catalog.watch import OwnNode, Watch

_READ = Purpose("read the services", 'service_prefix "" { policy = "read" }')
_WRITE = 'service "ITS NAME" { policy = "write" }'
_READ_CHECKS = Purpose("read the checks", 'service_prefix "" { policy = "read" }')


class ConsulAgent:
    """The services of one Consul agent; a :class:`~catalog.model.SharedCatalog`.

    ``environment`` holds CONSUL_*, as Consul's own tools know them. Constructing it opens no
    connection; it raises :class:`~catalog.errors.ConnectionSettingsError` if the environment
    names a file that cannot be used.
    """

    def __init__(
        self, address: AgentAddress, environment: Mapping[str, str] = NO_ENVIRONMENT
    ) -> None:
        self._connection = Connection(address, environment)
        self._node = OwnNode(self._connection)
        self._watch = Watch(self._connection)

    @property
    def location(self) -> str:
        """Where it is, for people."""
        return self._connection.location

    def services(self) -> dict[str, Service]:
        """All services of the agent by id; our mark of checks only where they are all there."""
        reply = self._connection.get(path_of("agent", "services"), _READ)
        with self._connection.reading(_READ):
            found = reply.json().items()
            services = {service_id: bodies.parse_service(body) for service_id, body in found}
        if not any(CHECKS in service.meta for service in services.values()):
            return services
        reply = self._connection.get(path_of("agent", "checks"), _READ_CHECKS)
        with self._connection.reading(_READ_CHECKS):
            return bodies.without_lost_checks(services, reply.json())

    def health(self) -> dict[str, Status]:
        """How each service is that has checks, by id: the worst of them; under "" the node's own.

        Raises CatalogError.
        """
        reply = self._connection.get(path_of("agent", "checks"), _READ_CHECKS)
        with self._connection.reading(_READ_CHECKS):
            return bodies.health(reply.json())

    def register(self, service: Service) -> None:
        """Create the service, or replace the one with its id, its checks included.

        An id that the agent could never deregister is refused here.
        """
        purpose = Purpose(f"register `{service.id}`", _WRITE.replace("ITS NAME", service.name))
        self._refuse_irremovable(service.id, purpose)
        # Without it an agent keeps the checks that the service had before.
        path = path_of("agent", "service", "register", **{"replace-existing-checks": "true"})
        self._connection.put(path, purpose, registration(service), service.token)

    def kept(self, service: Service) -> Service:
        """The service as ``services`` gives it back: a mark for its checks, no token."""
        return bodies.kept(service)

    def deregister(self, service_id: str, token: str = "") -> None:
        """Remove the service; one that is gone is no error."""
        purpose = Purpose(f"deregister `{service_id}`", _WRITE)
        self._refuse_irremovable(service_id, purpose)
        path = path_of("agent", "service", "deregister", service_id)
        try:
            self._connection.put(path, purpose, token=token, gone=(404,))
        except CatalogRefused as error:
            # Consul 1.8 with ACLs has no 404.
            if error.status != 500 or "Unknown service" not in str(error):
                raise

    def wait_for_change(self, index: int) -> int:
        """Block until the node's services may have changed since ``index``; the next index.

        0 comes back when the index went backwards, and as an argument returns at once.
        """
        try:
            node = self._node.get().name
            rule = f'node "{node}" {{ policy = "read" }}'
            purpose = Purpose(f"watch the node `{node}`", rule)
            following, body = self._watch.next(("catalog", "node", node), purpose, index)
            if body.strip() == "null":
                # What a token may not see is left out, without a word.
                raise CatalogRefused(
                    f"{self.location} refused to {purpose.words}: the catalog has no such node; "
                    f"is it just starting, or has the token no {rule}?"
                )
        except CatalogError:
            self._node.forget()
            raise
        return following

    def node_address(self) -> str:
        """The address of the node that an empty service address stands for."""
        return self._node.get().address

    def heartbeat(self, service_id: str, token: str = "") -> None:
        """Pass the check that the service has under :func:`~catalog.bodies.ttl_check_id`."""
        purpose = Purpose(f"take the heartbeat of `{service_id}`", _WRITE)
        self._refuse_irremovable(service_id, purpose)
        path = path_of("agent", "check", "pass", ttl_check_id(service_id))
        self._connection.put(path, purpose, token=token)

    def _refuse_irremovable(self, service_id: str, purpose: Purpose) -> None:
        why = bodies.why_irremovable(service_id)
        if why:
            raise CatalogRefused(
                f"{self.location} could not {purpose.words}: no agent removes a service by such "
                f"an id: {why}; choose another"
            )
