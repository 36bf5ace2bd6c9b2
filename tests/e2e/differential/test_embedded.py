"""What Consul says, the embedded catalog says: the same services told to both, and asked for."""

import functools
import ipaddress
import json
import random
import signal
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import dns.exception
import dns.rdatatype
import hypothesis
import pytest
from hypothesis import HealthCheck, Phase, given, settings

from tests.asking import ask, rcode
from tests.commands import Running
from tests.e2e.differential import embedded_world as world
from tests.e2e.differential.embedded_asked import Asked
from tests.e2e.differential.embedded_deviations import NAMES, Verdict
from tests.e2e.differential.exchanging import ask_all
from tests.e2e.differential.questions import SEED, Question, generate, seed
from tests.e2e.differential.wire import TC, Labels, Message, read
from tests.lab.consul import ConsulAgent
from tests.lab.shell import log_tail
from tests.upstream import ScriptedUpstream, reply_to
from tests.waits import PATIENCE_S, Waits

pytestmark = pytest.mark.lab

SETS = 5
COUNT = 1000
NUMBER = seed()
ONCE = settings(
    max_examples=SETS,
    phases=[Phase.generate],
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
# Answers that say where they come from: other TTLs, fewer records, another domain beside ours.
DRESSED: dict[str, Any] = {
    "node_ttl": "70s",
    "service_ttl": {"crowd": "50s", "cr*": "40s", "*": "1m30s"},
    "only_passing": True,
    "udp_answer_limit": 5,
    "a_record_limit": 20,
    "enable_additional_node_meta_txt": False,
    "soa": {"refresh": 1, "retry": 2, "expire": 3, "min_ttl": 30},
}

_LIMITS = {"udp_answer_limit": 3, "a_record_limit": 0}


class Pair:
    """A Consul and the embedded catalog, which read the same file of services."""

    def __init__(
        self, consul: ConsulAgent, ours: Running, file: Path, config: dict[str, Any]
    ) -> None:
        self.consul = consul
        self.release = tuple(map(int, consul.version.split(".")))
        self._ours = ours
        self._file = file
        self._config = config
        self._taken = 0

    def take_on(self, services: list[world.Definition], waits: Waits) -> None:
        """Give both of them these in place of all others."""
        self._taken += 1
        marker = {"name": f"marker{self._taken}", "port": 1}
        services = world.with_ids([*services, marker], f"s{self._taken}")
        self._file.write_text(json.dumps({"services": services}))
        self.consul.signal(signal.SIGHUP)
        self._ours.send(signal.SIGHUP)
        waits.until("Consul has them", lambda: self._is_told(services), PATIENCE_S)
        port = self._ours.port
        waits.until(
            "we have them",
            lambda: ask(port, f"marker{self._taken}.service.consul").answer,
            PATIENCE_S,
        )

    @property
    def port(self) -> int:
        """Where the embedded one answers."""
        return self._ours.port

    def _is_told(self, services: list[world.Definition]) -> bool:
        """Whether Consul's catalog has these services, and no others, with all their checks."""
        entry = self.consul.get(f"catalog/node/{world.NODE}")
        checks = self.consul.get(f"health/node/{world.NODE}")
        there = Counter(check["ServiceID"] for check in checks if check["ServiceID"])
        wanted = Counter({one["id"]: len(one.get("checks", ())) for one in services})
        ids = {service["id"] for service in services}
        return ids == set(entry["Services"]) - {"consul"} and +wanted == there

    def ask(self, questions: list[Question]) -> Verdict:
        """Ask both all of it."""
        over_tcp = [replace(question, tcp=True) for question in questions]
        direct = self._consul_says(over_tcp)
        ours = map(read, ask_all("127.0.0.1", self._ours.port, questions))
        verdict = Verdict([], Counter())

        @functools.cache
        def consult(labels: Labels, number: int) -> Message:
            (said,) = self._consul_says([Question(labels, number, tcp=True, edns=4096)])
            return said

        for question, said, told in zip(questions, direct, ours, strict=True):
            limits = [self._config.get(key, usual) for key, usual in _LIMITS.items()]
            verdict.judge(Asked(question, said, consult, self.release, *limits), told)
        return verdict

    def check_choices(self, questions: list[Question]) -> None:
        """Consul makes the choice that is taken for its own: as many answers, and no TC."""
        limits = [self._config.get(key, usual) for key, usual in _LIMITS.items()]
        few = [question for question in questions if _is_small(question)]
        whole = self._consul_says([replace(question, tcp=True) for question in few])
        cut = 0
        for question, said, all_of_it in zip(few, self._consul_says(few), whole, strict=True):
            assert min(len(all_of_it.answer), limits[0]) == len(said.answer), str(question)
            assert not said.flags & TC, str(question)
            cut += len(said.answer) < len(all_of_it.answer)
        assert cut, "no question had more answers than a small datagram takes"

    def _consul_says(self, questions: list[Question]) -> list[Message]:
        host, _, port = self.consul.dns_address.partition(":")
        return [read(packet) for packet in ask_all(host, int(port), questions)]


@pytest.fixture(scope="module")
def upstream() -> Iterator[ScriptedUpstream]:
    """Outside there is nothing, as for a Consul that has no recursors."""
    with ScriptedUpstream(lambda query: [reply_to(query).to_wire()]) as running:
        yield running


@contextmanager
def pair(
    binary: Path, folder: Path, upstream: str, config: dict[str, Any], **more: str
) -> Iterator[Pair]:
    """Both catalogs, empty so far; ``more`` are further settings by Consul's names."""
    services = folder / "services.json"
    services.write_text(json.dumps({"services": []}))
    meta = world.NODE_META
    agent = {"dns_config": config, "node_meta": meta, "log_level": "INFO", **more}
    toml = folder / "seamark.toml"
    toml.write_text(_toml(config, more))
    flags = ["--config", str(toml), "--listen", "127.0.0.1:0", "--http", "off"]
    flags += ["--upstream", upstream, "--services", str(services)]
    flags += ["--node", world.NODE, "--advertise", world.ADDRESS]
    with (
        ConsulAgent(
            binary, node=world.NODE, advertise=world.ADDRESS, config=agent, config_files=[services]
        ) as consul,
        Running("dnsproxy", *flags) as ours,
    ):
        try:
            yield Pair(consul, ours, services, config)
        finally:
            print(log_tail(consul.log))


def _toml(config: dict[str, Any], more: dict[str, str]) -> str:
    """The same settings, as we read them: JSON's values are TOML's but for tables."""
    tables = {"dns": more, "catalog.node_meta": world.NODE_META}
    plain = {key: value for key, value in config.items() if not isinstance(value, dict)}
    tables["dns_config"] = plain
    tables |= {f"dns_config.{key}": value for key, value in config.items() if key not in plain}
    return "\n".join(
        f"[{table}]\n"
        + "".join(f"{json.dumps(key)} = {json.dumps(value)}\n" for key, value in values.items())
        for table, values in tables.items()
    )


def _is_small(question: Question) -> bool:
    """Whether the reply is one of addresses in a datagram of 512 bytes, where five fit."""
    plain = question.qclass == 1 and not question.opcode
    short = len(question.name) < 6 and sum(map(len, question.name)) < 40
    return plain and short and not question.tcp and question.limit == 512 and question.qtype == 1


def _asked(pair: Pair, services: list[world.Definition], domains: list[str]) -> Verdict:
    number = NUMBER + len(services)
    names = world.names(random.Random(number), services, domains, pairs=pair.release >= (1, 17))
    first = [question for domain in domains for question in world.surely(domain)]
    questions = generate(number, names, first, COUNT)
    pair.check_choices(questions)
    return pair.ask(questions)


def _check(verdict: Verdict) -> None:
    print(f"{COUNT} questions, {SEED}={NUMBER}; deviations: {dict(verdict.hits)}")
    assert not verdict.wrong, (
        f"{SEED}={NUMBER}: {len(verdict.wrong)} of {COUNT} answers differ, the first of them:\n\n"
        + "\n\n".join(verdict.wrong[:10])
    )


def test_five_thousand_questions_get_consuls_answers(
    consul_binary: Path, tmp_path: Path, upstream: ScriptedUpstream, waits: Waits
):
    """No difference but those that are listed, each of which is still one."""
    hits: Counter[str] = Counter()
    with pair(consul_binary, tmp_path, upstream.address, {}) as both:

        @hypothesis.seed(NUMBER)
        @ONCE
        @given(world.sets())
        def all_sets(services: list[world.Definition]) -> None:
            both.take_on(services, waits)
            verdict = _asked(both, services, [world.DOMAIN])
            hits.update(verdict.hits)
            _check(verdict)

        all_sets()
        asked = set(NAMES) - {"silence"}
        assert asked == set(+hits), f"{SEED}={NUMBER}: {dict(hits)}"


def test_settings_and_a_second_domain_make_no_difference(
    consul_binary: Path, tmp_path: Path, upstream: ScriptedUpstream, waits: Waits
):
    """Consul's ``dns_config`` is ours, name by name."""
    with pair(
        consul_binary, tmp_path, upstream.address, DRESSED, alt_domain=world.ALT_DOMAIN
    ) as both:
        # The first set of Hypothesis is the simplest there is, and shows least.
        @hypothesis.seed(NUMBER)
        @settings(ONCE, max_examples=2)
        @given(world.sets())
        def both_sets(services: list[world.Definition]) -> None:
            both.take_on(services, waits)
            _check(_asked(both, services, [world.DOMAIN, world.ALT_DOMAIN]))

        both_sets()


def test_what_cannot_be_packed_costs_itself_alone(
    consul_binary: Path, tmp_path: Path, upstream: ScriptedUpstream, waits: Waits
):
    """The deviation `silence`: one bad name, and Consul says nothing of the whole service."""
    services = [
        {"name": "mixed", "address": "10.4.0.1", "port": 1},
        {"name": "mixed", "address": "no..name", "port": 2},
        {"name": "x" * 64, "address": "10.4.0.2", "port": 3},
    ]
    pointer = ipaddress.ip_address("10.4.0.2").reverse_pointer
    with pair(consul_binary, tmp_path, upstream.address, {}) as both:
        both.take_on(services, waits)
        for asked, qtype in (("mixed.service.consul", "SRV"), (pointer, "PTR")):
            host, _, port = both.consul.dns_address.partition(":")
            with pytest.raises(dns.exception.Timeout):
                ask(int(port), asked, qtype, host=host, timeout=1)
        found = ask(both.port, "mixed.service.consul", "SRV")
        addresses = [rrset for rrset in found.additional if rrset.rdtype == dns.rdatatype.A]
        assert ["10.4.0.1"] == [item.to_text() for rrset in addresses for item in rrset]
        assert "NXDOMAIN" == rcode(ask(both.port, pointer, "PTR"))
