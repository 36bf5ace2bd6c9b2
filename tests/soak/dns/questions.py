"""Questions of all kinds, drawn at random, each with the answer that it must get."""

import itertools
import random
from collections.abc import Iterator

from bench.outages.consul import NAMES, fresh
from tests.load.packets import ANY, SRV, TXT, A, address_of, query
from tests.load.stream import Question

# Kind -> how often of a hundred. `consul new` may be denied by a Consul that is just starting.
_KINDS = {
    "hot": 30,
    "distinct": 15,
    "denied": 15,
    "short": 12,
    "any": 5,
    "text": 4,
    "consul": 12,
    "consul srv": 4,
    "consul new": 3,
}
DOUBTFUL = {"consul new"}
# So few that none is forgotten between two questions, in the little memory that the proxy has here.
KNOWN = NAMES[:10]


def questions(rng: random.Random, who: str) -> Iterator[Question]:
    """Without end; ``who`` keeps the names of two askers apart."""
    kinds, weights = list(_KINDS), list(_KINDS.values())
    for number in itertools.count():
        kind = rng.choices(kinds, weights)[0]
        name, qtype, right = _drawn(kind, number, rng, who)
        edns = rng.choice([None, 1232, 1232, 4096])
        any_data = qtype != A
        known = frozenset({address_of(right)}) if right and not any_data else frozenset()
        yield Question(query(name, qtype, edns=edns), kind, known, any_data)


def _drawn(kind: str, number: int, rng: random.Random, who: str) -> tuple[str, int, str]:
    """Name, type, and whose address it has."""
    hot = f"hot{rng.randrange(50)}.example"
    short = f"ttl{rng.randrange(1, 4)}.short{rng.randrange(200)}.example"
    distinct = f"d{number}.{who}.example"
    consul = rng.choice(KNOWN)
    new = fresh(number)
    return {
        "hot": (hot, A, hot),
        "distinct": (distinct, A, distinct),
        "denied": (f"x{number}.{who}.gone", A, ""),
        "short": (short, A, short),
        "any": (hot, ANY, hot),
        "text": (hot, TXT, hot),
        "consul": (consul, A, consul),
        "consul srv": (consul, SRV, consul),
        "consul new": (new, A, "fresh"),
    }[kind]


def garbage(rng: random.Random) -> bytes:
    """What is no query: a good one with bytes changed, cut or added, or nothing but noise."""
    packet = bytearray(query(f"g{rng.randrange(1000)}.example"))
    way = rng.randrange(4)
    if way == 0:
        return rng.randbytes(rng.randrange(0, 100))
    if way == 1:
        return bytes(packet[: rng.randrange(len(packet))])
    if way == 2:
        return bytes(packet) + rng.randbytes(rng.randrange(1, 40))
    for _ in range(rng.randrange(1, 6)):
        packet[rng.randrange(2, len(packet))] = rng.randrange(256)
    return bytes(packet)
