"""Addresses as people write them."""

import pytest

from dnsproxy.core.endpoint import Endpoint
from seamark.addresses import is_ourselves, parse_endpoint
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
