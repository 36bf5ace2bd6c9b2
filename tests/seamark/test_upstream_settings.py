"""Upstreams as people write them: what is meant, and what is said of what cannot be meant."""

import pytest

from dnsproxy.core.endpoint import Endpoint, TlsEndpoint
from seamark.errors import SettingsError
from seamark.reading import parse_servers
from tests.commands import run


@pytest.mark.parametrize(
    ("text", "server"),
    [
        ("10.0.0.2", Endpoint("10.0.0.2", 53)),
        ("10.0.0.2:5353", Endpoint("10.0.0.2", 5353)),
        ("2620:fe::fe", Endpoint("2620:fe::fe", 53)),
        ("[2620:fe::fe]:5353", Endpoint("2620:fe::fe", 5353)),
        ("tls://9.9.9.9#dns.quad9.net", TlsEndpoint("9.9.9.9", 853, "dns.quad9.net")),
        ("tls://9.9.9.9#DNS.Quad9.net.", TlsEndpoint("9.9.9.9", 853, "dns.quad9.net")),
        ("tls://1.1.1.1", TlsEndpoint("1.1.1.1", 853)),
        ("tls://1.1.1.1:8853", TlsEndpoint("1.1.1.1", 8853)),
        ("tls://2620:fe::fe", TlsEndpoint("2620:fe::fe", 853)),
        ("tls://[2620:fe::fe]#dns.quad9.net", TlsEndpoint("2620:fe::fe", 853, "dns.quad9.net")),
        (
            "tls://[2620:fe::fe]:853#dns.quad9.net",
            TlsEndpoint("2620:fe::fe", 853, "dns.quad9.net"),
        ),
    ],
)
def test_what_is_meant(text: str, server: Endpoint):
    """And what is shown of it can be written again."""
    assert [server] == parse_servers([text], "upstream", [])
    assert [server] == parse_servers([str(server)], "upstream", [])


@pytest.mark.parametrize(
    ("text", "problem", "hint"),
    [
        ("tls://dns.quad9.net", "does not start with an IP address", "tls://9.9.9.9#dns.quad9.net"),
        ("tls://dns.quad9.net:853", "does not start with an IP address", "#dns.quad9.net"),
        ("tls://dns.quad9.net#other.example", "does not start with an IP", "#other.example"),
        ("tls://", "does not start with an IP address", "#dns.quad9.net"),
        ("tls://9.9.9.9:x", "has no port", "ADDR:PORT"),
        ("tls://9.9.9.9:70000", "has no port", "ADDR:PORT"),
        ("tls://9.9.9.9#", "is no name", "#dns.quad9.net"),
        ("tls://9.9.9.9#a b", "is no name", "#dns.quad9.net"),
        ("tls://9.9.9.9#a..b", "is no name", "#dns.quad9.net"),
        ("https://9.9.9.9/dns-query", "`https://` is no way", "tls://ADDR#NAME"),
        ("9.9.9.9#dns.quad9.net", "no TLS that would check it", "tls://9.9.9.9#dns.quad9.net"),
        ("dns.quad9.net", "does not start with an IP address", "ADDR:PORT"),
    ],
)
def test_what_cannot_be_meant_is_told_with_its_place_and_what_to_write(text, problem, hint):
    with pytest.raises(SettingsError) as caught:
        parse_servers([text], "dns.zone[1].upstream", [])
    assert str(caught.value).startswith("dns.zone[1].upstream: ")
    assert problem in str(caught.value)
    assert hint in caught.value.hint


def test_consul_is_asked_in_the_clear_only():
    """Its agents speak no TLS on their DNS port."""
    ended = run("dnsproxy", "--consul-dns", "tls://10.0.0.1", "--upstream", "10.0.0.2")
    assert 2 == ended.returncode
    assert "consul-dns: `tls://10.0.0.1` does not start with an IP address" in ended.stderr


@pytest.mark.parametrize("where", ["[dns]", '[[dns.zone]]\nname = "a.example"'])
def test_a_policy_that_there_is_not_is_refused(where: str, tmp_path):
    file = tmp_path / "seamark.toml"
    file.write_text(f'{where}\npolicy = "best"\n')
    ended = run("dnsproxy", "--config", file)
    assert 2 == ended.returncode
    assert "policy" in ended.stderr
    assert "write `sequential`, `random` or `fastest`" in ended.stderr
