"""``GET /api/export``: the embedded catalog as a configuration of Consul's agent.

For the day that a second host comes; :mod:`seamark.exporting` writes it down.
"""

import json
from collections.abc import Callable, Iterator
from typing import Any

import falcon
import msgspec

from catalog.definitions import exported
from catalog.embedded import EmbeddedCatalog
from seamark.dns_settings import DnsSettings
from seamark.settings import Settings
from seamark.tuning import unhurried

# To write so many takes less than a millisecond; then DNS has its turn.
_PORTION = 100


class Export:
    """The resource: how an agent is to be configured to give the same answers. Read-only.

    ``settings`` are those in force.
    """

    def __init__(self, settings: Callable[[], Settings], catalog: EmbeddedCatalog) -> None:
        self._settings = settings
        self._catalog = catalog

    def on_get(self, request: falcon.Request, response: falcon.Response) -> None:
        """One JSON object, a service a line."""
        response.content_type = "application/json"
        response.stream = self._lines()

    def _lines(self) -> Iterator[bytes]:
        head = json.dumps(_agent(self._settings(), self._catalog), indent=2)
        yield head.removesuffix("\n}").encode() + b',\n  "services": ['
        services = sorted(self._catalog.services().values(), key=lambda service: service.id)
        for number, document in enumerate(unhurried(exported(services), _PORTION)):
            yield (b",\n    " if number else b"\n    ") + json.dumps(document).encode()
        yield b"\n  ]\n}\n"


def _agent(settings: Settings, catalog: EmbeddedCatalog) -> dict[str, Any]:
    """What of an agent's configuration is in the answers; what Consul has anyway is left out."""
    node = catalog.node
    found: dict[str, Any] = {"node_name": node.name, "advertise_addr": node.address}
    if settings.catalog.node_meta:
        found["node_meta"] = dict(settings.catalog.node_meta)
    if settings.dns.domain != DnsSettings().domain:
        found["domain"] = settings.dns.domain
    if settings.dns.alt_domain:
        found["alt_domain"] = settings.dns.alt_domain
    given = msgspec.to_builtins(settings.dns_config)
    usual = msgspec.to_builtins(Settings().dns_config)
    told = {key: value for key, value in given.items() if value != usual[key]}
    return found | ({"dns_config": told} if told else {})
