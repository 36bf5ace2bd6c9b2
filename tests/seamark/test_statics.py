"""The services of a file, and the embedded catalog as a configuration of Consul's agent."""

import json
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from catalog.definitions import Definitions, parse_definitions
from catalog.embedded import EmbeddedCatalog
from catalog.model import Node, Service
from dnsproxy.core.names import from_text
from dnsproxy.core.request import Request
from dnsproxy.core.wire import Type, question
from registrar.core.ownership import OWNER
from seamark.embedded_zones import embedded_side, parse_seconds
from seamark.errors import SettingsError
from seamark.settings import Settings
from seamark.statics import StaticServices
from tests.asking import addresses, ask, rcode
from tests.commands import Running, run
from tests.lab.consul import free_ports
from tests.waits import PATIENCE_S, Waits

NODE = Node(name="n1", address="10.1.0.1")


class Kept:
    """A running proxy with an embedded catalog, and the file of its services."""

    def __init__(self, proxy: Running, file: Path, status: str) -> None:
        self.proxy = proxy
        self.file = file
        self.status = status

    def write(self, *services: dict[str, Any]) -> None:
        """Have these in the file."""
        self.file.write_text(json.dumps({"services": services}))

    def at(self, name: str) -> set[str]:
        """The addresses of a service."""
        return addresses(self.proxy.port, f"{name}.service.consul")


@contextmanager
def kept(folder: Path, *services: dict[str, Any], settings: str = "") -> Iterator[Kept]:
    """A proxy with these services."""
    file, toml = folder / "services.json", folder / "seamark.toml"
    file.write_text(json.dumps({"services": services}))
    toml.write_text(settings)
    (port,) = free_ports(1)
    status = f"127.0.0.1:{port}"
    flags = ["--config", str(toml), "--listen", "127.0.0.1:0", "--http", status]
    flags += ["--services", str(file), "--upstream", "127.0.0.1:9"]
    flags += ["--node", "n1", "--advertise", "10.1.0.1"]
    with Running("dnsproxy", *flags) as proxy:
        yield Kept(proxy, file, status)


def one(name: str, address: str, **more: Any) -> dict[str, Any]:
    """A definition."""
    return {"name": name, "address": address, **more}


def test_a_change_of_the_file_is_taken_on(tmp_path: Path, waits: Waits):
    """By itself; what is new, changed and gone is said, and in the next answer by then.

    What was asked for often is ready, and is thrown away.
    """
    with kept(tmp_path, one("a", "10.0.0.1"), one("b", "10.0.0.2")) as running:
        running.write(one("a", "10.0.0.3"), one("c", "10.0.0.4"))
        line = f"reloaded ({running.file} has changed): services: 1 new, 1 changed, 1 gone"

        def is_told() -> bool:
            assert running.at("a") <= {"10.0.0.1", "10.0.0.3"}
            return line in running.proxy.log

        waits.until("the words", is_told, PATIENCE_S)
        found = [running.at(name) for name in ("a", "b", "c")]
        assert [{"10.0.0.3"}, set(), {"10.0.0.4"}] == found


def test_sighup_is_enough_where_the_file_is_as_it_was(tmp_path: Path, waits: Waits):
    """It is read again, and nothing has changed."""
    with kept(tmp_path, one("a", "10.0.0.1")) as running:
        running.proxy.send(signal.SIGHUP)
        line = "reloaded (SIGHUP): nothing has changed"
        waits.until("the words", lambda: line in running.proxy.log, PATIENCE_S)
        assert {"10.0.0.1"} == running.at("a")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "not JSON"),
        ('{"services": [{"name": "x", "prot": 1}]}', "services[0].prot: unknown key"),
        ('{"services": [{"name": "x"}, {"name": "x"}]}', "services[1]: the id `x` stands twice"),
        ("", "not JSON"),
    ],
)
def test_a_bad_file_leaves_the_old_set(tmp_path: Path, waits: Waits, text: str, words: str):
    """With its path and a hint; the next good one is taken on."""
    with kept(tmp_path, one("a", "10.0.0.1")) as running:
        running.file.write_text(text)
        waits.until("the words", lambda: words in running.proxy.log, PATIENCE_S)
        assert "; the old settings stay" in running.proxy.log
        assert {"10.0.0.1"} == running.at("a")
        running.write(one("a", "10.0.0.2"))
        waits.until("the next", lambda: running.at("a") == {"10.0.0.2"}, PATIENCE_S)


