"""The registry URI."""

import pytest

from catalog.errors import RegistryUriError
from catalog.uri import parse_registry_uri


@pytest.mark.parametrize(
    ("uri", "environment", "expected"),
    [
        ("consul://10.0.0.1:8501", "", "http://10.0.0.1:8501"),
        ("consul://10.0.0.1", "", "http://10.0.0.1:8500"),
        ("consul://[fd00::1]:8500", "", "http://[fd00::1]:8500"),
        ("consul:", "", "http://127.0.0.1:8500"),
        ("consul://", "consul.example:8500", "http://consul.example:8500"),
        ("consul://", "http://10.0.0.9:1234", "http://10.0.0.9:1234"),
        ("consul://10.0.0.1:8500", "10.9.9.9:1", "http://10.0.0.1:8500"),
    ],
)
def test_a_uri_names_an_agent(uri, environment, expected):
    """CONSUL_HTTP_ADDR counts only where the URI has no host, as in registrator."""
    assert expected == str(parse_registry_uri(uri, environment))


@pytest.mark.parametrize(
    ("uri", "words"),
    [
        ("", "no scheme"),
        ("10.0.0.1", "no scheme"),
        ("consl://h:1", "did you mean `consul`?"),
        ("etcd://h:2379/prefix", "not in etcd"),
        ("zookeeper://h/p", "not in zookeeper"),
        ("redis://h", "unknown scheme `redis`"),
        ("consul://h:port", "Port could not be cast"),
        ("consul://h:99999", "Port out of range"),
    ],
)
def test_a_bad_uri_says_what_to_write(uri, words):
    """What was found, and what to do."""
    with pytest.raises(RegistryUriError, match=words.replace("?", r"\?")):
        parse_registry_uri(uri)
