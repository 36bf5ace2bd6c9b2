"""What is told of a query: to those who watch, and to who asks how it was answered."""

from collections.abc import Callable
from dataclasses import replace
from time import time

from dnsproxy.core.chains import is_dangling
from dnsproxy.core.exchange import Exchange, Source
from dnsproxy.core.gate import Query, Refusal
from dnsproxy.core.request import Request
from dnsproxy.core.trace import Trace, milliseconds
from dnsproxy.core.wire import TC
from dnsproxy.forwarding import Found


def answered(query: Query, found: Found, wire: bytes, took: float, *, tcp: bool) -> Exchange:
    """What was found and sent, in so many seconds."""
    return Exchange(
        at=time(),
        took=took,
        client=query.client,
        tcp=tcp,
        name=query.question.name,
        qtype=query.question.qtype,
        rcode=found.reply.rcode,
        source=found.source,
        zone=found.zone,
        server=found.server,
        size=len(wire),
        truncated=bool(wire[2] & TC >> 8),
        answers=len(found.reply.answer),
        dangling=is_dangling(query.question, found.reply),
    )


def gated(
    query: Query | Refusal, client: str, rcode: int | None, *, tcp: bool, now: float
) -> Exchange:
    """What was not looked up, for those who watch."""
    asked = query.query if isinstance(query, Refusal) else query
    question = asked.question if asked else None
    return Exchange(
        at=now,
        took=0.0,
        client=client,
        tcp=tcp,
        name=question.name if question else None,
        qtype=question.qtype if question else 0,
        rcode=rcode,
        source=Source.GATE,
    )


def traced(find: Callable[[Request], Found], request: Request) -> Found:
    """What is found, and all that was done for it."""
    trace = Trace()
    return replace(find(replace(request, trace=trace)), trace=trace, lease=None)


def explanation(found: Found, took: float) -> bytes:
    """The option of EDNS that tells it; nothing where nobody has asked."""
    if found.trace is None:
        return b""
    facts = {"zone": found.zone, "source": found.source.value, "server": found.server}
    return found.trace.option(**facts, took_ms=milliseconds(took))
