"""The ways to a real Consul: TLS, a Unix socket, ACL tokens."""

import dataclasses
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from catalog.agent import ConsulAgent
from catalog.bodies import ttl_check_id
from catalog.errors import CatalogRefused, CatalogUnavailable
from catalog.kv import ConsulKv
from catalog.model import Service
from catalog.uri import parse_registry_uri
from tests.catalog.certificates import SERVER_NAME, Authority
from tests.lab import consul as lab

pytestmark = pytest.mark.lab

WEB = Service(id="host:web:80", name="web", port=80, address="10.0.0.1")
MANAGEMENT = "0f6c1c2e-7d4b-4c6e-8f6e-3b1f4b2d9a11"


def edge(uri: str, **environment: str) -> ConsulAgent | ConsulKv:
    """The catalog that a registry URI names."""
    registry = parse_registry_uri(uri, environment)
    if registry.kv_prefix:
        return ConsulKv(registry.address, registry.kv_prefix, environment)
    return ConsulAgent(registry.address, environment)


def serves(catalog: ConsulAgent | ConsulKv) -> None:
    """A service can be written, read and removed, and the node watched."""
    assert catalog.wait_for_change(0) > 0
    assert {} == catalog.services()
    catalog.register(WEB)
    assert {WEB.id: WEB} == catalog.services()
    catalog.deregister(WEB.id)
    assert {} == catalog.services()


# -- TLS -----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """Whom the agent and its clients trust."""
    return Authority(tmp_path_factory.mktemp("tls"))


@pytest.fixture(scope="module")
def https_port(authority: Authority, consul_binary: Path) -> Iterator[int]:
    """Of an agent that takes HTTPS from known clients only, as ``localhost``."""
    certificate, key = authority.sign("server", "DNS:localhost", f"DNS:{SERVER_NAME}")
    (port,) = lab.free_ports(1)
    config = {
        "ports": {"https": port},
        "ca_file": str(authority.certificate),
        "cert_file": str(certificate),
        "key_file": str(key),
        "verify_incoming_https": True,
    }
    with lab.ConsulAgent(consul_binary, config=config):
        yield port


@pytest.fixture(scope="module")
def tls(authority: Authority) -> dict[str, str]:
    """The environment of a client that may connect."""
    certificate, key = authority.sign("client")
    return {
        "CONSUL_CACERT": str(authority.certificate),
        "CONSUL_CLIENT_CERT": str(certificate),
        "CONSUL_CLIENT_KEY": str(key),
    }


@pytest.mark.parametrize("uri", ["consul-tls://localhost:{}", "consulkv-tls://localhost:{}/a"])
def test_tls_with_certificates_on_both_sides(https_port: int, tls: dict[str, str], uri: str):
    """The agent asks for one of its CA."""
    serves(edge(uri.format(https_port), **tls))


def test_tls_by_the_environment(https_port: int, tls: dict[str, str]):
    """As Consul's own command line is told."""
    addr = f"https://localhost:{https_port}"
    serves(edge("consul://", CONSUL_HTTP_ADDR=addr, **tls))
    serves(edge(f"consul://localhost:{https_port}", CONSUL_HTTP_SSL="true", **tls))


def test_a_folder_of_authorities_needs_no_hashed_names(
    https_port: int, tls: dict[str, str], authority: Authority, tmp_path: Path
):
    """OpenSSL alone would find nothing there."""
    (tmp_path / "some name.crt").write_bytes(authority.certificate.read_bytes())
    (tmp_path / "README").write_text("no certificate")
    rest = {key: value for key, value in tls.items() if key != "CONSUL_CACERT"}
    serves(edge(f"consul-tls://localhost:{https_port}", CONSUL_CAPATH=str(tmp_path), **rest))


def test_the_agent_may_have_another_name(https_port: int, tls: dict[str, str]):
    """Its certificate is for localhost, not for the address that we go to."""
    uri = f"consul-tls://127.0.0.1:{https_port}"
    with pytest.raises(CatalogUnavailable, match=r"IP address mismatch.*CONSUL_TLS_SERVER_NAME"):
        edge(uri, **tls).services()
    serves(edge(uri, CONSUL_TLS_SERVER_NAME=SERVER_NAME, **tls))
    with pytest.raises(CatalogUnavailable, match=r"Hostname mismatch.*CONSUL_TLS_SERVER_NAME"):
        edge(uri, CONSUL_TLS_SERVER_NAME="other.example", **tls).services()


