"""The comparison itself: it accepts what is right, and finds whatever is made wrong."""

from collections.abc import Callable
from dataclasses import replace

import dns.message
import dns.rrset
import pytest

from tests.e2e.differential.comparing import Exchange, aged
from tests.e2e.differential.improvements import Verdict, empty
from tests.e2e.differential.questions import Question, generate, name
from tests.e2e.differential.wire import (
    AA,
    NXDOMAIN,
    QR,
    RA,
    RD,
    TC,
    Message,
    NotDns,
    Opt,
    Record,
    read,
    write_name,
)

WEB = name("Web.service.consul")
QUESTION = Question(WEB, 33, edns=1232)
SRV = Record(WEB, 33, 1, 10, b"\0\1\0\1\x1f\x90" + write_name(name("n1.node.consul")))
OTHER = replace(SRV, data=b"\0\1\0\1\x1f\x91" + write_name(name("n1.node.consul")))
ADDRESS = Record(name("n1.node.consul"), 1, 1, 10, bytes(4))
NS = Record(name("consul"), 2, 1, 10, write_name(name("n1.node.consul")))
OURS_OPT = Opt(1232, 0, 0, 0, b"")
# What a server said: a record twice, as Consul does it.
DIRECT = Message(
    300,
    1,
    QR | AA | RD,
    0,
    (WEB, 33, 1),
    (SRV, OTHER),
    (NS,),
    (ADDRESS, ADDRESS),
    Opt(4096, 0, 0, 0, b""),
)
RIGHT = replace(DIRECT, flags=DIRECT.flags | RA, opt=OURS_OPT)


def judged(
    ours: Message, question: Question = QUESTION, direct: Message = DIRECT, age_s: float = 0
) -> list[str]:
    """What is wrong with a reply."""
    verdict = Verdict()
    verdict.judge(Exchange(question, direct, ours), (), age_s=age_s, fold=False)
    return verdict.wrong


def test_what_is_right_is_accepted():
    """Also in another order, which is no difference."""
    assert [] == judged(RIGHT)
    assert [] == judged(replace(RIGHT, answer=(OTHER, SRV)))


@pytest.mark.parametrize(
    "change",
    [
        {"additional": (ADDRESS,)},
        {"additional": ()},
        {"answer": (SRV,)},
        {"answer": (SRV, OTHER, OTHER)},
        {"answer": (SRV, replace(OTHER, ttl=9))},
        {"answer": (SRV, replace(OTHER, rclass=3))},
        {"answer": (SRV, replace(OTHER, owner=name("web.service.consul")))},
        {"answer": (SRV, replace(OTHER, data=SRV.data))},
        {"authority": ()},
        {"authority": (), "additional": (NS, ADDRESS, ADDRESS)},
        {"flags": RIGHT.flags & ~AA},
        {"flags": RIGHT.flags & ~RA},
        {"flags": RIGHT.flags & ~RD},
        {"flags": RIGHT.flags | TC},
        {"rcode": NXDOMAIN},
        {"id": 2},
        {"opt": None},
        {"opt": DIRECT.opt},
        {"question": (name("web.service.consul"), 33, 1)},
        {"size": 1233},
    ],
    ids=str,
)
def test_every_small_change_is_found(change: dict[str, object]):
    """Each is a fault that a proxy could have, over either transport."""
    for tcp in (False, True):
        if tcp and "size" in change:
            continue
        assert judged(replace(RIGHT, **change), replace(QUESTION, tcp=tcp))  # type: ignore[arg-type]


MANY = tuple(replace(SRV, data=bytes([0, 1, 0, 1, 1, n]) + b"\0") for n in range(60))
BIG = replace(DIRECT, answer=MANY, authority=(), additional=(ADDRESS,) * 3, size=1500)
CUT = replace(RIGHT, answer=MANY[:50], authority=(), additional=(), size=1220)


def test_a_reply_may_be_cut_where_it_does_not_fit():
    """With TC if answers are missing, without if only additional records are."""
    assert [] == judged(replace(CUT, flags=CUT.flags | TC), direct=BIG)
    assert [] == judged(replace(CUT, answer=MANY), direct=BIG)


