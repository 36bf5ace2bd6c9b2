"""Services answered with one address, on the real process."""

import json
import socket
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import dns.flags
import dns.message
import dns.rdatatype
import pytest

from dnsproxy.edges.answerer import IN_FLIGHT
from tests.asking import ask, rcode, records
from tests.commands import Running
from tests.dnsproxy.packets import query_wire
from tests.dnsproxy.scripted import Answers, Scene, asked, says, scene
from tests.upstream import ScriptedUpstream

WEB = "web.service.consul"
EXT = "ext.service.consul"
ONLY4 = "four.service.consul"
SMALL, LARGE, SIX = "0a000001.addr.dc1.consul", "0a000002.addr.dc1.consul", "six.node.dc1.consul"
# One of IPv4, and one of both families: Consul shows its IPv6 address beside SRV.
BOTH = {
    WEB: [
        *(f"{WEB}. 60 A 10.0.0.{n}" for n in (1, 2)),
        f"{WEB}. 60 AAAA 2001:db8::1",
        f"{WEB}. 60 SRV 1 1 80 {SMALL}.",
        f"{WEB}. 60 SRV 1 1 80 {SIX}.",
    ],
    SMALL: [f"{SMALL}. 60 A 10.0.0.1"],
    SIX: [f"{SIX}. 60 AAAA 2001:db8::1"],
}
FOUR: Answers = {
    ONLY4: [f"{ONLY4}. 0 A 10.0.0.1", f"{ONLY4}. 0 SRV 1 1 80 {SMALL}."],
    SMALL: [f"{SMALL}. 0 A 10.0.0.1"],
}
# What is drawn by chance comes up in so many draws, but for one time in 2^63.
DRAWS = 64


def service(*weights: int, ttl: int = 0, name: str = WEB) -> Answers:
    """Up to two instances with these weights, and what Consul says of A."""
    targets = [SMALL, LARGE][: len(weights)]
    return {
        name: [
            *(f"{name}. {ttl} A 10.0.0.{n + 1}" for n in range(len(targets))),
            *(
                f"{name}. {ttl} SRV 1 {weight} 80 {target}."
                for weight, target in zip(weights, targets, strict=True)
            ),
        ],
        SMALL: [f"{SMALL}. {ttl} A 10.0.0.1"],
        LARGE: [f"{LARGE}. {ttl} A 10.0.0.2"],
    }


@contextmanager
def one(
    consul: Answers, upstream: Answers | None = None, *flags: str, **variables: Any
) -> Iterator[Scene]:
    """The scene with the setting on."""
    with scene(consul, upstream, *flags, SEAMARK_ONE_ADDRESS="true", **variables) as running:
        yield running


def in_front_of(consul: ScriptedUpstream, *more: str) -> Running:
    """The proxy of a Consul that has a script of its own."""
    flags = ["--listen", "127.0.0.1:0", "--http", "off", "--consul-dns", consul.address]
    return Running("dnsproxy", *flags, *more, SEAMARK_ONE_ADDRESS="true")


def draws(port: int, name: str = WEB, qtype: str = "A") -> set[str]:
    """What comes up; each answer has one record."""
    found: set[str] = set()
    for _ in range(DRAWS):
        (record,) = records(ask(port, name, qtype))
        found.add(record)
    return found


def test_a_service_is_answered_with_one_address_by_weight():
    """consul#1481, #10963, #1088: Consul is asked for SRV alone; owner and AA are as in its A."""
    with one(service(0, 1)) as running:
        assert {"A 10.0.0.2"} == draws(running.port)
        reply = ask(running.port, "Web.Service.Consul", edns=1232)
        assert ["Web.Service.Consul."] == [rrset.name.to_text() for rrset in reply.answer]
        assert [] == reply.authority + reply.additional
        assert reply.flags & dns.flags.AA
        assert {f"{WEB}. srv"} == {question.lower() for question in asked(running.consul)}


