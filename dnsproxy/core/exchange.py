"""One query and what became of it: what the query log shows and the metrics count."""

from enum import StrEnum

from dnsproxy.core.names import Name
from dnsproxy.core.values import value


class Source(StrEnum):
    """Where an answer came from."""

    GATE = "gate"
    """Refused before anything was looked up."""
    HOSTS = "hosts"
    SPECIAL = "special"
    """A name that is answered here by rule (RFC 6761, RFC 6303)."""
    EMBEDDED = "embedded"
    MEMORY = "memory"
    STALE = "stale"
    """From memory because nobody gave a current one (RFC 8767)."""
    UPSTREAM = "upstream"
    NOBODY = "nobody"
    """SERVFAIL of our own: no upstream gave an answer, or there was no room to wait for one."""


class Limited(StrEnum):
    """What was done with a query beyond its client's rate."""

    DROPPED = "dropped"
    TRUNCATED = "truncated"
    """TC and nothing else: a real client asks again over TCP."""
    BADCOOKIE = "badcookie"
    """The same for a client with cookies: it asks again with ours (RFC 7873 5.2.3)."""


@value
class Exchange:
    """A query that was answered, or left unanswered (``rcode`` None, ``size`` 0).

    ``at`` is in seconds since the epoch, ``took`` in seconds; ``name`` is None where no question
    could be read. ``zone`` is the name of the configured zone as text, ``server`` the upstream that
    answered, as text; both empty where there was none. ``dangling``: the answer is nothing but
    CNAMEs that lead to no record of the type asked for. ``limited``: it was beyond a rate.
    """

    at: float
    took: float
    client: str
    tcp: bool
    name: Name | None
    qtype: int
    rcode: int | None
    source: Source
    zone: str = ""
    server: str = ""
    size: int = 0
    truncated: bool = False
    answers: int = 0
    dangling: bool = False
    limited: Limited | None = None
