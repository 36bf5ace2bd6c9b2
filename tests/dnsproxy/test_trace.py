"""What is told to somebody who asks how a question was answered, and to whom."""

import json

import dns.edns
import dns.message
import pytest

from dnsproxy.core.access import AllowList
from dnsproxy.core.gate import Query
from dnsproxy.core.trace import CODE, Trace
from dnsproxy.core.zones import ZoneTable
from dnsproxy.proxy import DnsProxy, ProxyOptions
from dnsproxy.resolver import Resolver, Routes

ASKED = dns.message.make_query(
    "a.example", "A", options=[dns.edns.GenericOption(dns.edns.OptionType.make(CODE), b"")]
)


@pytest.mark.parametrize(
    ("client", "tcp", "explained"),
    [
        ("127.0.0.1", True, True),
        ("127.3.2.1", True, True),
        ("::1", True, True),
        ("::ffff:127.0.0.1", True, True),
        ("127.0.0.1", False, False),
        ("192.168.1.9", True, False),
        ("172.17.0.4", True, False),
        ("fe80::1", True, False),
    ],
)
def test_who_is_on_another_host_or_asks_over_udp_is_told_nothing(client, tcp, explained):
    """What is remembered says what others ask for; and a forged address gets no long answer."""
    proxy = DnsProxy([], Resolver(lambda client: Routes(ZoneTable([]))), ProxyOptions(AllowList()))
    found = proxy.accept(ASKED.to_wire(), client, tcp=tcp)
    wire = proxy.resolve(found, tcp=tcp) if isinstance(found, Query) else found
    assert wire is not None
    options = dns.message.from_wire(wire).options
    assert explained == (CODE in [option.otype for option in options])


def test_an_explanation_is_ascii_and_fits_a_message():
    """The steps at the end are left out where there are too many."""
    trace = Trace()
    for number in range(10_000):
        trace.note("asked", server=str(number), outcome="\u202e\x1b", empty="")
    option = trace.option(zone="consul.")
    assert len(option) < 40_000
    assert option[4:].isascii()
    found = json.loads(option[4:])
    assert "consul." == found["zone"]
    assert {"what": "asked", "server": "0", "outcome": "\u202e\x1b"} == found["steps"][0]
    assert len(found["steps"]) > 100
