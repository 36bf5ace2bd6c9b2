"""When an answer of Consul's may be less than the truth."""

from dnsproxy.core.records import Rdata, Reply
from dnsproxy.core.values import value

# Measured on 1.8.7 and 1.22.7 (docs/explanation/consul-dns.md): a server that comes back reads its
# log while it answers. It denies names that it knows, gives some of their instances, or those of
# yesterday, for 25 ms as the only server, and for 0.7 s where it catches up with others; for over
# 2 s on a host with four times the work that it can do. So in the time after a failure what is less
# than it was counts once it has been said twice, so much apart; and so does all that is another
# where a watch will tell soon that the server has caught up. A word of before a failure says
# nothing of after it: a server that was frozen as it read its log denies the same again.
DOUBT_S = 15.0
AGAIN_S = 5.0
# Consul answers from its memory within milliseconds. Who takes longer has held the question back,
# or was asked more than once, a tenth of a second apart: an outage that ended as we looked.
_LATE_S = 0.08


class Doubt:
    """Of one zone. Times are monotonic seconds, given by the caller."""

    def __init__(self) -> None:
        self._until = 0.0

    def failed(self, now: float) -> None:
        """A server did not answer, or said that it does not know."""
        self._until = now + DOUBT_S

    def holds(self, asked: float, now: float, back: float) -> bool:
        """Whether a reply that came ``now`` to a question of then is to be doubted.

        ``back`` is when the server that gave it came back from a failure.
        """
        return now < max(self._until, back + DOUBT_S) or now - asked > _LATE_S


@value
class Word:
    """What was said and is not believed yet, when it was said last, and for the first time."""

    reply: Reply
    said: float
    first: float


def unproven(word: Word | None, reply: Reply, now: float, back: float) -> Word | None:
    """What to remember of a reply that is doubted; None if it counts, having been said before.

    Where a server fails again and again it counts after as long as doubt lasts.
    """
    if word is None or not agree(word.reply, reply):
        return Word(reply, now, now)
    if word.said >= back or now - word.first >= DOUBT_S:
        return None
    return Word(reply, now, word.first)


def is_less(reply: Reply, before: Reply) -> bool:
    """Whether it denies what there was, or holds fewer records of it."""
    return reply.is_denial or len(reply.answer) < len(before.answer)


def is_other(reply: Reply, before: Reply) -> bool:
    """Whether it says anything else."""
    return reply.rcode != before.rcode or _data(reply) != _data(before)


def agree(one: Reply, other: Reply) -> bool:
    """Whether two replies to a question say as much; Consul may choose other instances."""
    return one.rcode == other.rcode and len(one.answer) == len(other.answer)


def _data(reply: Reply) -> set[tuple[int, Rdata]]:
    return {(record.rtype, record.rdata) for record in reply.answer}
