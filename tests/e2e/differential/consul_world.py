"""What a Consul knows that is asked about everything, and the names to ask."""

import ipaddress
import random
import struct
from typing import Any

from tests.e2e.differential.questions import name, odd_names
from tests.e2e.differential.wire import SOA, Labels, Record, write_name
from tests.lab.consul import ConsulAgent

# With TTLs that outlast a run on a busy machine, and a negative one.
NEGATIVE_TTL_S = 30
CONFIG: dict[str, Any] = {
    "dns_config": {
        "service_ttl": {"db": "600s", "many": "300s"},
        "node_ttl": "600s",
        "soa": {"min_ttl": NEGATIVE_TTL_S},
    }
}
_NODES: dict[str, dict[str, Any]] = {
    "n2": {"Address": "10.2.0.2", "NodeMeta": {"env": "prod", "rfc1035-foo": "bar"}},
    "six": {"Address": "2001:db8::6"},
    "private6": {"Address": "fd00::6"},
    "s1": {"Address": "10.8.1.1"},
    "bad_node": {"Address": "10.8.1.2"},
    "Upper-Case": {"Address": "10.8.1.3"},
    "dotted.name": {"Address": "10.8.1.4"},
    "hosted": {"Address": "node.example.com"},
    "talker": {
        "Address": "10.8.1.5",
        "NodeMeta": {f"key{n}": f"{n}" * 120 for n in range(10)},
    },
    "ill": {"Address": "10.8.1.6"},
    "away": {"Address": "10.8.1.7"},
    "farm": {"Address": "10.8.1.8"},
}
_QUERIES: dict[str, dict[str, Any]] = {
    "pq": {"Service": {"Service": "web"}},
    "pq-ttl": {"Service": {"Service": "api"}, "DNS": {"TTL": "60s"}},
    "pq-tagged": {"Service": {"Service": "db", "Tags": ["master"]}},
    "pq-none": {"Service": {"Service": "crit"}},
    "dotted.pq": {"Service": {"Service": "dual"}},
    "tpl-": {
        "Template": {"Type": "name_prefix_match"},
        "Service": {"Service": "${name.suffix}"},
    },
}


_WEIGHTS = {"Passing": 10, "Warning": 2}
_LAN = {
    "lan_ipv4": {"Address": "10.0.0.21", "Port": 23},
    "lan_ipv6": {"Address": "2001:db8::21", "Port": 23},
}
_TAGS = ["master", "a.b"]
# Node, service, address, and what else its registration says; a Status is that of its check.
_SERVICES: tuple[tuple[str, str, str, dict[str, Any]], ...] = (
    ("n2", "web", "", {"ID": "web2", "Port": 8081, "Tags": ["v2"]}),
    ("n2", "api", "10.0.0.5", {"Port": 9000}),
    ("n2", "db", "10.0.0.7", {"Port": 5432, "Tags": _TAGS, "Weights": _WEIGHTS}),
    ("n2", "v6svc", "2001:db8::5", {"Port": 81}),
    ("six", "six", "", {"Port": 82}),
    ("n2", "ext", "www.example.com", {"Port": 443}),
    ("n2", "alias", "web.service.consul", {"Port": 444}),
    ("n2", "loop-a", "loop-b.service.consul", {}),
    ("n2", "loop-b", "loop-a.service.consul", {}),
    ("n2", "mp", "10.0.0.9", {"ID": "mp1", "Port": 1001}),
    ("n2", "mp", "10.0.0.9", {"ID": "mp2", "Port": 1002}),
    ("n2", "mp", "10.0.0.10", {"ID": "mp3", "Port": 1001}),
    ("n2", "dupe", "10.0.0.11", {"ID": "dupe1", "Port": 1001}),
    ("n2", "dupe", "10.0.0.11", {"ID": "dupe2", "Port": 1001}),
    ("s1", "sn", "", {"ID": "sn1", "Port": 1}),
    ("s1", "sn", "", {"ID": "sn2", "Port": 2}),
    ("n2", "dual", "10.0.0.20", {"Port": 23, "TaggedAddresses": _LAN}),
    ("n2", "crit", "10.0.0.12", {"Status": "critical"}),
    ("n2", "warn", "10.0.0.13", {"Status": "warning", "Weights": _WEIGHTS}),
    ("n2", "half", "10.0.0.14", {"ID": "half1"}),
    ("n2", "half", "10.0.0.15", {"ID": "half2", "Status": "critical"}),
    ("ill", "on-ill", "10.0.0.16", {}),
    ("away", "on-away", "10.0.0.17", {}),
    ("s1", "same", "10.8.1.1", {}),
    ("s1", "wraps", "10.0.0.18", {"Port": 70000}),
    ("s1", "meta", "10.0.0.19", {"Meta": {"version": "4"}}),
    ("s1", "MixedCase", "10.0.0.22", {"Tags": ["Red"]}),
    ("talker", "talks", "", {}),
    ("hosted", "hosted", "", {}),
    ("Upper-Case", "upper", "", {}),
    ("bad_node", "under_score", "", {}),
    ("s1", "web-proxy", "10.0.0.30", {"Kind": "connect-proxy", "Port": 21000}),
    ("s1", "native", "10.0.0.31", {"Connect": {"Native": True}}),
    ("s1", "gate", "10.0.0.32", {"Kind": "ingress-gateway", "Port": 8443}),
    *(("farm", "nine", f"10.3.0.{n}", {"ID": f"nine{n}"}) for n in range(1, 10)),
    # More than fit the largest datagram that anybody asks Consul for.
    *(
        ("farm", "many", f"10.4.{n // 250}.{n % 250 + 1}", {"ID": f"many{n}", "Port": 80})
        for n in range(400)
    ),
)
_PROXY = {"DestinationServiceName": "web"}


