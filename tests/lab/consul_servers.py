"""Several Consul servers that elect one of them."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

from tests.lab.consul import ConsulAgent
from tests.lab.shell import LabError, log_tail, wait_until

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
            if not wait_until(partial(_is_ready, agent, agents), _ELECTED_S):
                raise _not_elected(agents)
        yield agents


def _is_ready(agent: ConsulAgent, agents: list[ConsulAgent]) -> bool:
    """Raises LabError when one has ended: the others would wait for it."""
    if not all(each.running for each in agents):
        raise _not_elected(agents)
    return agent.ready()


def _not_elected(agents: list[ConsulAgent]) -> LabError:
    """What there is instead of a leader: the end of each log, first of those that have ended."""
    ended_first = sorted(agents, key=lambda agent: agent.running)
    logs = [
        f"{agent.node} ({'runs' if agent.running else 'ended'}):\n{log_tail(agent.log)}"
        for agent in ended_first
    ]
    return LabError("\n".join([f"{len(agents)} Consul servers have no leader", *logs]))


def follower(agents: list[ConsulAgent]) -> ConsulAgent:
    """One that does not lead."""
    leader = agents[0].get("status/leader")
    return next(agent for agent in agents if not leader.endswith(f":{agent.ports['server']}"))
