"""`seamark check` on a real Consul: the agent, its leader, the rights of a token, and its DNS."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.commands import run
from tests.e2e.test_consul_access import MANAGEMENT, READ, SELF, WATCH, WRITE_WEB, Guarded
from tests.lab import consul as lab
from tests.lab.shell import LabError
from tests.small_engine import SmallEngine, running
from tests.waits import PATIENCE_S, Waits

pytestmark = pytest.mark.lab

FLAGS = ["--listen", "127.0.0.1:0", "--http", "off", "--upstream", "127.0.0.1:9"]


class Told(NamedTuple):
    """One finding about Consul."""

    state: str
    found: str
    hint: str


@pytest.fixture(scope="module")
def guarded(consul_binary: Path) -> Iterator[Guarded]:
    """An agent with ACLs, whose DNS has no token."""
    with Guarded(consul_binary) as running:
        yield running


def checked(agent: lab.ConsulAgent, *flags: str, token: str = "", uri: str = "") -> list[Told]:
    """What is found about Consul."""
    words = [*FLAGS, "--docker", "unix:///none", *flags, "--consul-dns", agent.dns_address]
    where = uri or f"consul://{agent.http_address}"
    done = run("seamark", "check", "--json", where, *words, CONSUL_HTTP_TOKEN=token)
    assert 1 == done.returncode, "there is no engine"
    assert "Traceback" not in done.stderr
    parts = [each for each in json.loads(done.stdout) if each["part"] == "consul"]
    return [Told(each["state"], each["found"], each["hint"]) for each in parts]


def failed(found: list[Told]) -> list[Told]:
    """Those that keep Seamark from its work."""
    return [each for each in found if each.state == "fail"]


def test_an_agent_without_acls_is_well(consul_binary: Path):
    """Everybody may do everything."""
    with lab.ConsulAgent(consul_binary, node="n1") as agent:
        found = checked(agent)
        assert ["ok"] * 5 == [each.state for each in found]
        version = lab.consul_version(consul_binary)
        assert f"Consul {version}, node n1 in dc1" == found[0].found
        assert found[1].found.startswith("its servers have a leader, 127.0.0.1:")
        assert "services can be read and watched, 0 are there" == found[2].found
        assert "services can be registered" == found[3].found
        assert "answers for consul. over UDP and TCP" == found[4].found
        wrong = failed(checked(agent, "--domain", "corp"))
        assert ["--domain consul, or `domain` in the agent's configuration"] == [
            each.hint for each in wrong if "has the domain" in each.found
        ]
        assert any(each.found.startswith("is not where `corp.` lives") for each in wrong)


def test_a_dns_without_a_token_of_its_own_is_told(guarded: Guarded):
    """It answers, and denies every name in silence; whoever may all sees the rest well."""
    found = checked(guarded, token=MANAGEMENT)
    assert [] == failed(found)
    assert "denies its own node, n1.node.consul." == found[-1].found
    assert "consul acl set-agent-token default TOKEN" in found[-1].hint


@pytest.mark.parametrize(
    ("rules", "found", "hint"),
    [
        (None, "; no token is set", SELF),
        ((READ, WATCH), "403 Permission denied", f"(CONSUL_HTTP_TOKEN) needs {SELF}"),
        ((READ, SELF), "refused to watch the node `n1`", WATCH),
    ],
)
def test_a_right_that_is_missing_is_named(guarded: Guarded, rules, found: str, hint: str):
    """With the rule that gives it."""
    token = guarded.token(*rules) if rules else ""
    (told,) = failed(checked(guarded, token=token))
    assert found in told.found
    assert hint in told.hint


def test_a_token_that_may_only_read(guarded: Guarded, engine_without_containers: SmallEngine):
    """It is asked for the services that containers have; without any, for one."""
    token = guarded.token(READ, WATCH, SELF)
    docker = ["--docker", f"unix://{engine_without_containers.path}"]
    (warned,) = [each for each in checked(guarded, token=token) if "just any" in each.found]
    assert "warn" == warned.state
    assert 'give it service "NAME" { policy = "write" }' in warned.hint
    web = {
        "Id": "a" * 64,
        "Name": "/web",
        "Config": {"Image": "web", "ExposedPorts": {"80/tcp": {}}, "Labels": {}},
        "HostConfig": {"NetworkMode": "bridge"},
        "State": {"Running": True},
        "NetworkSettings": {
            "Ports": {"80/tcp": [{"HostIp": "0.0.0.0", "HostPort": "8080"}]},
            "Networks": {},
        },
    }
    engine_without_containers.answers |= running(web)
    (denied,) = failed(checked(guarded, *docker, token=token))
    assert ("the token may not register web", f"give it {WRITE_WEB}") == denied[1:]
    may = guarded.token(READ, WATCH, SELF, WRITE_WEB)
    assert [] == failed(checked(guarded, *docker, token=may))


def test_a_token_for_keys(guarded: Guarded):
    """The prefix, and the marks beside it."""
    uri = f"consulkv://{guarded.http_address}/a"
    rules = [f'key_prefix "{key}" {{ policy = "write" }}' for key in ("a/", ".seamark/a/")]
    assert [] == failed(checked(guarded, token=guarded.token(SELF, *rules), uri=uri))
    read = [rule.replace("write", "read") for rule in rules]
    (denied,) = failed(checked(guarded, token=guarded.token(SELF, *read), uri=uri))
    assert f"give it {' '.join(rules)}" == denied.hint


def test_nothing_is_changed(guarded: Guarded):
    """No service, no check."""
    before = [guarded.call("GET", path) for path in ("agent/services", "agent/checks")]
    checked(guarded, token=MANAGEMENT)
    checked(guarded, token=MANAGEMENT, uri=f"consulkv://{guarded.http_address}/b")
    assert before == [guarded.call("GET", path) for path in ("agent/services", "agent/checks")]


def test_servers_without_a_leader(consul_binary: Path, waits: Waits):
    """One of three is there: it answers, and can do nothing."""
    config = {"bootstrap_expect": 3, "bootstrap": False}
    agent = lab.ConsulAgent(consul_binary, persistent=True, config=config)
    try:
        agent.launch()
        waits.until("answers", lambda: _says(agent), PATIENCE_S)
        found = failed(checked(agent))
    finally:
        agent.close()
    assert "its servers have no leader: nothing can be registered" == found[0].found
    assert found[0].hint.startswith("start more than half of its servers")


def _says(agent: lab.ConsulAgent) -> bool:
    try:
        return bool(agent.get("agent/self"))
    except (OSError, LabError):
        return False
