"""What may be remembered of answers, and for how long.

Answers and denials have budgets of their own: a spray of names that do not exist must never push
out what does. An answer is kept under the zone it was asked in, and never given for another (the
route decides who may say what, CVE-2021-25220).
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import groupby

from dnsproxy.core.coverage import Proof
from dnsproxy.core.edns import ExtendedError, InfoCode
from dnsproxy.core.failures import Failures
from dnsproxy.core.hot import Lease
from dnsproxy.core.names import Name, lower
from dnsproxy.core.records import Records, Reply, ResourceRecord, soa_minimum
from dnsproxy.core.request import Key
from dnsproxy.core.shelf import Shelf
from dnsproxy.core.wire import Rcode, Type

# RFC 8767 4: what a client may keep of an answer that is past its time.
STALE_TTL = 30
_REPLY_MAX = 65536
_RECORDS_MAX = 1000
# What an entry and a record take in this process beside their data, and a byte of that: names are
# tuples of labels. Measured with tracemalloc: no kind of reply takes more than this says.
_ENTRY_BYTES = 700
_RECORD_BYTES = 500
_TIMES = 3
_ROTATED = {Type.A, Type.AAAA, Type.SRV}
# An answer is asked for anew before its time is over if it has been asked for so often, in the last
# tenth of a life that is worth it.
_PREFETCH_HITS = 2
_PREFETCH_LIFE_S = 10
# What holds for less is not worth to be made ready.
_LEASE_LIFE_S = 0.05
# An answer that comes in place of another is as much in use, if it comes so soon.
_OFTEN_S = 1.0
_STALE = ExtendedError(InfoCode.STALE_ANSWER)
_KEPT = {Rcode.NOERROR, Rcode.NXDOMAIN}

Shuffle = Callable[[list[ResourceRecord]], None]


@dataclass(frozen=True, slots=True)
class TtlPolicy:
    """How TTLs of a zone are told and remembered, in seconds.

    ``keep_stale``: how long an answer may be given past its time when nobody gives a current one.
    """

    min_ttl: int = 0
    max_ttl: int = 86400
    max_negative_ttl: int = 300
    keep_stale: int = 0


def settled(reply: Reply, policy: TtlPolicy) -> Reply:
    """The reply with the TTLs that clients are told.

    One TTL for a record set, the lowest (RFC 2181 5.2), within the policy's bounds; a denial holds
    for the SOA's TTL or its minimum, whichever is less (RFC 2308 3). A TTL of 0 is an order not to
    remember, which a minimum does not overrule.
    """
    if reply.is_denial:
        return replace(
            reply,
            answer=_settle(reply.answer, policy),
            authority=tuple(_settle_denial(record, policy) for record in reply.authority),
        )
    sections = reply.answer, reply.authority, reply.additional
    answer, authority, additional = (_settle(section, policy) for section in sections)
    if (answer, authority, additional) == sections:
        return reply
    return replace(reply, answer=answer, authority=authority, additional=additional)


def lifetime(reply: Reply) -> int:
    """Seconds for which a settled reply may be remembered; 0: not at all."""
    if reply.truncated or reply.stale or reply.rcode not in _KEPT:
        return 0
    if reply.is_denial:
        soa = reply.soa
        # Without an SOA nobody has said how long (RFC 2308 5).
        return min((record.ttl for record in (*reply.answer, soa)), default=0) if soa else 0
    return min((record.ttl for record in reply.records), default=0)


def rotated(reply: Reply, shuffle: Shuffle) -> Reply:
    """The reply with its addresses in a new order, as Consul gives each answer; CNAMEs stay."""
    answer: list[ResourceRecord] = []
    for (_, rtype), group in groupby(reply.answer, key=lambda r: (r.owner, r.rtype)):
        records = list(group)
        if rtype in _ROTATED and len(records) > 1:
            shuffle(records)
        answer += records
    return replace(reply, answer=tuple(answer))


class Memory:
    """Answers and denials by zone and request. Times are monotonic seconds, given by the caller.

    Failures, beside them, have a room of their own.
    """

    def __init__(self, max_bytes: int, max_entries: int) -> None:
        """Either kind has half of the budgets."""
        self.answers: Shelf[tuple[str, Key], _Entry] = Shelf(max_bytes // 2, max_entries // 2)
        self.denials: Shelf[tuple[str, Key], _Entry] = Shelf(max_bytes // 2, max_entries // 2)
        self.failures = Failures()

    def recall(self, zone: str, key: Key, now: float) -> Reply | None:
        """What is remembered and still holds, with the TTLs that are left of it."""
        for shelf in (self.answers, self.denials):
            entry = shelf.entries.get((zone, key))
            if entry is not None and entry.holds(now):
                shelf.use((zone, key))
                entry.hits += 1
                proven = entry.proof is not None
                return entry.reply if proven else _aged(entry.reply, int(now - entry.kept))
        return None

    def held(self, zone: str, key: Key, now: float) -> dict[str, float | bool]:
        """Of what is remembered, its age and what is left of its life, for people; in seconds."""
        for shelf in (self.answers, self.denials):
            entry = shelf.entries.get((zone, key))
            if entry is not None:
                age, left = now - entry.kept, max(entry.expires - now, 0.0)
                watched = entry.proof is not None
                return {"age_s": round(age, 3), "left_s": round(left, 3), "watched": watched}
        return {}

    def lease(self, zone: str, key: Key, used: Callable[[], None]) -> Lease | None:
        """How long what holds may be told again without a look in here; None before it is often.

        ``used`` is called now and then while it is asked for.
        """
        shelf = self.answers if (zone, key) in self.answers.entries else self.denials
        entry = shelf.entries.get((zone, key))
        if entry is None or entry.hits < _PREFETCH_HITS:
            return None
        if entry.lease is None and entry.expires - entry.kept >= _LEASE_LIFE_S:

            def touch() -> None:
                shelf.use((zone, key))
                used()

            entry.lease = entry.lent(touch)
        return entry.lease

    def is_due(self, zone: str, key: Key, now: float) -> bool:
        """Whether what holds now is to be asked for anew, so that nobody has to wait for it."""
        entry = self.answers.entries.get((zone, key)) or self.denials.entries.get((zone, key))
        if entry is None or entry.hits < _PREFETCH_HITS:
            return False
        life = entry.expires - entry.kept
        return life >= _PREFETCH_LIFE_S and 0 < entry.expires - now <= life / 10

    def knows(self, zone: str, key: Key, now: float) -> bool:
        """Whether there is an answer that may still be given, in time or past it."""
        entry = self.answers.entries.get((zone, key))
        return entry is not None and entry.lasts(now)

    def recall_stale(self, zone: str, key: Key, now: float) -> Reply | None:
        """The last good answer, marked as such, if it may still be given."""
        entry = self.answers.entries.get((zone, key))
        if entry is None or not entry.lasts(now):
            return None
        return replace(_capped(entry.reply, STALE_TTL), stale=True, why=(_STALE,))

    def keep(
        self,
        zone: str,
        key: Key,
        reply: Reply,
        policy: TtlPolicy,
        now: float,
        proof: Proof | None = None,
    ) -> None:
        """Remember a settled reply in place of what was remembered before.

        With a ``proof`` it holds as long as that, whatever its TTL. A denial by the zone's own
        servers ends the life of a stale answer too (RFC 8767 6).
        """
        if reply.truncated or reply.stale or reply.rcode not in _KEPT:
            return
        before = self.answers.entries.get((zone, key)) or self.denials.entries.get((zone, key))
        self.answers.drop((zone, key))
        self.denials.drop((zone, key))
        life = proof.life_s if proof is not None else lifetime(reply)
        denial = reply.is_denial
        kept_until = now + life + (0 if denial else policy.keep_stale)
        size = _size(reply)
        if kept_until <= now or len(tuple(reply.records)) > _RECORDS_MAX or reply.size > _REPLY_MAX:
            return
        shelf = self.denials if denial else self.answers
        entry = _Entry(reply, now, now + life, kept_until, size, proof)
        if before is not None and before.hits > _PREFETCH_HITS and now < before.expires + _OFTEN_S:
            # What was asked for often will be.
            entry.hits = _PREFETCH_HITS
        shelf.add((zone, key), entry, now)


@dataclass(slots=True)
class _Entry:
    reply: Reply
    kept: float
    expires: float
    kept_until: float
    size: int
    proof: Proof | None = None
    hits: int = 0
    lease: Lease | None = None

    def holds(self, now: float) -> bool:
        """Whether it may be told as current."""
        return now < self.expires and (self.proof is None or self.proof.holds)

    def lasts(self, now: float) -> bool:
        """Whether it may be told, past its time too: a proof may end before ``expires``."""
        kept_past_its_time = self.kept_until > self.expires
        return now < self.kept_until and (kept_past_its_time or self.holds(now))

    def lent(self, used: Callable[[], None]) -> Lease:
        """A lease that ends with what proves the answer to be current."""
        if self.proof is None:
            return Lease(self.expires, self.kept, used)
        lease = Lease(self.expires, None, used)
        self.proof.cover.lend(lease)
        return lease

    def end(self) -> None:
        """It is kept no more."""
        if self.lease is not None:
            self.lease.end()
            self.lease = None


def _settle(records: Records, policy: TtlPolicy) -> Records:
    ttls = {record.ttl for record in records}
    if not ttls or (len(ttls) == 1 and all(ttl == _bounded(ttl, policy) for ttl in ttls)):
        # As nearly all are.
        return records
    # Thousands of records may share one long owner: it is spelled out once.
    canonical = {owner: lower(owner) for owner in {record.owner for record in records}}
    sets = [(canonical[record.owner], record.rtype) for record in records]
    lowest: dict[tuple[Name, int], int] = {}
    for key, record in zip(sets, records, strict=True):
        lowest[key] = min(record.ttl, lowest.get(key, record.ttl))
    return tuple(
        record.aged(_bounded(lowest[key], policy))
        for key, record in zip(sets, records, strict=True)
    )


def _bounded(ttl: int, policy: TtlPolicy) -> int:
    return min(max(ttl, policy.min_ttl), policy.max_ttl) if ttl else 0


def _settle_denial(record: ResourceRecord, policy: TtlPolicy) -> ResourceRecord:
    ttl = min(record.ttl, policy.max_negative_ttl)
    return record.aged(min(ttl, soa_minimum(record)) if record.rtype == Type.SOA else ttl)


def _aged(reply: Reply, seconds: int) -> Reply:
    def section(records: Records) -> Records:
        return tuple(record.aged(max(record.ttl - seconds, 0)) for record in records)

    return _with_sections(reply, section) if seconds else reply


def _capped(reply: Reply, ttl: int) -> Reply:
    def section(records: Records) -> Records:
        return tuple(record.aged(min(record.ttl, ttl)) for record in records)

    return _with_sections(reply, section)


def _with_sections(reply: Reply, change: Callable[[Records], Records]) -> Reply:
    return replace(
        reply,
        answer=change(reply.answer),
        authority=change(reply.authority),
        additional=change(reply.additional),
    )


def _size(reply: Reply) -> int:
    records = tuple(reply.records)
    return _ENTRY_BYTES + _TIMES * reply.size + _RECORD_BYTES * len(records)
