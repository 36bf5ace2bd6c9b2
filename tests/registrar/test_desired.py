"""Containers -> services: registrator's names, ids and precedence as a table.

The numbers are those of the behaviour table that the project keeps of registrator; a row marked
"better" departs from it on purpose.
"""

import pytest
from hypothesis import given, strategies as st

from registrar.core.desired import desired_services
from registrar.core.ownership import CONTAINER, OWNER
from tests.registrar.inspect_output import HOST, container

ANY = "0.0.0.0"
ONE = {"6379/tcp": [(ANY, 10000)]}
WEB = {"443/tcp": [(ANY, 4443)], "80/tcp": [(ANY, 8000)]}
DNS = {"53/tcp": [(ANY, 53)], "53/udp": [(ANY, 53)]}

# (case, ports, other facts, {id: (name, address, port, tags, meta)})
ROWS = [
    ("12 one port", ONE, {}, {"host1:c1:6379": ("redis", "", 10000, (), {})}),
    (
        "13 better: tags in written order",
        ONE,
        {"env": ["SERVICE_NAME=db", "SERVICE_TAGS=master,backups", "SERVICE_REGION=us2"]},
        {"host1:c1:6379": ("db", "", 10000, ("master", "backups"), {"region": "us2"})},
    ),
    (
        "14 labels do as well as the environment",
        ONE,
        {"labels": {"SERVICE_NAME": "db", "SERVICE_TAGS": "master"}},
        {"host1:c1:6379": ("db", "", 10000, ("master",), {})},
    ),
    (
        "15 two ports are told apart by name",
        WEB,
        {"image": "progrium/nginx"},
        {
            "host1:c1:80": ("nginx-80", "", 8000, (), {}),
            "host1:c1:443": ("nginx-443", "", 4443, (), {}),
        },
    ),
    (
        "16 port-specific keys",
        WEB,
        {
            "env": [
                "SERVICE_443_NAME=https",
                "SERVICE_443_ID=https.12345",
                "SERVICE_443_SNI=enabled",
                "SERVICE_80_NAME=http",
                "SERVICE_TAGS=www",
            ]
        },
        {
            "https.12345": ("https", "", 4443, ("www",), {"sni": "enabled"}),
            "host1:c1:80": ("http", "", 8000, ("www",), {}),
        },
    ),
    (
        "18 a generic name is suffixed too",
        WEB,
        {"env": ["SERVICE_NAME=web"]},
        {
            "host1:c1:80": ("web-80", "", 8000, (), {}),
            "host1:c1:443": ("web-443", "", 4443, (), {}),
        },
    ),
    (
        "20 an ignored port still counts for the suffix",
        WEB,
        {"image": "nginx", "env": ["SERVICE_443_IGNORE=1"]},
        {"host1:c1:80": ("nginx-80", "", 8000, (), {})},
    ),
    (
        "21 only published ports count",
        {"80/tcp": [(ANY, 8000)], "443/tcp": None},
        {},
        {"host1:c1:80": ("redis", "", 8000, (), {})},
    ),
    (
        "22 both protocols of one number",
        DNS,
        {"image": "dns", "env": ["SERVICE_TAGS=a"]},
        {
            "host1:c1:53": ("dns-53", "", 53, ("a",), {}),
            "host1:c1:53:udp": ("dns-53", "", 53, ("a", "udp"), {}),
        },
    ),
    (
        "25 better: one id for two ports overwrites nothing",
        WEB,
        {"env": ["SERVICE_ID=x"]},
        {
            "x": ("redis-80", "", 8000, (), {}),
            "x:443:tcp": ("redis-443", "", 4443, (), {}),
        },
    ),
    (
        "28 port-specific beats generic, whatever the source",
        {"80/tcp": [(ANY, 8000)]},
        {"env": ["SERVICE_80_NAME=e"], "labels": {"SERVICE_NAME": "l"}},
        {"host1:c1:80": ("e", "", 8000, (), {})},
    ),
    (
        "29 labels beat the environment",
        {"80/tcp": [(ANY, 8000)]},
        {"env": ["SERVICE_80_NAME=e"], "labels": {"SERVICE_80_NAME": "l"}},
        {"host1:c1:80": ("l", "", 8000, (), {})},
    ),
    (
        "30 the prefix has a case, the rest has none",
        ONE,
        {"env": ["SERVICE_Name=mixed", "service_NAME=low"]},
        {"host1:c1:6379": ("mixed", "", 10000, (), {})},
    ),
    (
        "32 better: IGNORE is a boolean",
        ONE,
        {"env": ["SERVICE_IGNORE=false"]},
        {"host1:c1:6379": ("redis", "", 10000, (), {})},
    ),
    ("32 IGNORE=true", ONE, {"env": ["SERVICE_IGNORE=true"]}, {}),
    (
        "33 an empty IGNORE is none",
        ONE,
        {"env": ["SERVICE_IGNORE="]},
        {"host1:c1:6379": ("redis", "", 10000, (), {})},
    ),
    (
        "34 an empty port-specific value blocks the generic one",
        {"80/tcp": [(ANY, 8000)], "81/tcp": [(ANY, 8001)]},
        {"env": ["SERVICE_IGNORE=true", "SERVICE_80_IGNORE="]},
        {"host1:c1:80": ("redis-80", "", 8000, (), {})},
    ),
    ("39 better: nobody else reaches loopback", {"80/tcp": [("127.0.0.1", 8080)]}, {}, {}),
    (
        "41 better: the wildcard binding wins",
        {"80/tcp": [("10.0.0.5", 9090), (ANY, 8080)]},
        {},
        {"host1:c1:80": ("redis", "", 8080, (), {})},
    ),
    (
        "one host address",
        {"80/tcp": [("10.0.0.5", 9090)]},
        {},
        {"host1:c1:80": ("redis", "10.0.0.5", 9090, (), {})},
    ),
    (
        "42 better: :: is a wildcard as well",
        {"80/tcp": [("::", 8080)]},
        {},
        {"host1:c1:80": ("redis", "", 8080, (), {})},
    ),
    ("44 host network, nothing exposed", {}, {"mode": "host"}, {}),
    (
        "host network: exposed ports are the host's own",
        {},
        {"mode": "host", "exposed": ["80/tcp"]},
        {"host1:c1:80": ("redis", "", 80, (), {})},
    ),
    (
        "45 better: a published port on a user's network is the host's",
        {"80/tcp": [(ANY, 32768)]},
        {"mode": "proj_default"},
        {"host1:c1:80": ("redis", "", 32768, (), {})},
    ),
    (
        "56 better: a digest is no part of the name",
        ONE,
        {"image": "reg.example.com:5000/team/redis@sha256:abc"},
        {"host1:c1:6379": ("redis", "", 10000, (), {})},
    ),
    (
        "registry port and tag are no part of the name",
        ONE,
        {"image": "reg.example.com:5000/team/api:1.2"},
        {"host1:c1:6379": ("api", "", 10000, (), {})},
    ),
    (
        "57 better: check keys do not end in meta",
        ONE,
        {"env": ["SERVICE_CHECK_HTTP=/h", "SERVICE_A=1"]},
        {"host1:c1:6379": ("redis", "", 10000, (), {"a": "1"})},
    ),
    (
        "a bad meta key loses that key only",
        ONE,
        {"labels": {"SERVICE_foo.bar": "1", "SERVICE_": "2", "SERVICE_ok": "3"}},
        {"host1:c1:6379": ("redis", "", 10000, (), {"ok": "3"})},
    ),
]