def test_an_agent_of_a_strange_authority_is_not_trusted(
    https_port: int, tls: dict[str, str], tmp_path: Path
):
    """Also not by the authorities of the system; only a person may say otherwise, and not here."""
    strange = tls | {"CONSUL_CACERT": str(Authority(tmp_path).certificate)}
    system = {key: value for key, value in tls.items() if key != "CONSUL_CACERT"}
    for environment in (strange, system, strange | {"CONSUL_HTTP_SSL_VERIFY": "false"}):
        with pytest.raises(CatalogUnavailable, match="set CONSUL_CACERT"):
            edge(f"consul-tls://localhost:{https_port}", **environment).services()
    off = strange | {"CONSUL_HTTP_SSL": "true", "CONSUL_HTTP_SSL_VERIFY": "false"}
    serves(edge(f"consul://127.0.0.1:{https_port}", **off))


def test_a_client_without_a_certificate_is_told_what_to_set(https_port: int, authority: Authority):
    """TLS 1.3 tells only after the handshake."""
    catalog = edge(f"consul-tls://localhost:{https_port}", CONSUL_CACERT=str(authority.certificate))
    with pytest.raises(CatalogUnavailable, match="CONSUL_CLIENT_CERT and CONSUL_CLIENT_KEY"):
        catalog.services()


def test_plain_http_to_a_port_of_tls_and_back(https_port: int, consul_binary: Path):
    """The scheme is wrong, and the message has the right one."""
    with pytest.raises(CatalogRefused, match="write consul-tls:// instead of consul://"):
        edge(f"consul://localhost:{https_port}").services()
    with lab.ConsulAgent(consul_binary) as plain, pytest.raises(CatalogUnavailable) as caught:
        edge(f"consul-tls://{plain.http_address}").services()
    assert "that port does not speak TLS" in str(caught.value)


# -- a Unix socket -------------------------------------------------------------------------------


def test_a_unix_socket(consul_binary: Path, tmp_path: Path):
    """For registrator's schemes, and as CONSUL_HTTP_ADDR."""
    path = tmp_path / "consul.sock"
    config = {"addresses": {"http": f"127.0.0.1 unix://{path}"}}
    with lab.ConsulAgent(consul_binary, config=config):
        for catalog in (
            edge(f"consul-unix://{path}"),
            edge("consul://", CONSUL_HTTP_ADDR=f"unix://{path}"),
            edge(f"consulkv-unix://{path}:/a"),
        ):
            serves(catalog)
    with pytest.raises(CatalogUnavailable, match=rf"Consul at unix://{path} does not answer: "):
        edge(f"consul-unix://{path}").services()


# -- ACLs ----------------------------------------------------------------------------------------


class Guarded(lab.ConsulAgent):
    """An agent that lets nobody do anything without a token."""

    def __init__(self, binary: Path) -> None:
        version = tuple(map(int, lab.consul_version(binary).split(".")))
        name = "initial_management" if version >= (1, 11) else "master"
        tokens = {name: MANAGEMENT, "agent": MANAGEMENT}
        acl: dict[str, Any] = {"enabled": True, "default_policy": "deny", "tokens": tokens}
        super().__init__(binary, node="n1", config={"acl": acl}, token=MANAGEMENT)

    def token(self, *rules: str) -> str:
        """Make a token that may do what the rules say."""
        secret = str(uuid.uuid4())
        self.put("acl/policy", {"Name": secret, "Rules": "\n".join(rules)})
        self.put("acl/token", {"SecretID": secret, "Policies": [{"Name": secret}]})
        return secret


WRITE_WEB = 'service "web" { policy = "write" }'
READ = 'service_prefix "" { policy = "read" }'
WATCH = 'node "n1" { policy = "read" }'
SELF = 'agent_prefix "" { policy = "read" }'


@pytest.fixture(scope="module")
def guarded(consul_binary: Path) -> Iterator[Guarded]:
    """An agent with ACLs."""
    with Guarded(consul_binary) as running:
        yield running


@pytest.fixture
def uri(guarded: Guarded) -> str:
    """Its registry URI."""
    return f"consul://{guarded.http_address}"


def refused(act: Any, *words: str) -> CatalogRefused:
    """The refusal, in which each of the words stands."""
    with pytest.raises(CatalogRefused) as caught:
        act()
    for word in words:
        assert word in str(caught.value)
    return caught.value