def test_without_the_setting_all_addresses_are_told():
    """The default."""
    with scene(service(0, 1)) as running:
        assert {"A 10.0.0.1", "A 10.0.0.2"} == records(ask(running.port, WEB))


def test_each_answer_is_drawn_anew_also_from_memory():
    """One question to Consul is enough for all of them."""
    with one(service(1, 1, ttl=600)) as running:
        assert {"A 10.0.0.1", "A 10.0.0.2"} == draws(running.port)
        assert [f"{WEB}. SRV"] == asked(running.consul)
        (rrset,) = ask(running.port, WEB).answer
        assert 0 < rrset.ttl <= 600


@pytest.mark.parametrize("consul", [service(1, 1, ttl=600), BOTH], ids=["SRV", "SRV and A"])
def test_what_is_remembered_needs_no_waiting(consul: Answers):
    """It is answered even while no more queries can wait."""
    with (
        ScriptedUpstream(lambda query: []) as silent,
        ScriptedUpstream(says(consul)) as known,
        in_front_of(known, "--upstream", silent.address) as proxy,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client,
    ):
        ask(proxy.port, WEB)
        for number in range(IN_FLIGHT + 100):
            client.sendto(query_wire(f"n{number}.example"), ("127.0.0.1", proxy.port))
        client.settimeout(10)
        assert "SERVFAIL" == rcode(dns.message.from_wire(client.recv(512)))
        assert 1 == len(records(ask(proxy.port, WEB)))


def test_an_instance_of_both_families_is_drawn_in_both():
    """Tagged addresses: SRV shows one of the two, so the question itself is asked too; once."""
    with one(BOTH) as running:
        assert {"A 10.0.0.1", "A 10.0.0.2"} == draws(running.port)
        assert {"AAAA 2001:db8::1"} == draws(running.port, qtype="AAAA")
        assert [f"{WEB}. {qtype}" for qtype in ("SRV", "A", "AAAA")] == asked(running.consul)


@pytest.mark.parametrize("failure", ["rcode", "silence"])
def test_what_srv_shows_is_enough_where_the_question_itself_fails(failure: str):
    """Half of what is asked for is better than nothing."""

    def script(query: dns.message.Message) -> list[bytes]:
        if query.question[0].rdtype == dns.rdatatype.SRV:
            return [*says(BOTH)(query)]
        return [*says({WEB: 2})(query)] if failure == "rcode" else []

    with ScriptedUpstream(script) as consul, in_front_of(consul) as proxy:
        assert {"A 10.0.0.1"} == records(ask(proxy.port, WEB))


@pytest.mark.parametrize(
    "name", ["v1.web.service.consul", "_web._tcp.service.dc1.consul", "w.query.consul"]
)
def test_all_forms_of_a_service_and_prepared_queries_too(name: str):
    """Tags, RFC 2782, datacenters."""
    with one(service(0, 1, name=name.lower())) as running:
        assert {"A 10.0.0.2"} == draws(running.port, name)
        assert {f"{name}. SRV"} == set(asked(running.consul))


@pytest.mark.parametrize("name", ["n1.node.consul", SMALL, "web.connect.consul"])
def test_names_that_are_no_services_go_as_they_came(name: str):
    """Nodes, addresses, the mesh: whatever their answer has."""
    with one({name: [f"{name}. 0 A 10.0.0.1", f"{name}. 0 A 10.0.0.2"]}) as running:
        assert {"A 10.0.0.1", "A 10.0.0.2"} == records(ask(running.port, name))
        assert [f"{name}. A"] == asked(running.consul)


@pytest.mark.parametrize(("qtype", "count"), [("SRV", 2), ("TXT", 0), ("ANY", 0)])
def test_questions_for_other_types_go_as_they_came(qtype: str, count: int):
    """SRV has all instances: who asks for it chooses by itself."""
    with one(service(1, 1)) as running:
        assert count == len(records(ask(running.port, WEB, qtype)))
        assert [f"{WEB}. {qtype}"] == asked(running.consul)


