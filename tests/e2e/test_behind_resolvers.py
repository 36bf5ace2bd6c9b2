"""BIND, unbound and dnsmasq in front of the proxy, with the configuration of the page about them.

All of them are real, and so is the Consul behind.
"""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import dns.message
import pytest

from tests.asking import ask, rcode, records
from tests.commands import ROOT, Running
from tests.lab.bind import Bind
from tests.lab.consul import ConsulAgent
from tests.lab.dnsmasq import Dnsmasq
from tests.lab.resolver import Resolver
from tests.lab.unbound import Unbound
from tests.pages import all_blocks

PAGE = (ROOT / "docs/how-to/behind-another-resolver.md").read_text()
PART, STUB = "A part of Consul's names", "unbound with a stub zone"
# The trust anchor of the root, so that unbound validates; nobody here answers for the root.
VALIDATING = """
module-config: "validator iterator"
trust-anchor: ". DS 20326 8 2 E06D44B80B8F1D39A95C0B0D7C65D08458E880409BBC683457104237C7F8EC8D"
"""


def blocks() -> dict[tuple[str, str], str]:
    """(heading, language) -> the block there; before the first heading it is ``""``."""
    found: dict[tuple[str, str], str] = {}
    for section in ("\n" + PAGE.partition("\n")[2]).split("\n## "):
        heading, _, text = section.partition("\n")
        for language, block in all_blocks(text):
            assert (heading, language) not in found
            found[heading, language] = block
    return found


BLOCKS = blocks()


def config(heading: str, language: str, port: int) -> str:
    """A block of the page for a proxy on that port."""
    block = BLOCKS[heading, language]
    assert "5300" in block
    return block.replace("5300", str(port))


@pytest.fixture(scope="module")
def consul(consul_binary: Path) -> Iterator[ConsulAgent]:
    """A Consul with a service that has an IPv4 address."""
    web = {"name": "web", "port": 80, "address": "10.0.0.1"}
    with ConsulAgent(consul_binary, config={"services": [web]}) as running:
        yield running


@pytest.fixture
def proxy(consul: ConsulAgent, tmp_path: Path) -> Callable[[str], Running]:
    """A proxy with the settings below a heading of the page."""

    def start(heading: str) -> Running:
        settings = tmp_path / "seamark.toml"
        settings.write_text(config(heading, "toml", 0))
        flags = ["--config", str(settings), "--http", "off", "--upstream", "127.0.0.1:9"]
        return Running("dnsproxy", *flags, "--consul-dns", consul.dns_address)

    return start


@pytest.fixture
def bind(bind_binary: Path) -> Callable[[str, int], Bind]:
    """A BIND with the configuration below a heading, in front of a proxy on that port."""
    return lambda heading, port: Bind(bind_binary, config(heading, "named.conf", port))


@pytest.fixture
def unbound(unbound_binary: Path) -> Callable[[str, int], Unbound]:
    """An unbound that validates, with the configuration below a heading."""
    return lambda heading, port: Unbound(
        unbound_binary, VALIDATING, config(heading, "unbound.conf", port)
    )


@pytest.fixture
def dnsmasq(dnsmasq_binary: Path) -> Callable[[str, int], Dnsmasq]:
    """A dnsmasq with the configuration below a heading."""
    return lambda heading, port: Dnsmasq(dnsmasq_binary, config(heading, "dnsmasq.conf", port))


def owners(reply: dns.message.Message) -> list[str]:
    """Whose SOA a denial carries."""
    return [rrset.name.to_text() for rrset in reply.authority]


def resolves(resolver: Resolver) -> None:
    """Whether it gives what Consul has of services."""
    assert {"A 10.0.0.1"} == records(ask(resolver.port, "web.service.consul"))
    srv = records(ask(resolver.port, "web.service.consul", "SRV"))
    assert {"SRV 1 1 80 0a000001.addr.dc1.consul."} == srv


def denies(resolver: Resolver, soa: str) -> None:
    """Whether what Consul has not is denied with that SOA: the name, and the type."""
    for name, qtype, code in (
        ("nope.service.consul", "A", "NXDOMAIN"),
        ("web.service.consul", "AAAA", "NOERROR"),
    ):
        reply = ask(resolver.port, name, qtype)
        assert code == rcode(reply)
        assert set() == records(reply)
        assert [soa] == owners(reply)


