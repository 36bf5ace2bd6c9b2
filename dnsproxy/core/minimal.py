"""The least that may be said to a question for everything (RFC 8482)."""

from dnsproxy.core.records import Reply, ResourceRecord
from dnsproxy.core.wire import Question

_HINFO = 13
# CPU and OS of RFC 8482 4.2, each with its length.
_RDATA = b"\x07RFC8482\x00"
# Whoever asks that again learns the same: 4.2 wants it long, and an hour outlives no change of
# ours by much.
TTL = 3600


def minimal_any(question: Question) -> Reply:
    """An HINFO record that says so. It is our own: nothing is known of the name."""
    return Reply(answer=(ResourceRecord(question.name, _HINFO, TTL, (_RDATA,)),))