def test_a_token_that_may_do_all_it_takes(guarded: Guarded, uri: str):
    """No more than these rules are needed."""
    token = guarded.token(WRITE_WEB, WATCH, SELF)
    catalog = edge(uri, CONSUL_HTTP_TOKEN=token)
    serves(catalog)
    assert catalog.node_address() == "127.0.0.1"
    check = {"CheckID": ttl_check_id(WEB.id), "TTL": "10s"}
    catalog.register(dataclasses.replace(WEB, checks=(check,)))
    catalog.heartbeat(WEB.id)
    catalog.deregister(WEB.id)
    catalog.deregister(WEB.id)


def test_without_a_token_the_missing_rule_is_named(uri: str):
    """And how to give one."""
    catalog = edge(uri)
    denied = refused(lambda: catalog.register(WEB), WRITE_WEB, "no token is set; one in CONSUL_HT")
    assert (denied.status, denied.passing) == (403, False)
    refused(catalog.node_address, SELF, "read /v1/agent/self", "no token is set")
    assert {} == catalog.services()


def test_a_token_that_lacks_a_rule_is_named_with_where_it_is_from(
    guarded: Guarded, uri: str, tmp_path: Path
):
    """Two files away from whoever reads the log."""
    file = tmp_path / "token"
    file.write_text(guarded.token(READ))
    catalog = edge(uri, CONSUL_HTTP_TOKEN_FILE=str(file))
    refused(lambda: catalog.register(WEB), f"(CONSUL_HTTP_TOKEN_FILE={file}) needs {WRITE_WEB}")
    guarded.put("agent/service/register", {"ID": WEB.id, "Name": "web"})
    refused(lambda: catalog.deregister(WEB.id), 'needs service "ITS NAME" { policy = "write" }')
    guarded.put(f"agent/service/deregister/{WEB.id}")


def test_a_watch_that_would_see_nothing_is_refused(guarded: Guarded, uri: str):
    """Consul leaves out what a token may not see, without a word."""
    no_self = edge(uri, CONSUL_HTTP_TOKEN=guarded.token(WATCH))
    assert refused(lambda: no_self.wait_for_change(0), SELF).status == 403
    no_node = edge(uri, CONSUL_HTTP_TOKEN=guarded.token(SELF))
    refused(lambda: no_node.wait_for_change(0), "no such node", WATCH)


def test_a_token_that_does_not_exist(uri: str):
    """Deleted, or of another datacenter."""
    catalog = edge(uri, CONSUL_HTTP_TOKEN=str(uuid.uuid4()))
    refused(catalog.services, "403 ACL not found; it does not know the token (CONSUL_HTTP_TOKEN)")


def test_a_token_file_is_replaced_while_running(guarded: Guarded, uri: str, tmp_path: Path):
    """A token that is renewed needs no restart."""
    file, fresh = tmp_path / "token", tmp_path / "fresh"
    file.write_text(guarded.token(READ))
    catalog = edge(uri, CONSUL_HTTP_TOKEN_FILE=str(file))
    refused(lambda: catalog.register(WEB))
    fresh.write_text(guarded.token(WRITE_WEB, WATCH, SELF))
    fresh.replace(file)
    serves(catalog)


def test_a_service_may_have_a_token_of_its_own(guarded: Guarded, uri: str):
    """It writes, and is never shown; the registrar's own only reads."""
    catalog = edge(uri, CONSUL_HTTP_TOKEN=guarded.token(READ))
    own = guarded.token(WRITE_WEB)
    check = {"CheckID": ttl_check_id(WEB.id), "TTL": "10s"}
    service = dataclasses.replace(WEB, token=own, checks=(check,))
    catalog.register(service)
    assert {WEB.id: catalog.kept(service)} == catalog.services()
    refused(lambda: catalog.heartbeat(WEB.id), "the token (CONSUL_HTTP_TOKEN) needs")
    catalog.heartbeat(WEB.id, own)
    refused(lambda: catalog.deregister(WEB.id), "the token (CONSUL_HTTP_TOKEN) needs")
    catalog.deregister(WEB.id, own)
    assert {} == catalog.services()
    database = dataclasses.replace(service, name="db")
    refused(lambda: catalog.register(database), '(the service\'s own) needs service "db"')


def test_keys_take_rules_of_their_own(guarded: Guarded):
    """For the prefix, and for the marks beside it."""
    rules = [f'key_prefix "{key}" {{ policy = "write" }}' for key in ("a/", ".seamark/a/")]
    uri = f"consulkv://{guarded.http_address}/a"
    serves(edge(uri, CONSUL_HTTP_TOKEN=guarded.token(SELF, *rules)))
    catalog = edge(uri, CONSUL_HTTP_TOKEN=guarded.token(SELF, rules[0].replace("write", "read")))
    refused(lambda: catalog.register(WEB), "Permission denied", *rules)