def test_no_configuration_of_the_page_goes_untested():
    """A new one needs a test below."""
    assert {
        ("", "toml"),
        ("BIND", "named.conf"),
        (PART, "named.conf"),
        (PART, "toml"),
        ("unbound", "unbound.conf"),
        (STUB, "unbound.conf"),
        (STUB, "toml"),
        ("dnsmasq", "dnsmasq.conf"),
    } == set(BLOCKS)


@pytest.mark.lab
@pytest.mark.parametrize(
    ("heading", "kind"), [("BIND", "bind"), ("unbound", "unbound"), ("dnsmasq", "dnsmasq")]
)
def test_a_resolver_that_forwards_all_of_consul_has_its_names(
    request: pytest.FixtureRequest, proxy: Callable[[str], Running], heading: str, kind: str
):
    """And its denials, as they are."""
    start: Callable[[str, int], Resolver] = request.getfixturevalue(kind)
    with proxy("") as ours, start(heading, ours.port) as resolver:
        resolves(resolver)
        denies(resolver, "consul.")
        assert {"A 127.0.0.1"} == records(ask(resolver.port, "node1.node.consul"))


@pytest.mark.lab
@pytest.mark.parametrize(
    ("kind", "line"), [("bind", 'validate-except { "consul"; };'), ("unbound", "domain-insecure")]
)
def test_who_validates_must_be_told_that_consul_is_not_signed(
    bind_binary: Path, unbound_binary: Path, proxy: Callable[[str], Running], kind: str, line: str
):
    """The line of the page is what makes the difference."""

    def start(port: int) -> Resolver:
        if kind == "bind":
            return Bind(bind_binary, without(line, config("BIND", "named.conf", port)))
        clauses = without(line, config("unbound", "unbound.conf", port))
        return Unbound(unbound_binary, VALIDATING, clauses)

    with proxy("") as ours, start(ours.port) as resolver:
        # It asks for the keys of the root first, and for 10 s at most.
        assert "SERVFAIL" == rcode(ask(resolver.port, "web.service.consul", timeout=30))


def without(part: str, text: str) -> str:
    """A configuration without the line that has this part."""
    kept = [line for line in text.splitlines(keepends=True) if part not in line]
    assert len(text.splitlines()) - 1 == len(kept)
    return "".join(kept)


@pytest.mark.lab
def test_a_bind_that_forwards_a_part_refuses_consuls_denials(
    proxy: Callable[[str], Running], bind: Callable[[str, int], Bind]
):
    """consul#3439, #7524: the SOA of consul. is a format error to it; NXDOMAIN loses its SOA."""
    with proxy("") as ours, bind(PART, ours.port) as resolver:
        resolves(resolver)
        assert "SERVFAIL" == rcode(ask(resolver.port, "web.service.consul", "AAAA"))
        (said,) = re.findall(r"`(Name consul .*?)`", PAGE)
        assert said in resolver.log
        denied = ask(resolver.port, "nope.service.consul")
        assert "NXDOMAIN" == rcode(denied)
        assert [] == owners(denied)


@pytest.mark.lab
def test_a_bind_that_forwards_a_part_takes_denials_with_the_soa_of_that_part(
    proxy: Callable[[str], Running], bind: Callable[[str, int], Bind]
):
    """`dns.delegated`: nothing is a format error any more."""
    with proxy(PART) as ours, bind(PART, ours.port) as resolver:
        resolves(resolver)
        denies(resolver, "service.consul.")
        assert "FORMERR" not in resolver.log


@pytest.mark.lab
@pytest.mark.parametrize(("settings", "code"), [("", "NXDOMAIN"), (STUB, "NOERROR")])
def test_who_minimises_names_strictly_needs_empty_names(
    proxy: Callable[[str], Running],
    unbound: Callable[[str, int], Unbound],
    settings: str,
    code: str,
):
    """consul#6579: NXDOMAIN of service.consul. hides every service."""
    with proxy(settings) as ours, unbound(STUB, ours.port) as resolver:
        assert code == rcode(ask(resolver.port, "web.service.consul"))
        if code == "NOERROR":
            resolves(resolver)
            denies(resolver, "consul.")
