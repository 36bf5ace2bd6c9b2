"""Engine, Consul and registrar with a relay on both of its sides, for one test."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from tests.commands import Running
from tests.faults.engine_api import EngineApi
from tests.faults.relay import Relay
from tests.faults.truth import Entry, Verdict, agents_own, bodies, catalog, differences, truth
from tests.lab.consul import ConsulAgent, free_ports
from tests.lab.engine import Engine
from tests.waits import Waits, pause

NODE = "node3"
# What the catalog may take to be true again, once nothing changes and nothing fails any more.
QUIET_S = 5.0
# Once it is true it must stay so: a write that comes late would break it.
STAYS_S = 0.5
# No comparison by the clock falls into a test: what heals is healed by what was noticed.
NEVER_S = 3600.0
# For what neither event nor failure nor catalog tells of: only a comparison by the clock finds it.
OFTEN_S = 2.0
# Ends at once when told to; as process 1 it would ignore what it does not handle.
WORDS = ["sh", "-c", "trap 'exit 0' TERM; trap : HUP; while :; do sleep 1000 & wait; done"]


class Stand:
    """The parts of one test, and what is done to them again and again."""

    def __init__(self, engine: Engine, agent: ConsulAgent, image: str, folder: Path) -> None:
        self.engine = engine
        self.agent = agent
        self.image = image
        self.api = EngineApi(engine.url)
        self.engine_relay = Relay(f"unix://{folder}/engine.sock", engine.url)
        self.consul_relay = Relay(
            f"tcp://127.0.0.1:{free_ports(1)[0]}", f"tcp://{agent.http_address}"
        )
        self.foreign: dict[str, Entry] = {}

    def registrar(self, resync_s: float = NEVER_S, token: str = "") -> Running:
        """Our registrar, between the two relays. Their faults may be told in its log."""
        flags = ["--docker", self.engine_relay.url, "--node", NODE, "--http", "off"]
        return Running(
            "registrar",
            *flags,
            f"consul://{self.consul_relay.address}",
            SEAMARK_RESYNC_S=str(resync_s),
            CONSUL_HTTP_TOKEN=token,
        )

    def run(self, name: str, *ports: str, **env: str) -> str:
        """Start a container that publishes ports (8080 if none is named) on free host ports."""
        container = self.api.create(name, self.image, WORDS, ports=ports or ("8080",), env=env)
        self.api.act(container, "start")
        return container

    def register(self, body: Mapping[str, Any]) -> None:
        """Register a service beside the registrar, that is expected to stay as it is."""
        self.agent.put("agent/service/register", body)
        meta = body.get("Meta", {})
        marks = (meta.get("seamark-owner", ""), meta.get("seamark-container", ""))
        address, tags = body.get("Address", ""), tuple(body.get("Tags", ()))
        self.foreign[body["ID"]] = (body["Name"], address, body["Port"], tags, *marks)

    def verdict(self) -> Verdict:
        """Agent and catalog against the truth, and against what others registered there."""
        expected = truth(self.api, NODE) | self.foreign
        wrong = differences("agent", expected, agents_own(self.agent))
        return Verdict(wrong + differences("catalog", expected, catalog(self.agent, NODE)))

    def agent_ids(self) -> set[str]:
        """The ids of all services that the agent has."""
        return set(agents_own(self.agent))

    def settle(self, waits: Waits, what: str, limit_s: float = QUIET_S) -> None:
        """The catalog equals the truth within ``limit_s`` from now, and it stays so."""
        waits.until(what, self.verdict, limit_s)
        pause(STAYS_S)
        verdict = self.verdict()
        assert verdict, f"{what}, but not for long: {verdict!r}"

    def indexes(self) -> dict[str, int]:
        """The ModifyIndex of every service: it moves with every write that changes something."""
        return {key: body["ModifyIndex"] for key, body in bodies(self.agent, NODE).items()}


@contextmanager
def stand(engine: Engine, agent: ConsulAgent, image: str, folder: Path) -> Iterator[Stand]:
    """A stand whose containers are removed at the end."""
    made = Stand(engine, agent, image, folder)
    with ExitStack() as stack:
        stack.enter_context(made.engine_relay)
        stack.enter_context(made.consul_relay)
        stack.callback(made.api.close)
        stack.callback(engine.remove_leftovers)
        yield made
