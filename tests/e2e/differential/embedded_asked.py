"""A question to Consul and to the embedded catalog, and the names that both answers have."""

from collections.abc import Callable
from dataclasses import dataclass

from tests.e2e.differential import embedded_world as world
from tests.e2e.differential.comparing import is_below
from tests.e2e.differential.questions import Question, name, qtype
from tests.e2e.differential.wire import Labels, Message, Record, lower

A, NS, AAAA, SRV, ANY, TXT = map(qtype, ("A", "NS", "AAAA", "SRV", "ANY", "TXT"))
# Asks Consul itself for a name and a type: all that there is to say.
Consult = Callable[[Labels, int], Message]


@dataclass(frozen=True, slots=True)
class Asked:
    """A question, and what Consul says to it over TCP.

    ``consult`` asks it more; ``release`` is Consul's, ``answers_max`` its ``udp_answer_limit``.
    """

    question: Question
    direct: Message
    consult: Consult
    release: tuple[int, ...]
    answers_max: int = 3
    a_record_limit: int = 0


def left_of_domain(asked: Asked) -> Labels:
    """The question's name left of the domain; nothing for one outside."""
    folded = lower(asked.question.name)
    for domain in map(name, (world.DOMAIN, world.ALT_DOMAIN)):
        if is_below(folded, domain):
            return folded[: -len(domain)]
    return ()


def is_inner(owner: Labels) -> bool:
    """Whether a name is one that Consul makes for a target, of a node or an address."""
    for domain in map(name, (world.DOMAIN, world.ALT_DOMAIN)):
        if is_below(owner, domain):
            place = lower(owner[: -len(domain)][-2:])
            return place in {(b"node", b"dc1"), (b"addr", b"dc1")}
    return False


def is_ours(target: Labels) -> bool:
    return domain_of(target) is not None


def domain_of(target: Labels) -> Labels | None:
    """The domain of Consul's that a name lies in."""
    domains = map(name, (world.DOMAIN, world.ALT_DOMAIN))
    return next((one for one in domains if is_below(target, one)), None)


def cname_target(record: Record) -> Labels:
    return labels_in(record.data)


def srv_target(record: Record, *, folded: bool = True) -> Labels:
    return labels_in((record.folded if folded else record.data)[6:])


def labels_in(data: bytes) -> Labels:
    labels = []
    while data[0]:
        labels.append(data[1 : 1 + data[0]])
        data = data[1 + data[0] :]
    return tuple(labels)