def test_a_file_that_is_away_for_a_moment_costs_nothing(tmp_path: Path, waits: Waits):
    """As an editor replaces it."""
    with kept(tmp_path, one("a", "10.0.0.1")) as running:
        running.file.unlink()
        waits.until("the words", lambda: "cannot be read" in running.proxy.log, PATIENCE_S)
        assert {"10.0.0.1"} == running.at("a")
        running.write(one("a", "10.0.0.2"))
        waits.until("it is back", lambda: running.at("a") == {"10.0.0.2"}, PATIENCE_S)


def test_names_that_dns_cannot_ask_for_are_said_and_the_rest_is_served(tmp_path: Path):
    """One line each."""
    bad = one("no.name", "10.0.0.1", id="1"), one("b", "a..b", id="2")
    with kept(tmp_path, *bad, one("b", "10.0.0.2", id="3"), one("a", "10.0.0.3")) as running:
        assert "services[0].name: `no.name` cannot be asked for by DNS" in running.proxy.log
        assert "services[1].address: `a..b` is neither an IP address" in running.proxy.log
        assert {"10.0.0.3"} == running.at("a")
        assert {"10.0.0.2"} == running.at("b")


def test_what_is_ready_is_thrown_away_when_a_container_comes():
    """The zones of the settings hear of every change of the catalog."""
    catalog = EmbeddedCatalog(NODE, [Service(id="a", name="web", port=1)])
    ((_, _, zone),) = embedded_side(Settings(), catalog).zones
    request = Request(question(from_text("web.service.consul"), Type.A))
    zone.recall(request)
    found = zone.recall(request)
    assert found is not None
    assert found.lease is not None
    assert found.lease.until > 0
    catalog.register(Service(id="b", name="web", port=1, address="10.0.0.2"))
    assert 0 == found.lease.until


def test_consuls_settings_are_taken_on_too(tmp_path: Path, waits: Waits):
    """`[dns_config]`, on a reload as at the start."""
    before = '[dns_config]\nservice_ttl = { "*" = "1m" }\n'
    with kept(tmp_path, one("a", "10.0.0.1"), settings=before) as running:
        port = running.proxy.port
        assert 60 == ask(port, "a.service.consul").answer[0].ttl
        (tmp_path / "seamark.toml").write_text(before.replace("1m", "2m"))
        running.proxy.send(signal.SIGHUP)
        waits.until(
            "the new TTL", lambda: ask(port, "a.service.consul").answer[0].ttl == 120, PATIENCE_S
        )


BAD_SETTINGS = [
    ('[dns_config]\nnode_ttl = "soon"\n', "dns_config.node_ttl: `soon` is no time"),
    (
        '[dns_config.service_ttl]\nWeb = "1s"\n',
        "dns_config.service_ttl: `Web` never counts",
    ),
    ("[dns_config]\nudp_answer_limit = 0\n", "expected `int` >= 1"),
    ("[dns_config]\nonly_pasing = true\n", "dns_config.only_pasing: unknown key"),
    ('[catalog.node_meta]\n"a b" = "1"\n', "node_meta: `a b` is no key"),
    ('[catalog.node_meta]\nconsul-x = "1"\n', "node_meta: `consul-x` is no key"),
    ("[catalog.node_meta]\na = '\\'\n", "node_meta: `a` has a value that no TXT record"),
]


@pytest.mark.parametrize(("settings", "words"), BAD_SETTINGS, ids=[row[1] for row in BAD_SETTINGS])
def test_settings_that_cannot_be_used_are_said(tmp_path: Path, settings: str, words: str):
    """Exit code 2."""
    toml = tmp_path / "seamark.toml"
    toml.write_text(settings)
    flags = ["--config", str(toml), "--services", "conf/services.json", "--listen", "127.0.0.1:0"]
    done = run("dnsproxy", *flags)
    assert (2, True) == (done.returncode, words in done.stderr), done.stderr


@pytest.mark.parametrize(
    "settings", ['[dns_config]\nnode_ttl = "1s"\n', '[catalog.node_meta]\na = "b"\n']
)
def test_what_is_consuls_own_is_refused_beside_a_consul(tmp_path: Path, settings: str):
    """It would have no effect, in silence."""
    toml = tmp_path / "seamark.toml"
    toml.write_text(settings)
    done = run("seamark", "up", "consul://127.0.0.1:9", "--config", toml)
    assert 2 == done.returncode
    assert "it is for the embedded catalog, and registry names a Consul" in done.stderr


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("0", 0), ("0s", 0), ("90s", 90), ("1h30m", 5400), ("1500ms", 1), ("1.5m", 90), ("2us", 0)],
)
def test_a_time_is_written_as_go_does(text: str, seconds: int):
    """Whole seconds are what a TTL has."""
    assert seconds == parse_seconds(text, "x")


