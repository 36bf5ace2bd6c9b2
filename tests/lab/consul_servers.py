"""Several Consul servers that elect one of them."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tests.lab.consul import ConsulAgent
from tests.lab.shell import LabError, wait_until

_ELECTED_S = 180


@contextmanager
def consul_servers(binary: Path, count: int = 3) -> Iterator[list[ConsulAgent]]:
    """Servers with data folders, joined and with a leader."""
    config = {"bootstrap": False, "bootstrap_expect": count, "retry_interval": "1s"}
    with ExitStack() as ended:
        agents = [
            ConsulAgent(binary, node=f"n{number}", persistent=True, config=config)
            for number in range(count)
        ]
        joined = [f"127.0.0.1:{agent.ports['serf_lan']}" for agent in agents]
        for agent in agents:
            ended.callback(agent.close)
            agent._config["retry_join"] = joined
            agent.launch()
        for agent in agents:
            if not wait_until(agent.ready, _ELECTED_S):
                raise LabError(f"{count} Consul servers had no leader within {_ELECTED_S} s")
        yield agents


def follower(agents: list[ConsulAgent]) -> ConsulAgent:
    """One that does not lead."""
    leader = agents[0].get("status/leader")
    return next(agent for agent in agents if not leader.endswith(f":{agent.ports['server']}"))
