"""What the registrar's end-to-end tests share: a registrar between a real engine and Consul."""

from typing import Any

from tests.commands import Running
from tests.lab.consul import ConsulAgent
from tests.lab.engine import Engine
from tests.lab.fixtures import Containers

HOST = "node3"
# A comparison of everything each second: the tests break things that no event tells of.
RESYNC_S = "1"
# Several of those, and less than the ten seconds between two comparisons that nobody asked for.
MENDED_S = 8.0


def registrar(engine: Engine, agent: ConsulAgent, *flags: str) -> Running:
    """Our registrar between the two."""
    return registrar_to(engine, f"consul://{agent.http_address}", *flags)


def registrar_to(engine: Engine, uri: str, *flags: str) -> Running:
    """Our registrar for any registry."""
    ours = ["--docker", engine.url, "--node", HOST, "--http", "off", *flags]
    return Running("registrar", *ours, uri, SEAMARK_RESYNC_S=RESYNC_S)


def services(agent: ConsulAgent) -> dict[str, dict[str, Any]]:
    """What is registered, Consul's own service aside."""
    found = agent.get("agent/services")
    return {key: value for key, value in found.items() if value["Service"] != "consul"}


def names(agent: ConsulAgent) -> set[str]:
    """The ids of what is registered."""
    return set(services(agent))


def run_web(containers: Containers, image: str, name: str = "web", **env: str) -> str:
    """A container with one published port of the engine's choice."""
    return containers.run(image, name, name=name, ports=["8080"], env=env)


def start_service(containers: Containers, image: str, number: int) -> str:
    """`docker run -td -e SERVICE_NAME=svcN -p 808N:8080 --name svcN dummy-http svcN`."""
    name = f"svc{number}"
    return containers.run(
        image, name, name=name, ports=[f"808{number}:8080"], env={"SERVICE_NAME": name}
    )
