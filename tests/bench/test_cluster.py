"""The table of a cluster's faults, of questions that are made up here."""

from bench.cluster.run import table
from tests.cluster.faults import Seen
from tests.cluster.verdict import Cut, Outcome, Question, Truth, read, tally

PLACES = {"svc1.x": ("node1", "10.0.0.1"), "svc3.x": ("node3", "10.0.0.3")}
# node3 has no wire from 110 to 120.
TRUTH = Truth(PLACES, [Cut("node3", 110.0, 120.0)])


def question(at: float, name: str = "svc3.x", *addresses: str, rcode: int = 0) -> Question:
    """One that was answered after 2 ms."""
    return Question(at, name, rcode, marked=False, took=0.002, addresses=frozenset(addresses))


def test_what_cannot_be_reached_is_stale_and_may_be_denied() -> None:
    """From elsewhere; on the host itself all is as before."""
    there, gone = question(115.0, "svc3.x", "10.0.0.3"), question(115.0, rcode=3)
    assert (Outcome.STALE, Outcome.RIGHT) == tuple(TRUTH.outcome("node1", q) for q in (there, gone))
    assert (Outcome.RIGHT, Outcome.DENIED) == tuple(
        TRUTH.outcome("node3", q) for q in (there, gone)
    )


def test_what_can_be_reached_is_right_and_must_not_be_denied() -> None:
    """Before the cut and from its end on."""
    for at in (109.9, 120.0):
        assert Outcome.RIGHT is TRUTH.outcome("node1", question(at, "svc3.x", "10.0.0.3"))
        assert Outcome.DENIED is TRUTH.outcome("node1", question(at, rcode=3))
        assert Outcome.DENIED is TRUTH.outcome("node1", question(at))


def test_another_address_is_wrong_and_no_answer_is_a_failure() -> None:
    """An answer too many is as wrong."""
    assert Outcome.WRONG is TRUTH.outcome("node1", question(1.0, "svc1.x", "10.0.0.3"))
    both = question(1.0, "svc1.x", "10.0.0.1", "10.0.0.3")
    assert Outcome.WRONG is TRUTH.outcome("node1", both)
    for rcode in (-1, 2, 5):
        assert Outcome.FAILED is TRUTH.outcome("node1", question(1.0, rcode=rcode))


def test_lines_of_an_asker_are_read_and_one_that_is_cut_off_is_not() -> None:
    """As it writes them."""
    lines = ["1.5000 svc1.x 0 1 0.0004 10.0.0.1\n", "2.0000 svc3.x -1 0 5.0001\n", "2.5000 svc"]
    first, second = read(lines)
    assert (
        Question(1.5, "svc1.x", 0, marked=True, took=0.0004, addresses=frozenset({"10.0.0.1"}))
        == first
    )
    assert Question(2.0, "svc3.x", -1, marked=False, took=5.0001, addresses=frozenset()) == second


def test_a_row_tells_what_and_when() -> None:
    """Of node1: one right, one stale, one denied after the end, one without an answer."""
    asked = [
        question(112.0, "svc1.x", "10.0.0.1"),
        question(113.0, "svc3.x", "10.0.0.3"),
        question(121.5, rcode=3),
        question(121.0, "svc1.x", rcode=2),
    ]
    seen = Seen("cut", {"node1": tally("node1", asked, TRUTH, 110.0)}, 110.0, 4, 10, 12, {})
    _, _, row, _, times = table([seen]).splitlines()
    cells = ["cut", "node1", "4", "1", "0", "1 (svc3)", "1 (svc3)", "1", "2 ms", "11.5 s"]
    assert cells == [cell.strip() for cell in row.strip("|").split("|")]
    assert "noticed after 4.0 s, mended after 10.0 s" in times
