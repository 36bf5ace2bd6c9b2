"""Certificates that are not taken, on either side: each message has the way out that fits."""

from pathlib import Path

import pytest

from catalog.agent import ConsulAgent
from catalog.errors import CatalogUnavailable
from catalog.uri import AgentAddress
from tests.catalog.certificates import Authority
from tests.catalog.tls_agent import TlsAgent

WANTS = "it wants a certificate of its CA: CONSUL_CLIENT_CERT and CONSUL_CLIENT_KEY)"
Files = dict[str, str]


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """Whom the agent and its clients trust."""
    return Authority(tmp_path_factory.mktemp("ours"))


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """Whom they do not."""
    return Authority(tmp_path_factory.mktemp("other"))


def agent(authority: Authority, *, days: int = 2, asks: bool = False, **how: bool) -> TlsAgent:
    """One with a certificate that lasts that long; ``asks``: for one of its clients."""
    certificate, key = authority.sign("server", "DNS:localhost", days=days)
    return TlsAgent(certificate, key, authority.certificate if asks else None, **how)


def trusting(authority: Authority, client: tuple[Path, Path] | None = None) -> Files:
    """The variables of a client."""
    files = {"CONSUL_CACERT": str(authority.certificate)}
    if client is not None:
        files |= {"CONSUL_CLIENT_CERT": str(client[0]), "CONSUL_CLIENT_KEY": str(client[1])}
    return files


def said(asked: TlsAgent, environment: Files) -> str:
    """Why it cannot be asked."""
    with asked:
        catalog = ConsulAgent(AgentAddress("localhost", asked.port, tls=True), environment)
        with pytest.raises(CatalogUnavailable) as caught:
            catalog.services()
    return str(caught.value)


@pytest.mark.parametrize("asks", [False, True])
def test_certificates_that_are_in_order_are_taken(ours: Authority, *, asks: bool):
    """Or the other tests would say nothing."""
    with agent(ours, asks=asks) as asked:
        environment = trusting(ours, ours.sign("client") if asks else None)
        address = AgentAddress("localhost", asked.port, tls=True)
        assert {} == ConsulAgent(address, environment).services()


def test_an_agent_whose_certificate_has_expired(ours: Authority):
    """Another CA would not help."""
    found = said(agent(ours, days=-1), trusting(ours))
    assert found.endswith("(renew the agent's certificate, or set the clock of this host)")
    assert "certificate has expired" in found


def test_an_agent_of_another_authority(ours: Authority, other: Authority):
    """The file that was looked in is named."""
    fix = "set CONSUL_CACERT to the certificate of its CA)"
    file = other.certificate
    found = said(agent(ours), trusting(other))
    assert found.endswith(f"(it is of no CA in CONSUL_CACERT={file}: {fix}")
    found = said(agent(ours), {"CONSUL_CAPATH": str(file.parent)})
    assert found.endswith(f"(it is of no CA in CONSUL_CAPATH={file.parent}: {fix}")
    assert said(agent(ours), {}).endswith(f"({fix}")


def test_an_agent_that_wants_a_certificate_and_is_shown_none(ours: Authority):
    """TLS 1.3 tells only after the handshake, by an alert."""
    found = said(agent(ours, asks=True), trusting(ours))
    assert "alert certificate required" in found
    assert found.endswith(f"({WANTS}")


def test_an_agent_that_does_not_take_ours(ours: Authority, other: Authority):
    """It has expired, or is of another CA."""
    for client in (ours.sign("old", days=-1), other.sign("stranger")):
        found = said(agent(ours, asks=True), trusting(ours, client))
        fix = f"it does not take CONSUL_CLIENT_CERT={client[0]}: give one of its CA that has not"
        assert found.endswith(f"({fix} expired)")


def test_an_agent_that_hangs_up_after_the_handshake(ours: Authority):
    """It may be starting, or say nothing of a certificate that it does not take."""
    found = said(agent(ours, hangs_up=True), trusting(ours))
    assert found.endswith(f"(it hung up: is it starting? else {WANTS}")
    client = ours.sign("client")
    found = said(agent(ours, hangs_up=True), trusting(ours, client))
    assert f"is it starting? else it does not take CONSUL_CLIENT_CERT={client[0]}: " in found
