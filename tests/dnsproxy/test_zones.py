"""Where a name is asked."""

import pytest

from dnsproxy.core.access import AllowList
from dnsproxy.core.names import from_text
from dnsproxy.core.zones import ZoneTable

TABLE = ZoneTable(
    [
        (from_text("consul"), "consul"),
        (from_text("dc2.Consul"), "dc2"),
        (from_text("."), "all else"),
    ]
)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("consul", "consul"),
        ("web.service.consul", "consul"),
        ("web.service.dc2.consul", "dc2"),
        ("notconsul", "all else"),
        ("consul.example", "all else"),
        (r"www\.consul", "all else"),
        (".", "all else"),
    ],
)
def test_the_longest_zone_around_a_name_wins(name, expected):
    """Label by label: `notconsul` and the one label `www.consul` are not below `consul`."""
    assert expected == TABLE.find(from_text(name))


def test_a_name_in_no_zone_has_no_target():
    """A proxy without upstreams."""
    assert None is ZoneTable([(from_text("consul"), 1)]).find(from_text("example.com"))


@pytest.mark.parametrize(
    ("client", "expected"),
    [
        ("127.0.0.1", True),
        ("172.17.0.2", True),
        ("192.168.1.9", True),
        ("::1", True),
        ("fe80::1%eth0", True),
        ("fd00::2", True),
        ("::ffff:10.0.0.1", True),
        ("8.8.8.8", False),
        ("::ffff:8.8.8.8", False),
        ("2001:db8::1", False),
    ],
)
def test_only_private_networks_are_answered_by_default(client, expected):
    """An open resolver is a weapon."""
    assert expected == AllowList().allows(client)
