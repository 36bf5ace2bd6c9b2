"""`seamark healthcheck` against real processes: 0 if the proxy answers, 1 and why if not."""

import signal
from pathlib import Path

import dns.message
import dns.rcode
import pytest

from tests.commands import Running, run
from tests.lab.consul import free_ports
from tests.small_engine import SmallEngine
from tests.upstream import ScriptedUpstream, reply_to

# Nobody is there: what the proxy needs for other names is away.
AWAY = ["--upstream", "127.0.0.1:9", "--consul-dns", "127.0.0.1:9"]


def checked(*flags: str | Path, listen: str = "") -> tuple[int, str]:
    """Exit code and words; ``listen`` is given as a variable."""
    done = run("seamark", "healthcheck", *flags, SEAMARK_LISTEN=listen)
    assert "" == done.stdout
    return done.returncode, done.stderr


def at(port: int) -> list[str]:
    """The flag that names a proxy's address."""
    return ["--listen", f"127.0.0.1:{port}"]


@pytest.mark.parametrize("special", ["true", "false"])
def test_a_proxy_is_well_while_consul_and_the_upstreams_are_away(special: str):
    """Restarting it would not help; names answered by rule may be switched off."""
    flags = ["--listen", "127.0.0.1:0", "--http", "off", *AWAY]
    with Running("dnsproxy", *flags, SEAMARK_SPECIAL=special) as proxy:
        assert (0, "") == checked(*at(proxy.port))


@pytest.mark.parametrize("everywhere", [("0.0.0.0", "[::]"), ("[::]",)])
def test_a_port_on_every_address_is_asked_on_one(everywhere: tuple[str, ...]):
    """As `seamark up` listens by itself, and where IPv6 alone is wanted."""
    (port,) = free_ports(1)
    flags = [word for host in everywhere for word in ("--listen", f"{host}:{port}")]
    with Running("dnsproxy", *flags, "--http", "off", *AWAY):
        assert (0, "") == checked(*flags)


def test_settings_are_read_as_the_proxy_reads_them(tmp_path: Path):
    """File, variables, flags."""
    settings = tmp_path / "seamark.toml"
    with Running("dnsproxy", "--listen", "127.0.0.1:0", "--http", "off", *AWAY) as proxy:
        settings.write_text(f'[dns]\nlisten = ["127.0.0.1:{proxy.port}"]\n')
        code, words = checked("--config", settings)
        assert 0 == code, words
        assert (0, "") == checked(listen=f"127.0.0.1:{proxy.port}")


def test_each_address_has_to_answer():
    """One of two does not."""
    (port,) = free_ports(1)
    with Running("dnsproxy", "--listen", "127.0.0.1:0", "--http", "off", *AWAY) as proxy:
        code, words = checked(*at(proxy.port), *at(port))
    assert 1 == code
    assert f"error: 127.0.0.1:{port} does not answer for health.seamark.invalid.: " in words
    assert "Connection refused" in words
    assert "hint: is the proxy running there? name its address with --listen" in words


def test_a_proxy_that_hangs_is_not_well():
    """It has its port, and says nothing."""
    with Running("dnsproxy", "--listen", "127.0.0.1:0", "--http", "off", *AWAY) as proxy:
        proxy.send(signal.SIGSTOP)
        code, words = checked(*at(proxy.port))
        proxy.send(signal.SIGCONT)
        assert (1, True) == (code, "no answer in time" in words)
        assert (0, "") == checked(*at(proxy.port))


def denied(query: dns.message.Message) -> list[bytes]:
    """What any other DNS server says."""
    return [reply_to(query, rcode=dns.rcode.NXDOMAIN).to_wire()]


@pytest.mark.parametrize(
    ("script", "words"),
    [
        (denied, "another DNS server has that address"),
        (lambda query: [query.to_wire()[:2] + b"\x81"], "its reply cannot be read"),
    ],
)
def test_another_server_on_the_port_is_no_proxy_of_ours(script, words: str):
    """Whatever it says."""
    with ScriptedUpstream(script) as other:
        code, said = checked("--listen", other.address)
    assert (1, True) == (code, words in said), said


def test_a_proxy_that_refuses_this_host_says_what_to_allow():
    """It may be well for others, but nobody can know."""
    flags = ["--listen", "127.0.0.1:0", "--http", "off", *AWAY, "--allow", "10.0.0.0/8"]
    with Running("dnsproxy", *flags) as proxy:
        code, words = checked(*at(proxy.port))
    assert (1, True) == (code, "it refuses this host; add it to dns.allow" in words), words


def test_a_registrar_alone_is_asked_at_its_status_side(engine_without_containers: SmallEngine):
    """It answers no DNS."""
    (port,) = free_ports(1)
    status = ["--http", f"127.0.0.1:{port}"]
    engine = f"unix://{engine_without_containers.path}"
    with Running("registrar", "--docker", engine, *status, "consul://127.0.0.1:9"):
        assert (0, "") == checked("--registrar", *status)
    code, words = checked("--registrar", *status)
    assert (1, True) == (code, f"http://127.0.0.1:{port}/health: Connection refused" in words)
    code, words = checked("--registrar", "--http", "off")
    assert (2, True) == (code, "http: it is off, and a registrar is asked there" in words)
