"""Cookies: what a client has to send, what it gets, and when it is needed."""

import secrets
import struct
import time

import dns.edns
import dns.message
import dns.query
import pytest

from dnsproxy.core.cookies import AHEAD_S, HOLDS_S, RENEWED_S, Cookies, siphash
from tests.asking import rcode
from tests.commands import Running
from tests.waits import PATIENCE_S

COOKIE = dns.edns.OptionType.COOKIE
MINE = b"12345678"
NOW = 1_800_000_000


def with_cookie(data: bytes) -> dns.message.Message:
    """A query with that option."""
    return dns.message.make_query("localhost", "A", options=[dns.edns.GenericOption(COOKIE, data)])


def cookie_of(reply: dns.message.Message) -> bytes:
    """The data of the one cookie option; empty without one."""
    found = [option for option in reply.options if option.otype == COOKIE]
    assert len(found) <= 1
    return found[0].to_wire() or b"" if found else b""


@pytest.fixture(scope="module")
def port():
    """A proxy that answers localhost, and limits what it answers."""
    flags = ["--listen", "127.0.0.1:0", "--http", "off", "--consul-dns", "127.0.0.1:9"]
    with Running("dnsproxy", *flags, "--upstream", "127.0.0.1:9") as proxy:
        yield proxy.port


def asked(port: int, data: bytes, *, tcp: bool = False) -> dns.message.Message:
    """The reply to a query with that cookie."""
    exchange = dns.query.tcp if tcp else dns.query.udp
    return exchange(with_cookie(data), "127.0.0.1", port=port, timeout=PATIENCE_S)


@pytest.mark.parametrize("size", [1, 7, 9, 15, 41, 64])
def test_r30_a_cookie_that_is_none_is_a_format_error(port, size):
    """RFC 7873 5.2.2; the empty one too."""
    assert "FORMERR" == rcode(asked(port, bytes(size)))
    assert "FORMERR" == rcode(asked(port, b""))


@pytest.mark.parametrize("tcp", [False, True], ids=["UDP", "TCP"])
def test_r30_every_reply_to_a_cookie_has_one(port, tcp):
    """The client's own in front, and ours, which is taken as it is when it comes back."""
    first = cookie_of(asked(port, MINE, tcp=tcp))
    assert 24 == len(first)
    assert MINE == first[:8]
    assert b"\1\0\0\0" == first[8:12]
    (made,) = struct.unpack("!I", first[12:16])
    assert abs(time.time() - made) < 300
    assert first == cookie_of(asked(port, first, tcp=tcp))
    forged = first[:-1] + bytes([first[-1] ^ 1])
    assert forged != cookie_of(asked(port, forged, tcp=tcp))
    assert "NOERROR" == rcode(asked(port, forged, tcp=tcp))


def test_r30_no_cookie_is_given_to_who_has_none(port):
    """Nor asked for."""
    reply = dns.query.udp(
        dns.message.make_query("localhost", "A", use_edns=0), "127.0.0.1", PATIENCE_S, port
    )
    assert () == tuple(reply.options)


def test_r30_a_cookie_is_for_the_address_it_was_given_to(port):
    """The real one, that of the socket."""
    given = cookie_of(asked(port, MINE))
    elsewhere = dns.query.udp(
        with_cookie(given), "127.0.0.1", PATIENCE_S, port, source="127.0.0.77"
    )
    assert given[16:] != cookie_of(elsewhere)[16:]


def test_r30_under_load_a_cookie_of_ours_is_asked_for_and_lets_its_client_through():
    """BADCOOKIE only then; who shows that it is there is not limited."""
    flags = ["--listen", "127.0.0.1:0", "--http", "off", "--consul-dns", "127.0.0.1:9"]
    with Running(
        "dnsproxy", *flags, "--upstream", "127.0.0.1:9", SEAMARK_RATE_LIMIT_PRIVATE="1"
    ) as proxy:
        bad = first_other(proxy.port)
        assert "BADCOOKIE" == rcode(bad)
        assert [] == bad.answer
        assert 24 == len(cookie_of(bad))
        for _ in range(20):
            assert "NOERROR" == rcode(asked(proxy.port, cookie_of(bad)))


def first_other(port: int) -> dns.message.Message:
    """The first reply that is not an answer, of those that come."""
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        try:
            reply = dns.query.udp(with_cookie(MINE), "127.0.0.1", 0.2, port)
        except dns.exception.Timeout:
            continue
        if rcode(reply) != "NOERROR":
            return reply
    pytest.fail("every query was answered")


def test_the_hash_is_siphash_2_4():
    """The vectors of its authors: key 00..0f, input 00, 01, ... (the first, the eighth, ...)."""
    key = bytes(range(16))
    expected = {
        0: 0x726FDB47DD0E0E31,
        1: 0x74F839C593DC67FD,
        8: 0x93F5F5799A932462,
        15: 0xA129CA6149BE45E5,
    }
    assert expected == {size: siphash(key, bytes(range(size))) for size in expected}


@pytest.mark.parametrize(
    ("age", "holds", "renewed"),
    [
        (0, True, False),
        (RENEWED_S - 1, True, False),
        (RENEWED_S, True, True),
        (HOLDS_S, True, True),
        (HOLDS_S + 1, False, True),
        (-AHEAD_S, True, False),
        (-AHEAD_S - 1, False, True),
    ],
)
def test_how_long_a_cookie_holds(age, holds, renewed):
    """RFC 9018 4.3: an hour, half of it without a new one; some minutes ahead of the clock."""
    cookies = Cookies(secrets.token_bytes(16))
    given = cookies.answer(MINE, "10.0.0.1", NOW)
    assert holds == cookies.holds(given, "10.0.0.1", NOW + age)
    assert renewed == (given != cookies.answer(given, "10.0.0.1", NOW + age))
    assert not Cookies(secrets.token_bytes(16)).holds(given, "10.0.0.1", NOW)