def register(agent: ConsulAgent) -> list[str]:
    """Tell a Consul all of it; the ids of its prepared queries."""
    web = {"ID": "web1", "Name": "web", "Port": 8080, "Tags": ["v1", "primary"]}
    # What is not told to the agent itself, its anti-entropy takes away from its node.
    agent.put("agent/service/register", web)
    for node, body in _NODES.items():
        agent.put("catalog/register", {"Node": node, **body})
    for node, service, address, more in _SERVICES:
        body = {"ID": service, "Service": service, "Address": address, "Port": 1, **more}
        if body.get("Kind") == "connect-proxy":
            body["Proxy"] = _PROXY
        status = body.pop("Status", "")
        check = {"CheckID": f"check-{body['ID']}", "ServiceID": body["ID"], "Status": status}
        _register(agent, node, Service=body, **({"Check": check} if status else {}))
    for node, check_id in (("ill", "disk"), ("away", "_node_maintenance")):
        _register(agent, node, Check={"CheckID": check_id, "Status": "critical"})
    listener = {"Port": 8443, "Protocol": "tcp", "Services": [{"Name": "web"}]}
    entry = {"Kind": "ingress-gateway", "Name": "gate", "Listeners": [listener]}
    agent.put("config", entry)
    return [
        agent.call("POST", "query", {"Name": query, **body})["ID"]
        for query, body in _QUERIES.items()
    ]


def _register(agent: ConsulAgent, node: str, **parts: dict[str, Any]) -> None:
    if "Check" in parts:
        parts["Check"] |= {"Node": node, "Name": "up"}
    address = _NODES[node]["Address"]
    body = {"Node": node, "Address": address, "SkipNodeUpdate": True, **parts}
    agent.put("catalog/register", body)


_NAMES = """
web api db v6svc six ext alias loop-a mp dupe sn dual crit warn half on-ill on-away same wraps meta
MixedCase talks hosted upper under_score nine many web-proxy native gate consul nope
"""
_FORMS = """
v1.web.service v2.web.service nope.web.service a.b.db.service Red.MixedCase.service
_web._tcp.service _web._v1.service _web._udp.service _db._master.service _web._tcp _nope._tcp
_web.service web.service.dc1 v1.web.service.dc1 _web._tcp.service.dc1 web.service.dc2
web.service.dc1.extra web.node.service web.service.dc1.dc web.service.default.ns web.service.dc1.ns
node1.node n2.node n2.node.dc1 six.node s1.node bad_node.node Upper-Case.node dotted.name.node
private6.node hosted.node talker.node nope.node n2.node.dc2
0a000005.addr 0a000005.addr.dc1 0a000005.addr.dc9 0a000005.addr.a.b.c zz000005.addr 0a0000051.addr
20010db8000000000000000000000005.addr 20010db8000000000000000000000005.addr.dc1
pq.query pq-ttl.query pq-tagged.query pq-none.query dotted.pq.query tpl-api.query tpl-many.query
nosuch.query pq.query.dc1 pq.query.dc2 _pq._tcp.query
web.connect x.web.connect native.connect nope.connect web.ingress nope.ingress
web.virtual native.virtual nope.virtual
service node query addr connect ingress virtual ns dc1 service.dc1 ns.dc1 hostmaster unknown a.b.c
web web.service.service
"""


def soa() -> Record:
    """The SOA that Consul puts beside a denial, without the serial."""
    names = write_name(name("ns.consul")) + write_name(name("hostmaster.consul"))
    data = names + struct.pack("!4I", 3600, 600, 86400, NEGATIVE_TTL_S)
    return Record(name("consul"), SOA, 1, NEGATIVE_TTL_S, data, data)


def names(rng: random.Random, query_ids: list[str]) -> list[Labels]:
    """Every form of name that Consul knows, those it does not, and the zone itself."""
    texts = [f"{service}.service" for service in _NAMES.split()] + _FORMS.split()
    texts += [f"{identifier}.query" for identifier in query_ids[:1]]
    zone = name("consul")
    found = [zone, *(name(f"{text}.consul") for text in texts)]
    found += odd_names(rng, name("service.consul"))
    found += odd_names(rng, zone)
    return found


# Asked by everybody who wants to know who an address is; 127.0.0.1 is localhost's (RFC 6761).
REVERSE_KNOWN = tuple(
    ipaddress.ip_address(one).reverse_pointer
    for one in ("10.2.0.2", "10.8.1.1", "10.0.0.5", "fd00::6")
)
REVERSE_UNKNOWN = tuple(
    ipaddress.ip_address(one).reverse_pointer
    for one in ("9.9.9.9", "8.8.8.8", "10.99.99.99", "fd00::99", "2620:fe::fe")
)