def test_what_has_no_such_instances_is_asked_for_as_always():
    """A denial with its SOA, an answer without the family, an outside name with its CNAME."""
    consul = {
        **service(1),
        EXT: [f"{EXT}. 0 CNAME www.example.", f"{EXT}. 0 SRV 1 1 80 www.example."],
        "bare.service.consul": [f"bare.service.consul. 0 A 10.0.0.{n}" for n in (1, 2)],
        **FOUR,
    }
    outside = {"www.example": ["www.example. 60 A 192.0.2.1", "www.example. 60 A 192.0.2.2"]}
    with one(consul, outside) as running:
        denied = ask(running.port, "nope.service.consul")
        assert ("NXDOMAIN", 1) == (rcode(denied), len(denied.authority))
        nodata = ask(running.port, ONLY4, "AAAA")
        assert ("NOERROR", 1) == (rcode(nodata), len(nodata.authority))
        led = {"CNAME www.example.", "A 192.0.2.1", "A 192.0.2.2"}
        assert led == records(ask(running.port, EXT))
        assert {"A 10.0.0.1", "A 10.0.0.2"} == draws(running.port, "bare.service.consul")


def test_another_domain_and_other_datacenters_have_one_address_too():
    """What is searched for and moved is the reply for SRV."""
    there = service(0, 1, name="db.service.dc2.consul")
    flags = ["--alt-domain", "int.example", "--datacenter", "dc2"]
    with one({**service(0, 1), **there}, {}, *flags) as running:
        assert {"A 10.0.0.2"} == draws(running.port, "web.service.int.example")
        assert {"A 10.0.0.2"} == draws(running.port, "db.service.consul")
        reply = ask(running.port, "DB.service.int.example")
        assert ["DB.service.int.example."] == [rrset.name.to_text() for rrset in reply.answer]


def test_in_an_outage_one_of_the_last_good_addresses_stands():
    """And who has just not answered is not asked a second time for what nobody remembers."""
    silent: list[bool] = []

    def script(query: dns.message.Message) -> list[bytes]:
        return [] if silent else [*says(FOUR)(query)]

    with ScriptedUpstream(script) as consul, in_front_of(consul) as proxy:
        assert {"A 10.0.0.1"} == records(ask(proxy.port, ONLY4))
        silent.append(True)
        before = len(consul.queries)
        reply = ask(proxy.port, ONLY4, edns=1232)
        assert {"A 10.0.0.1"} == records(reply)
        assert [3] == [option.code for option in reply.options]
        assert "SERVFAIL" == rcode(ask(proxy.port, ONLY4, "AAAA"))
        # Beside the probe that looks whether it answers again.
        assert {f"{ONLY4}. SRV"} == {*asked(consul, before)} - {"consul. SOA"}


def test_the_embedded_catalog_has_weights_as_consul_has(tmp_path: Path):
    """In Consul's service-definition form."""
    weights = {"10.0.0.1": 1, "10.0.0.2": 65535}
    services = [
        {"id": ip, "name": "web", "port": 80, "address": ip, "weights": {"passing": weight}}
        for ip, weight in weights.items()
    ]
    file = tmp_path / "services.json"
    file.write_text(json.dumps({"services": services}))
    flags = ["--listen", "127.0.0.1:0", "--http", "off", "--services", str(file)]
    with Running(
        "dnsproxy", *flags, "--node", "n1", "--advertise", "10.1.0.1", SEAMARK_ONE_ADDRESS="true"
    ) as proxy:
        found = Counter(str(*records(ask(proxy.port, WEB))) for _ in range(DRAWS))
        # Fewer come up once in 10^17 runs; without weights as many do once in 10^13.
        assert found["A 10.0.0.2"] >= DRAWS - 4
        assert {"A 10.1.0.1"} == draws(proxy.port, "n1.node.consul")
        assert "NXDOMAIN" == rcode(ask(proxy.port, "nope.service.consul"))
