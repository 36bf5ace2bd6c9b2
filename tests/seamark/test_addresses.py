"""Addresses as people write them."""

import socket

import pytest

from dnsproxy.core.endpoint import Endpoint
from seamark.addresses import is_ourselves, parse_endpoint, system_upstreams
from seamark.errors import SettingsError


@pytest.mark.parametrize(
    ("text", "default", "expected"),
    [
        ("1.2.3.4:5300", None, "1.2.3.4:5300"),
        ("1.2.3.4", 53, "1.2.3.4:53"),
        ("[::1]:53", None, "[::1]:53"),
        ("[::1]", 53, "[::1]:53"),
        ("::1", 53, "[::1]:53"),
        (":53", None, "0.0.0.0:53"),
        (" 1.2.3.4:0 ", None, "1.2.3.4:0"),
    ],
)
def test_an_address_is_read_in_every_usual_form(text, default, expected):
    """IPv6 in brackets where a port follows."""
    assert expected == str(parse_endpoint(text, "listen", default))


@pytest.mark.parametrize("text", ["", "host:53", "1.2.3.4", "1.2.3.4:x", "1.2.3.4:65536", "::1:"])
def test_what_is_no_address_is_refused_with_the_form(text):
    """And with the setting's name."""
    with pytest.raises(SettingsError, match="listen: ") as caught:
        parse_endpoint(text, "listen")
    assert "ADDR:PORT" in caught.value.hint


@pytest.mark.parametrize(
    ("server", "listen", "expected"),
    [
        (Endpoint("127.0.0.1", 53), Endpoint("127.0.0.1", 53), True),
        (Endpoint("127.0.0.1", 53), Endpoint("0.0.0.0", 53), True),
        (Endpoint("::1", 53), Endpoint("::", 53), True),
        (Endpoint("127.0.0.1", 5353), Endpoint("0.0.0.0", 53), False),
        (Endpoint("127.0.0.53", 53), Endpoint("127.0.0.1", 53), False),
        (Endpoint("203.0.113.9", 53), Endpoint("0.0.0.0", 53), False),
        (Endpoint("127.0.0.1", 53), Endpoint("::", 53), False),
    ],
)
def test_a_server_is_ourselves_if_a_query_to_it_would_come_back(server, listen, expected):
    """A wildcard listener has every local address."""
    assert expected == is_ourselves(server, [listen])


@pytest.mark.parametrize("kind", [socket.SOCK_DGRAM, socket.SOCK_STREAM], ids=["udp", "tcp"])
def test_an_address_of_ours_that_somebody_else_holds_is_not_ourselves(kind):
    """We cannot get it: systemd-resolved's stub beside us can be asked."""
    with socket.socket(socket.AF_INET, kind) as other:
        other.bind(("127.0.0.5", 0))
        if kind == socket.SOCK_STREAM:
            other.listen()
        port = other.getsockname()[1]
        wildcard = [Endpoint("0.0.0.0", port)]
        assert not is_ourselves(Endpoint("127.0.0.5", port), wildcard)
        assert is_ourselves(Endpoint("127.0.0.6", port), wildcard)
        # Named outright it is a mistake, whoever holds it.
        assert is_ourselves(Endpoint("127.0.0.5", port), [Endpoint("127.0.0.5", port)])


NOBODY = Endpoint("192.0.2.1", 5399)


@pytest.mark.parametrize(
    ("resolv_conf", "resolved_conf", "expected"),
    [
        ("nameserver 192.0.2.7\n", "nameserver 192.0.2.8\n", ["192.0.2.7:53"]),
        ("nameserver 127.0.0.53\n", "nameserver 192.0.2.8\n", ["192.0.2.8:53"]),
        ("nameserver 127.0.0.53\n", None, ["127.0.0.53:53"]),
        ("nameserver 127.0.0.53\n", "# none\n", ["127.0.0.53:53"]),
        (
            "nameserver 192.0.2.7\nnameserver 127.0.0.53\n",
            "nameserver 192.0.2.8\n",
            ["192.0.2.7:53", "127.0.0.53:53"],
        ),
        ("search example\nnameserver\nnameserver fd00::7 # two\n", None, ["[fd00::7]:53"]),
        (None, "nameserver 192.0.2.8\n", []),
    ],
)
def test_behind_a_stub_resolver_its_own_servers_are_asked(
    tmp_path, resolv_conf, resolved_conf, expected
):
    """As the engine does for containers; the stub may be told to ask us for `consul`."""
    files = []
    for name, text in (("resolv.conf", resolv_conf), ("resolved.conf", resolved_conf)):
        files.append(tmp_path / name)
        if text is not None:
            files[-1].write_text(text)
    assert expected == [str(server) for server in system_upstreams([NOBODY], *files)]


def test_an_upstream_that_is_ourselves_is_left_out(tmp_path):
    """A resolv.conf that names this host, for the host's own programs, is no upstream of ours."""
    (tmp_path / "resolv.conf").write_text("nameserver 127.0.0.77\nnameserver 192.0.2.7\n")
    files = (tmp_path / "resolv.conf", tmp_path / "none")
    found = system_upstreams([Endpoint("0.0.0.0", 53)], *files)
    assert ["192.0.2.7:53"] == [str(server) for server in found]
