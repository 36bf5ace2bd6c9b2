"""One row of registrator's behaviour: what a container gives, in facts and flags.

The numbers are those of the project's compatibility reference. Where Seamark does better on
purpose, ``better`` says in a word why; all other rows are registrator's own behaviour. The host is
``host1``; an empty address stands for the node's own, which registrator resolved by itself.
"""

from dataclasses import dataclass, field
from typing import Any

from tests.registrar.inspect_output import inspect_output

ANY = "0.0.0.0"
REDIS = {"6379/tcp": [(ANY, 10000)]}
WEB = {"80/tcp": [(ANY, 8080)]}
TWO = {"443/tcp": [(ANY, 4443)], "80/tcp": [(ANY, 8000)]}
DNS = {"53/tcp": [(ANY, 53)], "53/udp": [(ANY, 53)]}


@dataclass(frozen=True)
class Vector:
    """``services`` are (id, name, address, port, tags, meta); ``checks`` go with the first."""

    number: int
    title: str
    ports: dict[str, Any]
    services: list[tuple[str, str, str, int, list[str], dict[str, str]]]
    facts: dict[str, Any] = field(default_factory=dict)
    flags: tuple[str, ...] = ()
    checks: list[dict[str, Any]] = field(default_factory=list)
    says: str = ""
    better: str = ""
    others: tuple[dict[str, Any], ...] = ()

    @property
    def documents(self) -> list[dict[str, Any]]:
        """What ``docker inspect`` prints for the container, and for those it leans on."""
        facts = {"env": [f"SERVICE_{entry}" for entry in self.facts.get("meta", ())]}
        facts |= {key: value for key, value in self.facts.items() if key != "meta"}
        return [inspect_output(self.ports, **facts), *self.others]


def service(
    service_id: str, name: str, port: int, *, address: str = "", tags: str = "", **meta: str
) -> tuple[str, str, str, int, list[str], dict[str, str]]:
    """One expected service; ``tags`` separated by blanks."""
    return service_id, name, address, port, tags.split(), meta


def redis(name: str = "redis", port: int = 80, **more: str) -> Any:
    """The service of container c1 on its port 80."""
    return service("host1:c1:80", name, port, **more)
