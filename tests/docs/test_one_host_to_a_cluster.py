"""The way from the embedded catalog to Consul, as its page has it: same questions, same answers."""

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.asking import ask as asked
from tests.commands import ROOT, Running, run
from tests.e2e.differential.comparing import without_serials
from tests.e2e.differential.exchanging import ask_all
from tests.e2e.differential.questions import Question, name, qtype
from tests.e2e.differential.wire import Message, Record, read
from tests.lab.consul import ConsulAgent, free_ports
from tests.lab.engine import Engine
from tests.lab.fixtures import Containers
from tests.pages import lines
from tests.upstream import ScriptedUpstream, reply_to
from tests.waits import PATIENCE_S, Waits

PAGE = (ROOT / "docs/how-to/from-one-host-to-a-cluster.md").read_text()
NODE = "host1"
STATIC = [
    {"name": "db", "id": "db-1", "address": "10.0.0.7", "port": 5432, "tags": ["master", "a.b"]},
    {"name": "db", "id": "db-2", "address": "10.0.0.8", "port": 5432, "tags": ["replica"]},
    {"name": "six", "address": "fd00::5", "port": 81, "weights": {"passing": 10, "warning": 2}},
    {"name": "ext", "address": "www.example.com", "port": 443},
    {"name": "alias", "address": "db.service.consul", "port": 5432},
    {"name": "here", "port": 9000, "meta": {"k": "v"}},
    {
        "name": "ill",
        "address": "10.0.0.9",
        "check": {"name": "x", "ttl": "9h", "status": "warning"},
    },
    {
        "name": "dead",
        "address": "10.0.0.9",
        "check": {"name": "x", "ttl": "9h", "status": "critical"},
    },
]
SETTINGS = """
[catalog.node_meta]
env = "prod"
[dns_config]
node_ttl = "7s"
service_ttl = { db = "5s" }
"""
NAMES = """
svc1.service svc2.service SVC1.Service db.service master.db.service a.b.db.service db.service.dc1
_db._tcp.service _svc1._tcp _db._replica.service six.service ext.service alias.service here.service
ill.service dead.service nope.service nope.db.service db.service.dc2 host1.node Host1.node.dc1
nope.node 0a000007.addr db.query db.connect db.ingress service node x.y.z
"""
# What Consul 1.8 answers otherwise, or does not know.
SINCE_1_8 = "db.virtual db.service.dc1.dc host1.node.dc1.dc"
BESIDE = "0a000007.addr"
TYPES = ("A", "AAAA", "SRV", "ANY", "TXT", "SOA", "NS", "MX")
REVERSE = ("7.0.0.10.in-addr.arpa", "77.0.0.10.in-addr.arpa")


def test_the_page_has_these_commands():
    """Each of them is run below, in other places and on other ports."""
    assert [
        "seamark export > services.json",
        "consul agent -server -bootstrap -data-dir /var/lib/consul -config-file services.json",
        "seamark up consul://127.0.0.1:8500",
    ] == lines(PAGE, "sh")


@pytest.fixture
def upstream() -> Iterator[ScriptedUpstream]:
    """What stands for the rest of the world: nothing there."""
    with ScriptedUpstream(lambda query: [reply_to(query).to_wire()]) as running:
        yield running


@pytest.mark.lab
def test_names_keep_their_answers(
    engine: Engine,
    consul_binary: Path,
    containers: Containers,
    dummy_image: str,
    upstream: ScriptedUpstream,
    tmp_path: Path,
    waits: Waits,
):
    """A host with containers, static services and settings of its own moves to Consul."""
    for number in (1, 2):
        word = f"svc{number}"
        containers.run(
            dummy_image, word, name=word, ports=[f"818{number}:8080"], env={"SERVICE_NAME": word}
        )
    toml, services = tmp_path / "seamark.toml", tmp_path / "static.json"
    toml.write_text(SETTINGS)
    services.write_text(json.dumps({"services": STATIC}))
    status = f"127.0.0.1:{free_ports(1)[0]}"
    flags = ["--docker", engine.url, "--node", NODE, "--listen", "127.0.0.1:0"]
    flags += ["--upstream", upstream.address, "--http", status]
    own = ["--config", str(toml), "--services", str(services)]
    own += ["--advertise", engine.bridge_address]
    with Running("seamark", "up", *own, *flags) as embedded:
        wait_for_containers(embedded.port, waits)
        exported = tmp_path / "services.json"
        exported.write_text(run("seamark", "export", "--http", status).stdout)
        questions = all_questions(exported_from=engine.bridge_address)
        before = answers(embedded.port, questions)
    config = [exported]
    with ConsulAgent(
        consul_binary,
        node=NODE,
        advertise=engine.bridge_address,
        persistent=True,
        config_files=config,
    ) as agent:
        new = tuple(map(int, agent.version.split("."))) >= (1, 17)
        empty = tmp_path / "empty.toml"
        empty.write_text("")
        registry = ["up", f"consul://{agent.http_address}", "--consul-dns", agent.dns_address]
        with Running("seamark", *registry, "--config", str(empty), *flags) as shared:
            wait_for_containers(shared.port, waits)
            after = answers(shared.port, questions)
    for question, one, other in zip(questions, before, after, strict=True):
        if new or not is_other_in_1_8(question):
            assert one == other, str(question)


def is_other_in_1_8(question: Question) -> bool:
    """Whether the table of releases has it."""
    if question.name == name(f"{BESIDE}.consul"):
        return question.qtype != qtype("A")
    return question.name in {name(f"{text}.consul") for text in SINCE_1_8.split()}


def all_questions(exported_from: str) -> list[Question]:
    """Every form of name, with every type, over TCP and in a datagram that holds it all."""
    texts = [f"{text}.consul" for text in (NAMES + SINCE_1_8).split()] + ["consul"]
    found = [
        Question(name(text), qtype(kind), tcp=tcp, edns=1232)
        for text in texts
        for kind in TYPES
        for tcp in (False, True)
    ]
    own = ".".join(reversed(exported_from.split("."))) + ".in-addr.arpa"
    found += [Question(name(text), qtype("PTR")) for text in (*REVERSE, own)]
    return found


def wait_for_containers(port: int, waits: Waits) -> None:
    """Until both are there."""
    both = ("svc1.service.consul", "svc2.service.consul")
    waits.until("both are there", lambda: all(asked(port, one).answer for one in both), PATIENCE_S)


def answers(port: int, questions: list[Question]) -> list[object]:
    """What is said, as far as it may not change."""
    return [_kept(read(packet)) for packet in ask_all("127.0.0.1", port, questions)]


def _kept(message: Message) -> object:
    plain = without_serials(message)
    return plain.rcode, plain.flags, [_records(section) for section in plain.sections]


def _records(section: tuple[Record, ...]) -> Counter[Record]:
    """Without Consul's version, which no embedded catalog has."""
    return Counter(record for record in section if b"consul-version=" not in record.data)
