"""What failed is not asked again at once, and who asks is told so (RFC 9520)."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack

import dns.edns
import dns.message
import dns.rdatatype
import pytest

from dnsproxy.core.doubt import AGAIN_S, DOUBT_S, Doubt, agree, is_less, unproven
from dnsproxy.core.failures import ENTRIES_MAX, Failure, Failures
from dnsproxy.core.records import Reply
from dnsproxy.core.request import Key
from dnsproxy.core.shelf import Shelf
from tests.asking import ask, rcode, records
from tests.commands import Running
from tests.dnsproxy.packets import query
from tests.dnsproxy.scripted import asked, says
from tests.dnsproxy.test_memory import answer
from tests.rules.scripts import errors, in_front_of, once_by, refusal, silence
from tests.upstream import Script, ScriptedUpstream, reply_to
from tests.waits import PATIENCE_S, Waits

CACHED, NOBODY = dns.edns.EDECode.CACHED_ERROR, dns.edns.EDECode.NO_REACHABLE_AUTHORITY
HOST = "www.example. 600 A 192.0.2.1"
FAILED = Failure("away")


def key(name: str = "a.example") -> Key:
    """What a question for A is held back by."""
    return query(name).request.key


def texts(reply: dns.message.Message) -> str:
    """What its extended errors say."""
    return " ".join(o.text or "" for o in reply.options if isinstance(o, dns.edns.EDEOption))


@pytest.mark.parametrize("code", [2, 5], ids=["SERVFAIL", "REFUSED"])
def test_an_error_that_was_said_is_said_again_without_asking(code: int):
    """With whose it is; other types of the name are asked."""
    with in_front_of(lambda query: [reply_to(query, rcode=code).to_wire()]) as (port, upstream):
        first = ask(port, "www.example", edns=1232)
        again = ask(port, "www.example", edns=1232)
        assert code == first.rcode() == again.rcode()
        assert ([NOBODY], [CACHED, NOBODY]) == (errors(first), errors(again))
        said = f"{upstream.address} said {rcode(first)}"
        assert said in texts(first)
        assert said in texts(again)
        ask(port, "www.example", "AAAA")
        assert ["www.example. A", "www.example. AAAA"] == asked(upstream)


def test_silence_is_not_waited_for_again():
    """Each client would wait for 4.5 s, and each question would be three."""
    with in_front_of(silence) as (port, upstream):
        first = ask(port, "www.example", edns=1232)
        again = ask(port, "www.example", edns=1232)
        assert "SERVFAIL" == rcode(first) == rcode(again)
        assert ([NOBODY], [CACHED, NOBODY]) == (errors(first), errors(again))
        assert f"{upstream.address}: no answer in time" in texts(again)
        assert 3 == len(upstream.queries)


def test_what_is_mended_is_found_by_itself(waits: Waits):
    """unbound#282: a failure is held for seconds, and the next question goes out."""
    with in_front_of(once_by(refusal, then=says({"www.example": [HOST]}))) as (port, _):
        assert "SERVFAIL" == rcode(ask(port, "www.example"))
        waits.until(
            "found", lambda: {"A 192.0.2.1"} == records(ask(port, "www.example")), PATIENCE_S
        )


def test_a_failure_of_one_question_hides_no_answer_to_another():
    """coredns#7956: what is remembered stands, whatever failed beside it."""

    def script(query: dns.message.Message) -> Sequence[bytes]:
        is_a = query.question[0].rdtype == dns.rdatatype.A
        return [reply_to(query, HOST).to_wire()] if is_a else refusal(query)

    with in_front_of(script) as (port, _):
        for _ in range(3):
            assert {"A 192.0.2.1"} == records(ask(port, "www.example"))
            assert "SERVFAIL" == rcode(ask(port, "www.example", "AAAA"))


def test_a_failure_is_held_twice_as_long_each_time_up_to_a_limit():
    """RFC 9520 3.2; for Consul 1 s each time."""
    for most, expected in ((5.0, [1, 2, 4, 5, 5]), (1.0, [1, 1, 1])):
        failures, now = Failures(), 100.0
        for hold_s in expected:
            failures.keep("z", key(), FAILED, now, most)
            assert FAILED == failures.recall("z", key(), now + hold_s - 0.01)
            now += hold_s
            assert None is failures.recall("z", key(), now)