@pytest.mark.parametrize("text", ["", "5", "s", "-1s", "1 s", "1d", "99999999h"])
def test_other_times_are_refused(text: str):
    """With the place."""
    with pytest.raises(SettingsError, match=r"^x: "):
        parse_seconds(text, "x")


def test_an_id_of_a_container_is_left_to_it(caplog: pytest.LogCaptureFixture):
    """Else the registrar and the file would take it from each other for good."""
    catalog = EmbeddedCatalog(NODE, [Service(id="x", name="theirs")])
    statics = StaticServices("f", catalog, Definitions([Service(id="x", name="ours")], []))
    assert "theirs" == catalog.services()["x"].name
    assert "a container's service has the id `x` already" in caplog.text
    assert [] == statics.take_on(Definitions([], []))
    assert ["x"] == list(catalog.services())


def test_of_many_remarks_the_first_are_said():
    """Nobody reads thousands of lines."""
    found = Definitions([], [f"services[{n}]: odd" for n in range(100)])
    statics = StaticServices("f", EmbeddedCatalog(NODE), found)
    assert 21 == len(statics.remarks)
    assert "f: 80 more such remarks" == statics.remarks[-1]


def test_the_catalog_is_exported_as_an_agents_configuration(tmp_path: Path):
    """What is read from it is what was there; settings that answers show come with it."""
    settings = (
        '[dns]\nalt_domain = "other.example"\n'
        '[dns_config]\nnode_ttl = "9s"\n[catalog.node_meta]\nenv = "prod"\n'
    )
    definitions = [
        one("a", "10.0.0.1", id="a1", port=1, tags=["t"], weights={"passing": 2, "warning": 1}),
        one("b", "10.0.0.2", id="b1", check={"name": "status", "ttl": "1h", "status": "critical"}),
        one("c", "10.0.0.3", id="c1", meta={OWNER: "n1"}),
    ]
    with kept(tmp_path, *definitions, settings=settings) as running:
        done = run("seamark", "export", "--http", running.status)
        assert (0, "2 services written; 1 of containers left to the registrar\n") == (
            done.returncode,
            done.stderr,
        )
        document = json.loads(done.stdout)
        everything = json.loads(run("seamark", "export", "--all", "--http", running.status).stdout)
    expected = {
        "node_name": "n1",
        "advertise_addr": "10.1.0.1",
        "node_meta": {"env": "prod"},
        "alt_domain": "other.example",
        "dns_config": {"node_ttl": "9s"},
    }
    assert expected == {key: value for key, value in document.items() if key != "services"}
    given = parse_definitions(json.dumps({"services": definitions})).services
    assert given[:2] == parse_definitions(json.dumps(document)).services
    assert given == parse_definitions(json.dumps(everything)).services


def test_an_export_of_nobody_says_what_to_do(tmp_path: Path):
    """Nobody there, and somebody without an embedded catalog."""
    (port,) = free_ports(1)
    done = run("seamark", "export", "--http", f"127.0.0.1:{port}")
    assert (1, True) == (done.returncode, "is `seamark up` running?" in done.stderr)
    assert "Traceback" not in done.stderr
    status = f"127.0.0.1:{port}"
    flags = ["--listen", "127.0.0.1:0", "--http", status, "--consul-dns", "127.0.0.1:9"]
    with Running("dnsproxy", *flags, "--upstream", "127.0.0.1:9"):
        done = run("seamark", "export", "--http", status)
    assert (1, True) == (done.returncode, "has no embedded catalog" in done.stderr)
    done = run("seamark", "export", "--http", "off")
    assert (2, True) == (done.returncode, "http: it is off" in done.stderr)


def test_reverse_names_of_the_catalog_are_answered(tmp_path: Path):
    """Before the zone that answers all other private addresses."""
    with kept(tmp_path, one("a", "10.0.0.1")) as running:
        found = ask(running.proxy.port, "1.0.0.10.in-addr.arpa", "PTR")
        assert ["a.service.dc1.consul."] == [item.to_text() for item in found.answer[0]]
        denied = ask(running.proxy.port, "2.0.0.10.in-addr.arpa", "PTR")
        assert "NXDOMAIN" == rcode(denied)
