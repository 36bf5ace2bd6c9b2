"""What the askers saw, against what could be reached from where they are."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

NO_ANSWER, NOERROR, NXDOMAIN = -1, 0, 3


@dataclass(frozen=True, slots=True)
class Question:
    """One of an asker's: sent ``at`` (seconds), answered after ``took``; ``rcode`` -1 if never."""

    at: float
    name: str
    rcode: int
    marked: bool
    took: float
    addresses: frozenset[str]


class Outcome(Enum):
    """What a client is told, and whether it is so."""

    RIGHT = "right"
    # The service is there and can be reached, and its name was said to be none.
    DENIED = "denied"
    # An address that nobody can be reached at, from where the question came.
    STALE = "stale"
    # An address that the service has not.
    WRONG = "wrong"
    # No answer, or one that says that there is none.
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Cut:
    """A host without its wire, from ``start`` to ``end`` (seconds)."""

    node: str
    start: float
    end: float


@dataclass(frozen=True)
class Truth:
    """Where each service is (name -> node and address), and who was cut off when."""

    places: Mapping[str, tuple[str, str]]
    cuts: Sequence[Cut] = ()

    def outcome(self, asker: str, question: Question) -> Outcome:
        """Of a question that came from a container on the node ``asker``."""
        node, address = self.places[question.name]
        if question.rcode not in {NOERROR, NXDOMAIN}:
            return Outcome.FAILED
        reached = not self._apart(asker, node, question.at)
        if not question.addresses:
            return Outcome.DENIED if reached else Outcome.RIGHT
        if question.addresses != {address}:
            return Outcome.WRONG
        return Outcome.RIGHT if reached else Outcome.STALE

    def _apart(self, one: str, other: str, at: float) -> bool:
        if one == other:
            return False
        return any(cut.node in {one, other} and cut.start <= at < cut.end for cut in self.cuts)


@dataclass(frozen=True)
class Tally:
    """One asker's questions; ``marked`` are answers that say they are what was last known."""

    node: str
    counts: Mapping[Outcome, int]
    denied: frozenset[str]
    stale: frozenset[str]
    marked: int
    slowest_s: float
    # From the break to the last question that had this outcome; none: it had it never.
    last_s: Mapping[Outcome, float]

    @property
    def asked(self) -> int:
        """All of them."""
        return sum(self.counts.values())


def tally(node: str, questions: Sequence[Question], truth: Truth, broken: float) -> Tally:
    """Sort them out. ``broken`` is when the fault began."""
    judged = [(truth.outcome(node, question), question) for question in questions]

    def of(outcome: Outcome) -> list[Question]:
        return [question for kind, question in judged if kind is outcome]

    return Tally(
        node,
        {outcome: len(of(outcome)) for outcome in Outcome},
        frozenset(question.name for question in of(Outcome.DENIED)),
        frozenset(question.name for question in of(Outcome.STALE)),
        sum(question.marked for question in questions),
        max((question.took for question in questions), default=0.0),
        {
            outcome: max(question.at for question in of(outcome)) - broken
            for outcome in Outcome
            if of(outcome)
        },
    )


def read(lines: Sequence[str]) -> Iterator[Question]:
    """The lines of an asker; the last may be cut off."""
    for line in lines:
        if line.endswith("\n"):
            at, name, rcode, marked, took, *addresses = line.split()
            yield Question(
                float(at), name, int(rcode), marked == "1", float(took), frozenset(addresses)
            )