def test_an_answer_or_quiet_makes_the_next_failure_a_first_one():
    """Who failed last week is not held longer for it."""
    for between in ("answer", "quiet"):
        failures = Failures()
        failures.keep("z", key(), FAILED, 0)
        if between == "answer":
            failures.forget("z", key())
        now = 2 if between == "answer" else 100
        failures.keep("z", key(), FAILED, now)
        assert None is failures.recall("z", key(), now + 1)


def test_failures_are_bounded_and_by_zone_and_key():
    """Whoever asks for what fails fills no memory."""
    failures = Failures()
    for number in range(ENTRIES_MAX + 10):
        failures.keep("z", key(f"n{number}.example"), FAILED, 0)
    assert ENTRIES_MAX == len(failures.shelf.entries)
    failures.keep("z", key(), FAILED, 0)
    assert None is failures.recall("other", key(), 0.5)
    assert None is failures.recall("z", query("a.example", "AAAA").request.key, 0.5)


def test_failures_that_mean_nothing_any_more_take_no_room():
    """Each outage would leave its own behind, up to all the room there is."""
    failures = Failures()
    for second in range(100):
        failures.keep("z", key(f"n{second}.example"), FAILED, second)
    # Held for a second, and half a minute longer in case they fail again.
    assert [f"n{second}".encode() for second in range(68, 100)] == [
        request[0][0] for _, request in failures.shelf.entries
    ]
    failures.keep("z", key(), FAILED, 1000)
    assert 1 == len(failures.shelf.entries)


def test_a_shelf_gives_up_what_has_ended_before_what_has_not():
    """Among the least recently used; else the one that is that the most."""

    class Entry:
        def __init__(self, expires: float) -> None:
            self.size, self.expires = 1, expires

        def end(self) -> None:
            ended.append(self.expires)

    ended: list[float] = []
    shelf: Shelf[str, Entry] = Shelf(100, 3)
    for name, expires in (("a", 50.0), ("b", 10.0), ("c", 50.0)):
        shelf.add(name, Entry(expires), 0)
    shelf.add("d", Entry(50), 20)
    assert ["a", "c", "d"] == list(shelf.entries)
    assert [10.0] == ended
    shelf.use("a")
    shelf.add("e", Entry(50), 20)
    assert ["d", "a", "e"] == list(shelf.entries)


def test_after_a_failure_what_is_less_is_doubted_for_a_while():
    """And what came late, whenever it came: somebody held it back."""
    doubt = Doubt()
    assert not doubt.holds(100, 100.01, NEVER)
    assert doubt.holds(100, 101, NEVER)
    doubt.failed(100)
    assert doubt.holds(105, 105.01, NEVER)
    assert not doubt.holds(100 + DOUBT_S, 100.01 + DOUBT_S, NEVER)


def test_who_comes_back_is_doubted_whatever_others_said_meanwhile():
    """One agent of several is behind the others, and none of the questions failed."""
    doubt = Doubt()
    assert doubt.holds(105, 105.01, 100)
    assert not doubt.holds(100 + DOUBT_S, 100.01 + DOUBT_S, 100)


def test_a_word_of_before_a_failure_says_nothing_of_after_it():
    """A server that is frozen as it reads its log denies the same when it goes on."""
    denial = answer(rcode=3)
    word = unproven(None, denial, 100, back=99)
    assert word is not None
    assert unproven(word, denial, 100 + AGAIN_S, back=99) is None
    after = unproven(word, denial, 100 + AGAIN_S, back=104)
    assert after is not None
    assert unproven(after, denial, 100 + 2 * AGAIN_S, back=104) is None
    # Who fails all the time is believed at last, or what is gone would never go.
    assert unproven(after, denial, 100 + DOUBT_S, back=100 + DOUBT_S) is None
    assert unproven(after, answer(), 100 + DOUBT_S, back=100 + DOUBT_S) is not None


@pytest.mark.parametrize(
    ("reply", "less"),
    [
        (answer(rcode=3), True),
        (answer(), True),
        (answer("a.example. 0 A 10.0.0.1"), True),
        (answer("a.example. 0 A 10.0.0.7", "a.example. 0 A 10.0.0.8"), False),
        (answer(*(f"a.example. 0 A 10.0.0.{n}" for n in range(3))), False),
    ],
    ids=["NXDOMAIN", "NODATA", "fewer", "others", "more"],
)
def test_what_is_less_than_it_was(reply: Reply, less: bool):  # noqa: FBT001
    """Consul may choose among many: how many there are counts, not which."""
    before = answer("a.example. 0 A 10.0.0.1", "a.example. 0 A 10.0.0.2")
    assert less == is_less(reply, before)
    assert agree(reply, reply)
    assert (not less and len(reply.answer) == 2) == agree(reply, before)


