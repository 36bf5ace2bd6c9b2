"""By which names a browser may call the status side."""

import pytest

from seamark.status.hosts import is_ours
from tests.seamark.status import Status

NAMES = {"node3.example.org"}


@pytest.mark.parametrize(
    "header",
    [
        "127.0.0.1",
        "127.0.0.1:8053",
        "192.0.2.7:80",
        "[::1]:8053",
        "[2001:db8::1]",
        "localhost",
        "LOCALHOST:8053",
        "localhost.:8053",
        "seamark.localhost:8053",
        "seamark:8053",
        "node3.example.org",
        "Node3.Example.org.:8053",
        " 127.0.0.1 ",
    ],
)
def test_addresses_and_names_that_nobody_outside_can_own_are_ours(header):
    """Also what a compose file calls us, and what the operator has named."""
    assert is_ours(header, NAMES)


@pytest.mark.parametrize(
    "header",
    [
        "",
        ":8053",
        "evil.example",
        "evil.example:8053",
        "127.0.0.1.evil.example",
        "node3.example.org.evil.example",
        "localhost.evil.example",
        "evillocalhost.example",
        "127.0.0.1@evil.example",
        "[evil.example]:8053",
        "[::1.evil.example]",
        "xn--lcalhost-55a.example",
        "l\xf6calhost",
    ],
)
def test_a_name_that_somebody_outside_may_own_is_not(header):
    """DNS rebinding: it resolves to us, and the page that asks is not ours."""
    assert not is_ours(header, NAMES)


@pytest.mark.parametrize(
    "path", ["/", "/health", "/ready", "/metrics", "/api/overview", "/api/queries", "/nowhere"]
)
def test_a_foreign_name_gets_nothing_anywhere(status, path):
    """421 (RFC 9110 15.5.20), and what to do about it."""
    code, headers, body = status.get(path, Host="evil.example")
    assert 421 == code
    assert "http.hosts" in body
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert "evil" not in body


def test_names_of_the_operator_are_asked_for_at_each_request(observer):
    """A reload changes them."""
    names: list[str] = []
    status = Status(observer, hosts=lambda: names)
    status.server.start()
    assert 421 == status.get("/health", Host="node3.example.org")[0]
    names.append("node3.example.org")
    assert 200 == status.get("/health", Host="node3.example.org")[0]
    status.server.stop()