def test_a_wrong_cut_is_found():
    """Silently, for nothing, over TCP, or with a record that was never there."""
    truncated = replace(CUT, flags=CUT.flags | TC)
    assert judged(CUT, direct=BIG)
    assert judged(replace(truncated, size=100), direct=BIG)
    assert judged(truncated, replace(QUESTION, tcp=True), BIG)
    assert judged(replace(truncated, answer=(*MANY[:50], OTHER)), direct=BIG)
    assert judged(replace(CUT, answer=MANY, flags=CUT.flags | TC), direct=BIG)


def test_a_cname_without_its_address_is_found():
    """A client would take it for all there is."""
    alias = Record(WEB, 5, 1, 10, write_name(name("N1.node.consul")))
    direct = replace(BIG, answer=(alias, *(ADDRESS,) * 2), additional=())
    for answer, right in (((alias, ADDRESS), True), ((alias,), False), ((), True)):
        ours = replace(CUT, answer=answer, flags=CUT.flags | TC)
        assert right == (judged(ours, direct=direct) == [])


def test_a_ttl_that_went_down_is_memory_and_one_that_went_up_is_not():
    """Aged by as much as time has passed, never more, never less than nothing."""
    for ttl, right in ((10, True), (8, True), (7, False), (11, False)):
        ours = replace(RIGHT, authority=(replace(NS, ttl=ttl),))
        assert right == (judged(ours, age_s=2) == [])
    assert RIGHT == aged(RIGHT, RIGHT, 0)


@pytest.mark.parametrize(
    "question",
    [
        replace(QUESTION, qclass=3),
        replace(QUESTION, qtype=252),
        replace(QUESTION, version=1),
        replace(QUESTION, opcode=4),
    ],
    ids=str,
)
def test_what_is_refused_must_not_be_answered(question: Question):
    """The server's own answer is then the difference."""
    assert judged(RIGHT, question)
    assert judged(empty(Exchange(question, DIRECT, RIGHT), NXDOMAIN), question)


def test_messages_are_read_as_another_library_writes_them():
    """Compressed names, spelling and records that stand twice."""
    reply = dns.message.make_response(dns.message.make_query("Web.service.consul", "SRV"))
    for owner, kind, data in (
        ("Web.service.consul", "SRV", "1 1 80 n1.Node.consul."),
        ("Web.service.consul", "MX", "5 n1.Node.consul."),
        ("Web.service.consul", "MX", "5 n1.Node.consul."),
    ):
        reply.answer.append(dns.rrset.from_text(owner + ".", 7, "IN", kind, data))
    found = read(reply.to_wire())
    mx = Record(WEB, 15, 1, 7, b"\0\5" + write_name(name("n1.Node.consul")))
    srv = Record(WEB, 33, 1, 7, b"\0\1\0\1\0\x50" + write_name(name("n1.Node.consul")))
    assert (srv, mx, mx) == found.answer
    assert write_name(name("n1.node.consul")) == found.answer[1].folded[2:]


@pytest.mark.parametrize(
    "mutate",
    [
        lambda wire: wire[:-1],
        lambda wire: wire + b"\0",
        lambda wire: wire.replace(b"\xc0\x0c", b"\xc0\xff"),
        lambda wire: wire[:7] + b"\2" + wire[8:],
        lambda wire: wire[:5] + b"\2" + wire[6:],
    ],
    ids=["cut off", "longer", "pointer ahead", "record too many", "question too many"],
)
def test_what_is_no_message_is_not_read(mutate: Callable[[bytes], bytes]):
    """A reply of ours that others could not read must not pass for one."""
    reply = dns.message.make_response(dns.message.make_query("a.consul", "A"))
    reply.answer.append(dns.rrset.from_text("a.consul.", 7, "IN", "A", "10.0.0.1"))
    wire = reply.to_wire()
    assert 1 == len(read(wire).answer)
    with pytest.raises(NotDns):
        read(mutate(wire))


def test_a_seed_gives_the_same_questions_again():
    """A run that found something can be run again; one with another seed asks other things."""
    names = [name("a.consul"), name("b.consul")]
    first = [QUESTION]
    assert generate(1, names, first) == generate(1, names, first)
    assert generate(1, names, first) != generate(2, names, first)
    assert QUESTION in generate(3, names, first)
    assert all(read(question.wire(9)).id == 9 for question in generate(4, names, first))
