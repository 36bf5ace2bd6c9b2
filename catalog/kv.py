"""Services as keys of Consul's key/value store, as registrator's consulkv writes them."""

import base64
import dataclasses
import json
from collections.abc import Mapping
from typing import Any

from catalog.connection import NO_ENVIRONMENT, Connection, path_of
from catalog.errors import CatalogError, CatalogRefused
from catalog.failures import Purpose
from catalog.model import Service
from catalog.uri import AgentAddress
from catalog.watch import OwnNode, Watch

# Beside the prefix, since whoever reads the keys expects nothing but addresses there.
_MARKS = ".seamark"
# What a mark holds, and the Meta that it is for a registrar.
_MARKED = (("owner", "seamark-owner"), ("container", "seamark-container"))


class ConsulKv:
    """Keys ``<prefix>/<name>/<id>`` with the value ``ip:port``, IPv6 in brackets.

    A :class:`~catalog.model.SharedCatalog`; hosts share the prefix, so ids must be unique in it.
    Whose a key is stands under the same key below ``.seamark/``. Constructing it opens no
    connection; it raises as :class:`~catalog.connection.Connection` does.
    """

    def __init__(
        self,
        address: AgentAddress,
        prefix: str,
        environment: Mapping[str, str] = NO_ENVIRONMENT,
    ) -> None:
        self._connection = Connection(address, environment)
        self._node = OwnNode(self._connection)
        self._watch = Watch(self._connection)
        self._prefix = prefix.strip("/")
        # Under which key below the prefix a service is, by its id.
        self._keys: dict[str, str] = {}
        self._node_address = ""

    @property
    def location(self) -> str:
        """Where it is, for people."""
        return f"{self._connection.location}, keys below {self._prefix}/"

    def services(self) -> dict[str, Service]:
        """All services below the prefix by id, of all hosts.

        A key of somebody else is split at its first slash; where two have the same id, one that is
        marked counts. A value that is no address is no service.
        """
        self._node_address = self.node_address()
        purpose = self._purpose("read the keys", "read")
        trees = [self._key(""), self._key("", _MARKS)]
        operations = [{"Verb": "get-tree", "Key": key} for key in trees]
        reply = self._transaction(operations, purpose)
        with self._connection.reading(purpose):
            found = {
                entry["KV"]["Key"]: base64.b64decode(entry["KV"]["Value"] or "").decode(
                    errors="replace"
                )
                for entry in reply["Results"] or ()
            }
        services: dict[str, Service] = {}
        self._keys = {}
        for key, mark in self._below(found, trees):
            service = _parse(key, found[trees[0] + key], mark)
            if service is not None and (mark or service.id not in services):
                services[service.id] = service
                self._keys[service.id] = key
        return services

    def register(self, service: Service) -> None:
        """Write the key of the service and its mark at once, and remove the one it had."""
        purpose = self._purpose(f"register `{service.id}`", "write")
        if not service.id or not service.name:
            raise CatalogRefused(f"{self.location}: a service needs a name and an id")
        wanted = self._with_address(service, self.node_address())
        key = f"{service.name}/{service.id}"
        former = self._keys.get(service.id, key)
        operations = [_set(self._key(key), _value(wanted))]
        mark = {name: service.meta[meta] for name, meta in _MARKED if meta in service.meta}
        if mark:
            body = json.dumps(mark | {"name": service.name, "id": service.id})
            operations.append(_set(self._key(key, _MARKS), body))
        else:
            operations.append(_delete(self._key(key, _MARKS)))
        if former != key:
            operations += [_delete(self._key(former)), _delete(self._key(former, _MARKS))]
        self._transaction(operations, purpose, service.token)
        self._keys[service.id] = key

    def kept(self, service: Service) -> Service:
        """The service with what a key holds of it: name, id, address, port, and whose it is.

        An empty address is the node's, as ``services`` last found it.
        """
        meta = {key: service.meta[key] for _, key in _MARKED if key in service.meta}
        bare = Service(
            id=service.id, name=service.name, address=service.address, port=service.port, meta=meta
        )
        return self._with_address(bare, self._node_address)

    def deregister(self, service_id: str, token: str = "") -> None:
        """Remove the key and its mark; one that is gone is no error."""
        if service_id not in self._keys:
            self.services()
        key = self._keys.get(service_id)
        if key is None:
            return
        purpose = self._purpose(f"deregister `{service_id}`", "write")
        operations = [_delete(self._key(key)), _delete(self._key(key, _MARKS))]
        self._transaction(operations, purpose, token)
        del self._keys[service_id]

    def wait_for_change(self, index: int) -> int:
        """Block until a key below the prefix may have changed since ``index``; the next index.

        0 comes back when the index went backwards, and as an argument returns at once. Consul wakes
        nobody when a folder above the prefix is deleted as a whole.
        """
        purpose = self._purpose("watch the keys", "read")
        try:
            return self._watch.next(("kv", self._key("")), purpose, index, keys="")[0]
        except CatalogError:
            self._node.forget()
            raise

    def node_address(self) -> str:
        """The address of the agent's node, written where a service has none of its own."""
        return self._node.get().address

    def heartbeat(self, service_id: str, token: str = "") -> None:
        """Nothing: a key has no health, and one that went away by itself would be put back."""

    def _key(self, key: str, *above: str) -> str:
        return "/".join((*above, self._prefix, key))

    def _purpose(self, words: str, policy: str) -> Purpose:
        keys = (self._key(""), self._key("", _MARKS))
        rules = [f'key_prefix "{key}" {{ policy = "{policy}" }}' for key in keys]
        return Purpose(words, " and ".join(rules))

    def _transaction(
        self, operations: list[dict[str, str]], purpose: Purpose, token: str = ""
    ) -> Any:
        body = [{"KV": operation} for operation in operations]
        reply = self._connection.put(path_of("txn"), purpose, body, token)
        with self._connection.reading(purpose):
            return reply.json()

    @staticmethod
    def _below(found: Mapping[str, str], trees: list[str]) -> list[tuple[str, str]]:
        """The keys below the prefix, each with the text of its mark; the marked ones last."""
        values, marks = trees
        keys = [key.removeprefix(values) for key in found if key.startswith(values)]
        pairs = [(key, found.get(marks + key, "")) for key in keys]
        return sorted(pairs, key=lambda pair: (bool(pair[1]), pair[0]))

    @staticmethod
    def _with_address(service: Service, address: str) -> Service:
        return service if service.address else dataclasses.replace(service, address=address)


def _parse(key: str, value: str, mark: str) -> Service | None:
    host, _, port = value.rpartition(":")
    name, _, service_id = key.partition("/")
    if not host or not port.isdecimal() or not service_id:
        return None
    found = _read_mark(mark)
    if f"{found.get('name')}/{found.get('id')}" == key:
        name, service_id = found["name"], found["id"]
    else:
        found = {}
    return Service(
        id=service_id,
        name=name,
        address=host[1:-1] if host.startswith("[") else host,
        port=int(port),
        meta={meta: found[field] for field, meta in _MARKED if field in found},
    )


def _read_mark(text: str) -> dict[str, str]:
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    if not isinstance(found, dict):
        return {}
    return {key: value for key, value in found.items() if isinstance(value, str)}


def _value(service: Service) -> str:
    host = f"[{service.address}]" if ":" in service.address else service.address
    return f"{host}:{service.port}"


def _set(key: str, text: str) -> dict[str, str]:
    return {"Verb": "set", "Key": key, "Value": base64.b64encode(text.encode()).decode()}


def _delete(key: str) -> dict[str, str]:
    return {"Verb": "delete", "Key": key}
