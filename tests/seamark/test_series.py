"""How many series there are, on a real process: no question makes a new one."""

import contextlib
import random
import socket
import urllib.request
from collections.abc import Iterable
from itertools import product

from prometheus_client.parser import text_string_to_metric_families

from tests.asking import ask
from tests.commands import Running
from tests.dnsproxy.exchanges import HOSTILE
from tests.dnsproxy.scripted import Answers, says
from tests.lab.consul import free_ports
from tests.upstream import ScriptedUpstream

SEED = 9
ANSWERS: Answers = {
    "www.example": ["www.example. 60 A 192.0.2.1"],
    **{f"code{code}.example": code for code in range(1, 16)},
}


def series(http: int) -> list[frozenset[tuple[str, str]]]:
    """The labels of each, with its name as one more."""
    with urllib.request.urlopen(f"http://127.0.0.1:{http}/metrics", timeout=10) as answer:
        families = text_string_to_metric_families(answer.read().decode())
    return [
        frozenset([("", sample.name), *sample.labels.items()])
        for family in families
        for sample in family.samples
    ]


def test_r11_hostile_questions_make_no_series(tmp_path):
    """Names, types, classes and noise: no word in a label that was not there before.

    Words may meet anew (a failure that is remembered only now), and there are few of them.
    """
    draw = random.Random(SEED)
    (http,) = free_ports(1)
    with (
        ScriptedUpstream(says(ANSWERS)) as upstream,
        Running(
            *("seamark", "up", "--listen", "127.0.0.1:0", "--http", f"127.0.0.1:{http}"),
            *("--docker", f"unix://{tmp_path}/none", "--upstream", upstream.address),
            *("--services", "conf/services.json"),
        ) as proxy,
    ):
        counted = []
        for rcodes in ((1, 2, 4, 5, 11), range(1, 16)):
            _ask_for_all_kinds(proxy.port, rcodes)
            _shout(proxy.port, _packets(draw))
            _ask_for_all_kinds(proxy.port, rcodes)
            counted.append(series(http))
    before, after = (frozenset().union(*found) for found in counted)
    assert set() == after - before
    assert 200 < len(counted[-1]) < 1000


def _ask_for_all_kinds(port: int, rcodes: Iterable[int]) -> None:
    """What is answered in each way that there is, from memory too."""
    names = [
        "www.example",
        *(f"code{code}.example" for code in rcodes),
        "none.example",
        "svc1.service.consul",
        "no.service.consul",
        "localhost",
    ]
    for name, tcp, qtype in product(names, (False, True), ("A", "TXT")):
        ask(port, name, qtype, tcp=tcp)


def _packets(draw: random.Random) -> list[bytes]:
    return [
        *(_question(draw, name, 1, 1) for name in HOSTILE.values()),
        *(_question(draw, (_label(draw), b"example"), 1, 1) for _ in range(300)),
        *(_question(draw, (_label(draw),), qtype, 1) for qtype in range(1, 65536, 257)),
        *(_question(draw, (b"a",), 1, qclass) for qclass in range(2, 65536, 1021)),
        *(draw.randbytes(draw.randint(0, 300)) for _ in range(200)),
    ]


def _label(draw: random.Random) -> bytes:
    return draw.randbytes(draw.randint(1, 63))


def _question(draw: random.Random, name: tuple[bytes, ...], qtype: int, qclass: int) -> bytes:
    head = draw.randbytes(2) + b"\1\0\0\1\0\0\0\0\0\0"
    labels = b"".join(bytes([len(label)]) + label for label in name)
    return head + labels + b"\0" + qtype.to_bytes(2, "big") + qclass.to_bytes(2, "big")


def _shout(port: int, packets: list[bytes]) -> None:
    """Each is sent and its answer, if there is one, waited for a moment."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.connect(("127.0.0.1", port))
        client.settimeout(0.02)
        for packet in packets:
            client.send(packet)
            with contextlib.suppress(TimeoutError):
                client.recv(4096)