NEVER = float("-inf")
WEB = ["web.service.consul. 0 A 10.0.0.1", "web.service.consul. 0 A 10.0.0.2"]


def consul_says(words: Iterator[Sequence[str] | int], last: Sequence[str] | int) -> Script:
    """A Consul that says one after the other of web.service.consul, and then always the last."""

    def script(query: dns.message.Message) -> Sequence[bytes]:
        return says({"web.service.consul": next(words, last)})(query)

    return script


@pytest.mark.parametrize(
    "less", [3, (), WEB[:1]], ids=["NXDOMAIN", "NODATA", "one of two instances"]
)
def test_less_than_before_right_after_an_outage_counts_when_it_is_said_twice(
    waits: Waits, less: Sequence[str] | int
):
    """A Consul that comes back reads its log while it answers."""
    with (
        ScriptedUpstream(consul_says(iter([WEB, 2]), less)) as consul,
        Running(
            *("dnsproxy", "--listen", "127.0.0.1:0", "--http", "off"),
            *("--consul-dns", consul.address, "--upstream", "127.0.0.1:9"),
        ) as proxy,
    ):
        told = []
        expected = set() if isinstance(less, int) else {f"A {r.split()[-1]}" for r in less}

        def believed() -> bool:
            reply = ask(proxy.port, "web.service.consul", edns=1232)
            told.append(len(consul.queries))
            if expected == records(reply):
                return True
            assert {"A 10.0.0.1", "A 10.0.0.2"} == records(reply)
            return False

        waits.until("believed", believed, PATIENCE_S)
        # The answer, the failure, and the same word twice.
        assert 4 == told[-1]
        assert AGAIN_S < sum(float(line.split()[-2]) / 1000 for line in waits.taken)


def test_of_two_agents_one_that_comes_back_is_asked_last_and_doubted(waits: Waits):
    """It has failed and the other has not, so that none of the questions was in vain."""
    knows = says({"web.service.consul": WEB})
    both = {"A 10.0.0.1", "A 10.0.0.2"}
    with ExitStack() as first, ExitStack() as second:
        one = first.enter_context(ScriptedUpstream(knows))
        other = second.enter_context(ScriptedUpstream(knows))
        flags = ["--listen", "127.0.0.1:0", "--http", "off", "--upstream", "127.0.0.1:9"]
        agents = ["--consul-dns", one.address, "--consul-dns", other.address]
        with Running("dnsproxy", *flags, *agents) as proxy:

            def told() -> set[str]:
                return records(ask(proxy.port, "web.service.consul", edns=1232))

            assert both == told()
            first.close()
            assert both == told()
            waits.until("failed", lambda: f"{one.address} failed" in proxy.log, PATIENCE_S)
            back = first.enter_context(ScriptedUpstream(says({}), port=one.port))
            waits.until("back", lambda: f"{one.address} answers again" in proxy.log, PATIENCE_S)
            assert both == told()
            assert not about_web(back)
            second.close()
            assert both == told()
            assert about_web(back)


def about_web(agent: ScriptedUpstream) -> list[dns.message.Message]:
    """What it was asked of web."""
    queries = [query for query, _ in agent.queries]
    return [query for query in queries if query.question[0].name.labels[0] == b"web"]


def test_a_server_that_knows_nothing_of_an_address_is_not_ill():
    """Consul 1.8 says SERVFAIL of reverse names that it does not know: no denial is doubted."""
    of_web = consul_says(iter([WEB]), 3)

    def script(query: dns.message.Message) -> Sequence[bytes]:
        return (refusal if query.question[0].rdtype == dns.rdatatype.PTR else of_web)(query)

    with (
        ScriptedUpstream(script) as server,
        Running(
            *("dnsproxy", "--listen", "127.0.0.1:0", "--http", "off"),
            *("--consul-dns", server.address, "--upstream", "127.0.0.1:9"),
        ) as proxy,
    ):
        assert 2 == len(records(ask(proxy.port, "web.service.consul")))
        ask(proxy.port, "9.0.0.10.in-addr.arpa", "PTR")
        assert "NXDOMAIN" == rcode(ask(proxy.port, "web.service.consul"))