@pytest.mark.parametrize(
    ("ports", "facts", "expected"), [row[1:] for row in ROWS], ids=[row[0] for row in ROWS]
)
def test_a_container_has_the_services_of_the_table(ports, facts, expected):
    """Names, ids, addresses, ports, tags and meta; our mark aside."""
    found = {
        service_id: (
            service.name,
            service.address,
            service.port,
            service.tags,
            {k: v for k, v in service.meta.items() if k not in {OWNER, CONTAINER}},
        )
        for service_id, service in desired_services(
            container(ports, **facts), HOST
        ).services.items()
    }
    assert expected == found


@pytest.mark.parametrize(
    ("ports", "facts", "subject", "words"),
    [
        ({}, {}, "", "no port exposed or published"),
        ({"80/tcp": None}, {}, "80/tcp", "not published"),
        ({"80/tcp": [("127.0.0.1", 1)]}, {}, "80/tcp", "127.0.0.1 only"),
        (ONE, {"env": ["SERVICE_IGNORE=1"]}, "6379/tcp", "SERVICE_IGNORE"),
        (ONE, {"env": ["SERVICE_CHECK_TTL=1s"]}, "6379/tcp SERVICE_CHECK_TTL", "not registered"),
        (ONE, {"labels": {"SERVICE_x": "y" * 513}}, "6379/tcp SERVICE_X", "513 characters"),
        (ONE, {"labels": {"SERVICE_consul-x": "y"}}, "6379/tcp SERVICE_CONSUL-X", "Consul takes"),
    ],
)
def test_what_is_left_out_has_a_reason(ports, facts, subject, words):
    """Nothing is lost silently."""
    skipped = desired_services(container(ports, **facts), HOST).skipped
    assert [subject] == [skip.subject for skip in skipped]
    assert words in skipped[0].reason


@pytest.mark.parametrize(
    "labels",
    [{"SERVICE_key\n": "v"}, {"SERVICE_key": "ü" * 257}],
    ids=["line break behind the key", "514 bytes in 257 characters"],
)
def test_a_meta_pair_that_only_looks_right_is_left_out(labels):
    """Consul would refuse the whole service for it."""
    found = desired_services(container(ONE, labels=labels), HOST)
    (service,) = found.services.values()
    assert {OWNER, CONTAINER} == set(service.meta)
    assert 1 == len(found.skipped)


def test_more_meta_than_consul_takes_costs_the_surplus_only():
    """64 pairs at most, two of which are our mark."""
    labels = {f"SERVICE_k{n:03}": "v" for n in range(100)}
    found = desired_services(container(ONE, labels=labels), HOST)
    assert [len(service.meta) for service in found.services.values()] == [64]
    assert len(found.skipped) == 38


def test_a_service_carries_our_mark():
    """Who registered it, and for which container."""
    (service,) = desired_services(container(ONE), HOST).services.values()
    assert (service.meta[OWNER], service.meta[CONTAINER]) == (HOST, "c" * 64)


@given(
    st.dictionaries(
        st.one_of(st.text(max_size=20), st.from_regex(r"SERVICE_[A-Za-z0-9_]{0,12}")),
        st.text(max_size=30),
        max_size=8,
    ),
    st.lists(st.text(max_size=30), max_size=5),
)
def test_the_worst_labels_cost_at_most_themselves(labels, env):
    """Nothing raises, and what is registered is what Consul takes."""
    found = desired_services(container(WEB, labels=labels, env=env), HOST)
    for service_id, service in found.services.items():
        assert service_id == service.id
        assert service.name
        assert len(service.meta) <= 64
