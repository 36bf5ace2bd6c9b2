"""The registry URI."""

import pytest

from catalog.errors import RegistryUriError
from catalog.uri import AgentAddress, Registry, parse_registry_uri

ADDR = "CONSUL_HTTP_ADDR"


@pytest.mark.parametrize(
    ("uri", "environment", "expected"),
    [
        ("consul://10.0.0.1:8501", {}, "http://10.0.0.1:8501"),
        ("consul://10.0.0.1", {}, "http://10.0.0.1:8500"),
        ("CONSUL://10.0.0.1", {}, "http://10.0.0.1:8500"),
        ("consul:10.0.0.1:80", {}, "http://10.0.0.1:80"),
        ("consul://user:pass@h:80/path?query#part", {}, "http://h:80"),
        ("consul://[fd00::1]:8500", {}, "http://[fd00::1]:8500"),
        ("consul://[fd00::1]", {}, "http://[fd00::1]:8500"),
        ("consul://fd00::1", {}, "http://[fd00::1]:8500"),
        ("consul:", {}, "http://127.0.0.1:8500"),
        ("consul://", {}, "http://127.0.0.1:8500"),
        ("consul:///", {}, "http://127.0.0.1:8500"),
        ("consul://", {ADDR: ""}, "http://127.0.0.1:8500"),
        ("consul://", {ADDR: "consul.example:85"}, "http://consul.example:85"),
        ("consul://", {ADDR: "consul.example"}, "http://consul.example:8500"),
        ("consul://", {ADDR: "http://10.0.0.9:1234"}, "http://10.0.0.9:1234"),
        ("consul://", {ADDR: "http://10.0.0.9:1234/ui"}, "http://10.0.0.9:1234"),
        ("consul://", {ADDR: "https://consul.example:443"}, "https://consul.example:443"),
        ("consul://", {ADDR: "https://consul.example"}, "https://consul.example:8501"),
        ("consul://", {ADDR: "unix:///run/consul.sock"}, "unix:///run/consul.sock"),
        ("consul://", {ADDR: "[::1]:8500"}, "http://[::1]:8500"),
        ("consul://", {ADDR: "::1"}, "http://[::1]:8500"),
        ("consul://10.0.0.1:8500", {ADDR: "10.9.9.9:1"}, "http://10.0.0.1:8500"),
        ("consul://10.0.0.1:80", {"CONSUL_HTTP_SSL": "true"}, "https://10.0.0.1:80"),
        ("consul://10.0.0.1", {"CONSUL_HTTP_SSL": "1"}, "https://10.0.0.1:8501"),
        ("consul://10.0.0.1", {"CONSUL_HTTP_SSL": "FALSE"}, "http://10.0.0.1:8500"),
        ("consul://", {"CONSUL_HTTP_SSL": "1", ADDR: "http://h:1"}, "https://h:1"),
        ("consul-tls://h:1", {}, "https://h:1"),
        ("consul-tls://h", {"CONSUL_HTTP_SSL": "false"}, "https://h:8501"),
        ("consul-unix:///run/consul.sock", {}, "unix:///run/consul.sock"),
        ("consul-unix:/run/consul.sock", {"CONSUL_HTTP_SSL": "1"}, "unix:///run/consul.sock"),
    ],
)
def test_a_uri_names_an_agent(uri, environment, expected):
    """CONSUL_HTTP_ADDR counts only where the URI has no host, as in registrator."""
    registry = parse_registry_uri(uri, environment)
    assert (expected, "") == (str(registry.address), registry.kv_prefix)


