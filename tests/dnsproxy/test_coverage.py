"""What a watch proves, and of which names."""

import pytest

from dnsproxy.core.coverage import AGE_S, SETTLE_S, Cover, Covers, Kind, Topic, topic_of
from dnsproxy.core.hot import Lease

NOW = 1000.0


def labels(name: str) -> tuple[bytes, ...]:
    """Left of Consul's domain."""
    return tuple(label.encode() for label in name.split(".")) if name else ()


@pytest.mark.parametrize(
    ("name", "topic"),
    [
        ("web.service", Topic(Kind.SERVICE, "web")),
        ("v1.web.service", Topic(Kind.SERVICE, "web")),
        ("_web._tcp.service", Topic(Kind.SERVICE, "web")),
        ("_web._v1.service", Topic(Kind.SERVICE, "web")),
        ("_web.service", Topic(Kind.SERVICE, "_web")),
        ("web.service.dc2", Topic(Kind.SERVICE, "web", "dc2")),
        ("_web._tcp.service.dc2", Topic(Kind.SERVICE, "web", "dc2")),
        ("service.service", Topic(Kind.SERVICE, "service")),
        ("node.service", Topic(Kind.SERVICE, "node")),
        ("n1.node", Topic(Kind.NODES)),
        ("n1.node.dc2", Topic(Kind.NODES, datacenter="dc2")),
        ("service.node", Topic(Kind.NODES)),
        ("service", None),
        ("node", None),
        ("", None),
        ("web.query", None),
        ("web.connect", None),
        ("web.ingress", None),
        ("0a000001.addr", None),
        ("dc1", None),
        ("web.service.ns1.ns.dc1.dc", None),
    ],
)
def test_which_names_a_watch_covers(name: str, topic: Topic | None):
    """As Consul reads them: its keyword is the last one, a datacenter may follow."""
    assert topic == topic_of(labels(name))


def test_a_name_that_is_no_text_is_covered_by_nothing():
    """Consul's HTTP API could not be asked for it."""
    assert topic_of((b"w\xc3\xbcb", b"service")) is None
    assert topic_of((b"web", b"service", b"d\xff")) is None


def test_only_a_live_watch_proves_anything():
    """And of what was asked before it saw its first index it knows nothing."""
    cover = Cover()
    assert cover.proof(NOW) is None
    cover.news(NOW)
    assert cover.proof(NOW - 0.001) is None
    assert cover.proof(NOW) is not None
    cover.lose()
    assert cover.proof(NOW + 5) is None


def test_right_after_a_change_an_answer_holds_for_a_moment_only():
    """Who was asked may not have seen it yet; later it holds for as long as is good for anything
    that no watch tells of."""
    cover = Cover()
    cover.news(NOW)
    lives = [cover.proof(NOW + after) for after in (0.0, SETTLE_S - 0.01, SETTLE_S)]
    assert [0.1, 0.1, AGE_S] == [proof.life_s for proof in lives if proof]


def test_a_proof_ends_with_the_next_change():
    """Also one of an answer that was under way while it came."""
    cover = Cover()
    cover.news(NOW)
    before = cover.proof(NOW + 2)
    cover.news(NOW + 3)
    after = cover.proof(NOW + 4)
    assert before is not None
    assert after is not None
    assert (False, True) == (before.holds, after.holds)
    cover.lose()
    assert not after.holds


def test_who_was_watched_all_the_time_is_believed():
    """Also an answer that was under way when something changed, though it proves nothing."""
    cover = Cover()
    assert not cover.knew(NOW)
    cover.news(NOW)
    cover.news(NOW + 2)
    assert [False, True, True] == [cover.knew(NOW + after) for after in (-1, 1, 3)]
    assert cover.proof(NOW + 1) is None
    cover.lose()
    cover.news(NOW + 4)
    assert [False, True] == [cover.knew(NOW + after) for after in (3, 5)]


def test_leases_end_with_the_next_change():
    """And those that nobody holds any more take no room."""
    cover = Cover()
    cover.news(NOW)
    lease = Lease(NOW + 10, None)
    cover.leases.add(lease)
    cover.leases.add(Lease(NOW + 10, None))
    assert 1 == len(cover.leases)
    cover.news(NOW + 1)
    assert (0.0, 0) == (lease.until, len(cover.leases))


def test_several_watches_prove_what_all_of_them_do():
    """Each change that any has seen ends it, and what was lent."""
    one, other = Cover(), Cover()
    both = Covers([one, other])
    one.news(NOW)
    assert (False, None) == (both.live, both.proof(NOW + 1))
    other.news(NOW + 2)
    assert (True, NOW + 2) == (both.live, both.since)
    assert both.proof(NOW + 1) is None
    settling = both.proof(NOW + 2)
    assert settling is not None
    assert settling.life_s < AGE_S
    proof = both.proof(NOW + 2 + SETTLE_S)
    assert proof is not None
    assert AGE_S == proof.life_s
    for changing in (one, other):
        before, lease = both.changes, Lease(NOW + 100, None)
        both.lend(lease)
        assert both.knew(NOW + 4)
        assert not both.knew(NOW + 1)
        changing.news(NOW + 5)
        assert both.changes > before
        assert not proof.holds
        assert 0.0 == lease.until
