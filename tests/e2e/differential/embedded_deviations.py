"""What the embedded catalog answers other than Consul, on purpose: ten things at most."""

from collections import Counter
from dataclasses import dataclass, replace

from tests.e2e.differential import embedded_aliases as aliases, embedded_world as world
from tests.e2e.differential.comparing import (
    Exchange,
    differences,
    is_below,
    sections,
    told,
    without_serials,
)
from tests.e2e.differential.consul_improvements import (
    pointer_only,
    private_reverse,
)
from tests.e2e.differential.consul_releases import since_1_8
from tests.e2e.differential.embedded_asked import NS, A, Asked, left_of_domain
from tests.e2e.differential.embedded_chance import chosen, limited
from tests.e2e.differential.improvements import CUTS, DRESS, OURS, Improvement, Rewrite, is_relayed
from tests.e2e.differential.questions import name
from tests.e2e.differential.wire import (
    NOERROR,
    NXDOMAIN,
    SOA,
    Message,
    Record,
    lower,
    write_name,
)

NAMES = (
    "opcode",
    "class",
    "transfer",
    "consul",
    "reverse",
    "alias",
    "hop",
    "spelling",
    "cut",
    "silence",
)


@dataclass(slots=True)
class Verdict:
    """What of the embedded catalog's answers is wrong, and which deviations took part how often."""

    wrong: list[str]
    hits: Counter[str]

    def judge(self, asked: Asked, packet: Message) -> None:
        """Compare an answer with Consul's."""
        ours = without_serials(packet)
        exchange = Exchange(asked.question, asked.direct, ours)
        expected = without_serials(since_1_8(asked))
        for one in deviations(asked):
            # Consul's own choice of what fits into 512 bytes comes before anything is cut.
            if one.name == "cut":
                expected = chosen(asked, limited(asked, expected, ours), ours)
            rewritten = one.rewrite(exchange, expected)
            self.hits[one.name] += rewritten != expected
            expected = rewritten
        found = differences(asked.question, expected, ours)
        if found:
            lines = "".join(f"\n    {line}" for line in found[:8])
            self.wrong.append(
                f"{asked.question}{lines}\n    Consul:\n{told(asked.direct)}\n"
                f"    embedded:\n{told(ours)}"
            )


def deviations(asked: Asked) -> tuple[Improvement, ...]:
    """The list, in the order in which they take part. The last one has a test of its own."""
    opcode, version, classes, transfers = OURS
    available, own_opt, spelling = DRESS

    def alias(exchange: Exchange, expected: Message) -> Message:
        return aliases.alias(asked, exchange, expected)

    def consul(exchange: Exchange, expected: Message) -> Message:
        return _without_servers(asked, exchange, expected)

    return (
        Improvement("opcode", "UPDATE, NOTIFY and the like are no questions", opcode.rewrite),
        Improvement("class", "there are no names in other classes than IN", classes.rewrite),
        Improvement("transfer", "no zone is transferred", transfers.rewrite),
        Improvement("consul", "the servers have a service of that name; there are none", consul),
        Improvement(
            "reverse",
            "all of arpa is not ours: who is not in the catalog is asked after elsewhere",
            _all(pointer_only, private_reverse),
        ),
        Improvement(
            "spelling",
            "a client that spells oddly checks for it (0x20)",
            _all(_own_soa, spelling.rewrite),
        ),
        Improvement(
            "alias",
            "where an alias leads is answered for the type asked for",
            _all(alias, spelling.rewrite),
        ),
        Improvement(
            "hop",
            "RA and the OPT are between two hops only (RFC 6891 6.1.1, 6.1.3)",
            _all(version.rewrite, available.rewrite, own_opt.rewrite),
        ),
        Improvement(
            "cut",
            "what does not fit is said to be missing, and all that fits is told",
            _all(*(one.rewrite for one in CUTS)),
        ),
        Improvement("silence", "one name that cannot be packed costs itself alone", _as_it_is),
    )


def _all(*rewrites: Rewrite) -> Rewrite:
    def rewrite(exchange: Exchange, expected: Message) -> Message:
        for one in rewrites:
            expected = one(exchange, expected)
        return expected

    return rewrite


def _as_it_is(exchange: Exchange, expected: Message) -> Message:
    return expected


def _without_servers(asked: Asked, exchange: Exchange, expected: Message) -> Message:
    labels = left_of_domain(asked)
    named = list(map(name, ("consul.service", "v.consul.service", "_consul._tcp")))
    special = exchange.question.qtype in {SOA, NS}
    if labels not in named or special or not is_relayed(exchange) or expected.rcode != NOERROR:
        return expected
    domain = exchange.question.name[len(labels) :]
    denied = asked.consult((b"nobody", b"service", *lower(domain)), A)
    return replace(
        expected,
        rcode=NXDOMAIN,
        answer=(),
        additional=(),
        authority=without_serials(denied).authority,
    )


def _own_soa(exchange: Exchange, expected: Message) -> Message:
    """The SOA is that of the domain asked for: Consul takes a second one for it only as spelled."""
    folded = lower(exchange.question.name)
    domain = next((one for one in map(name, (world.ALT_DOMAIN,)) if is_below(folded, one)), None)
    if domain is None:
        return expected

    def own(record: Record) -> Record:
        if record.rtype != SOA:
            return record
        names = write_name((b"ns", *domain)) + write_name((b"hostmaster", *domain))
        data = names + record.data[-16:]
        return replace(record, owner=domain, data=data, folded=data)

    return sections(expected, [map(own, section) for section in expected.sections])
