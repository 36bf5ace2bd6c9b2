"""What an upstream says, the proxy says: 2,000 questions to both, without and with a memory."""

import random
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.commands import Running
from tests.e2e.differential import unbound_world as world
from tests.e2e.differential.comparing import EDNS_SIZE, Exchange, sections
from tests.e2e.differential.improvements import Improvement, least, packets_of_all, shorter_denials
from tests.e2e.differential.questions import Question, generate, name, qtype, seed
from tests.e2e.differential.running import Differential
from tests.e2e.differential.wire import AA, AD, NOERROR, NXDOMAIN, TC, Message, Record
from tests.lab.unbound import Unbound

pytestmark = pytest.mark.lab


@pytest.fixture(scope="module")
def unbound(unbound_binary: Path) -> Iterator[Unbound]:
    """An unbound with one of everything."""
    files = {"auth.zone": world.ZONE}
    with Unbound(unbound_binary, world.SERVER, world.CLAUSES, files) as running:
        yield running


def _not_authoritative(exchange: Exchange, expected: Message) -> Message:
    return replace(expected, flags=expected.flags & ~AA)


def _a_day(exchange: Exchange, expected: Message) -> Message:
    def capped(record: Record) -> Record:
        return replace(record, ttl=min(record.ttl, 86400))

    return sections(expected, [map(capped, section) for section in expected.sections])


def _left_out(exchange: Exchange, expected: Message) -> Message:
    """The upstream is asked over UDP first; what is only additional is worth no second question."""
    if not exchange.question.tcp or exchange.direct.size <= EDNS_SIZE:
        return expected
    there = {replace(record, ttl=0) for record in exchange.ours.additional}
    kept = tuple(record for record in expected.additional if replace(record, ttl=0) in there)
    return replace(expected, additional=kept)


def _least(exchange: Exchange, expected: Message) -> Message:
    """RFC 8482: whatever there is, or is not."""
    record = least(exchange.question)
    if record is None or expected.rcode not in {NOERROR, NXDOMAIN}:
        return expected
    flags = expected.flags & ~(AD | TC)
    return replace(sections(expected, [[record], [], []]), flags=flags, rcode=NOERROR)


UNBOUND = (
    Improvement("ANY", "an answer to a forged address is no larger than its question", _least),
    Improvement("AA", "what others told us is not our authority", _not_authoritative),
    Improvement("negative", "who keeps NXDOMAIN for long misses a start", shorter_denials(300)),
    Improvement("a day", "what is wrong upstream is so for a day at most", _a_day),
    Improvement("left out", "what the upstream left out needs no TC (RFC 2181 9)", _left_out),
)


@pytest.fixture(scope="module")
def differential(unbound: Unbound) -> Differential:
    """The questions of this run, and what unbound itself says to them."""
    number = seed()
    first = [*packets_of_all(name("web.differ.example"))]
    for text, kind in (
        ("many.differ", "A"),
        ("long.differ", "TXT"),
        ("old.differ", "A"),
        ("nope.differ", "A"),
        ("nope.deep.sub.wild.auth", "A"),
        ("mx.auth", "MX"),
        ("tall.auth", "A"),
    ):
        asked = Question(name(f"{text}.example"), qtype(kind))
        first += [asked, replace(asked, edns=1232), replace(asked, tcp=True)]
    questions = generate(number, world.names(random.Random(number)), first)
    # An unbound gives names back as they were spelled.
    spelled = frozenset({"spelling"})
    return Differential(number, questions, unbound.address, UNBOUND, needless=spelled)


@pytest.mark.parametrize("remember", [False, True])
def test_two_thousand_questions_get_the_upstreams_answers(
    unbound: Unbound, differential: Differential, *, remember: bool
):
    """No difference but those that are listed, each of which is still one."""
    flags = ["--listen", "127.0.0.1:0", "--http", "off", "--upstream", unbound.address]
    flags += ["--consul-dns", "127.0.0.1:9"]
    with Running("dnsproxy", *flags, SEAMARK_REMEMBER=str(remember).lower()) as proxy:
        differential.run(proxy.port, remember=remember)