@pytest.mark.parametrize(
    ("uri", "environment", "address", "prefix"),
    [
        ("consulkv://h:1/a", {}, "http://h:1", "a"),
        ("consulkv://h/a/b/", {}, "http://h:8500", "a/b"),
        ("consulkv://h/a%20b?x=1", {}, "http://h:8500", "a b"),
        ("consulkv:///a", {}, "http://127.0.0.1:8500", "a"),
        ("consulkv:///a", {ADDR: "https://h:2"}, "https://h:2", "a"),
        ("consulkv://[fd00::1]:1/a", {}, "http://[fd00::1]:1", "a"),
        ("consulkv-tls://h/a", {}, "https://h:8501", "a"),
        ("consulkv-unix:///run/consul.sock:/a/b", {}, "unix:///run/consul.sock", "a/b"),
    ],
)
def test_consulkv_has_a_prefix(uri, environment, address, prefix):
    """Without slashes at its ends; the agent is named as for the other schemes."""
    registry = parse_registry_uri(uri, environment)
    assert (address, prefix) == (str(registry.address), registry.kv_prefix)


def test_who_listens_on_a_socket_is_on_this_host():
    """So that its DNS is looked for here."""
    expected = Registry(AgentAddress("127.0.0.1", 8500, socket="/run/c.sock"))
    assert expected == parse_registry_uri("consul-unix:///run/c.sock", {})


@pytest.mark.parametrize("uri", ["consul-tls://h", "consulkv-tls://h/a"])
def test_tls_by_the_scheme_always_verifies(uri):
    """As registrator's consul-tls did; TLS by the environment lets itself be told otherwise."""
    assert parse_registry_uri(uri, {}).address.always_verify
    plain = parse_registry_uri("consul://h", {"CONSUL_HTTP_SSL": "true"}).address
    assert plain.tls
    assert not plain.always_verify


@pytest.mark.parametrize(
    ("uri", "words"),
    [
        ("", "no scheme"),
        ("10.0.0.1", "no scheme"),
        ("consl://h:1", "did you mean `consul`?"),
        ("consul-tsl://h:1", "did you mean `consul-tls`?"),
        ("consul-kv://h:1/a", "did you mean `consulkv`?"),
        ("etcd://h:2379/prefix", "not in etcd"),
        ("skydns2://h:2379/domain", "not in skydns2"),
        ("zookeeper://h/p", "not in zookeeper"),
        ("zookeeper-tls://h/p", "not in zookeeper-tls"),
        ("redis://h", "unknown scheme `redis`"),
        ("consul://h:port", "Port could not be cast"),
        ("consul://h:99999", "Port out of range"),
        ("consul://h:0", "port 0"),
        ("consul://:8500", "names no host"),
        ("consul://[::1", "Invalid IPv6"),
        ("consul-tls://", "names no host; write `consul-tls://HOST:8501`"),
        ("consul-unix://", "write `consul-unix:///PATH`"),
        ("consul-unix://run/c.sock", "full path"),
        ("consulkv://h:1", "names no prefix for the keys; write `consulkv://h:1/PREFIX`"),
        ("consulkv://h:1/", "names no prefix"),
        ("consulkv:", "write `consulkv://HOST:8500/PREFIX`"),
        ("consulkv-unix:///run/c.sock", "write `consulkv-unix:///run/c.sock:/PREFIX`"),
        ("consulkv-unix://", "write `consulkv-unix:///PATH:/PREFIX`"),
    ],
)
def test_a_bad_uri_says_what_to_write(uri, words):
    """What was found, and what to do."""
    with pytest.raises(RegistryUriError) as caught:
        parse_registry_uri(uri, {})
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("environment", "words"),
    [
        ({ADDR: "tcp://h:1"}, "CONSUL_HTTP_ADDR: `tcp://h:1`: unknown scheme"),
        ({ADDR: "h:x"}, "CONSUL_HTTP_ADDR: `h:x`"),
        ({ADDR: "unix://"}, "names no socket"),
        ({"CONSUL_HTTP_SSL": "yes"}, "CONSUL_HTTP_SSL: `yes` is no yes or no"),
    ],
)
def test_a_bad_variable_is_named(environment, words):
    """The fault is not in the URI, so that is not what must be looked at."""
    with pytest.raises(RegistryUriError) as caught:
        parse_registry_uri("consul:", environment)
    assert words in str(caught.value)
