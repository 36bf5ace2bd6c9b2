"""One question to one server, for what a check has to know of it."""

from dataclasses import dataclass
from time import monotonic

from gevent.ssl import SSLContext

from dnsproxy.core.endpoint import Endpoint, TlsEndpoint
from dnsproxy.core.mnemonics import rcode_text
from dnsproxy.core.records import Reply
from dnsproxy.core.replies import QueryForm
from dnsproxy.core.request import Request
from dnsproxy.core.special import HEALTH, is_well
from dnsproxy.core.wire import Question, Type, question
from dnsproxy.edges.asking import Manner, Upstream
from seamark.asking import EDNS_SIZE, ask
from seamark.errors import StartError

LIMIT_S = 3.0


@dataclass(frozen=True, slots=True)
class Told:
    """The reply of a server, or the ``problem`` that there is none; ``took`` in seconds."""

    reply: Reply | None
    problem: str = ""
    took: float = 0.0

    @property
    def rcode(self) -> str:
        """`NOERROR`; empty without a reply."""
        return rcode_text(self.reply.rcode) if self.reply is not None else ""


def told(server: Endpoint, asked: Question, *, tcp: bool = False) -> Told:
    """What a server says over UDP, or over TCP."""
    try:
        answer = ask(server, asked, LIMIT_S, tcp=tcp)
    except StartError as error:
        return Told(None, str(error).rpartition(": ")[2])
    return Told(answer.reply, took=answer.took)


def told_over_tls(server: TlsEndpoint, asked: Question, context: SSLContext) -> Told:
    """The same over TLS."""
    upstream = Upstream(server, Manner(QueryForm(EDNS_SIZE), tls=context), lambda: None)
    start = monotonic()
    try:
        reply = upstream.ask(Request(asked), start + LIMIT_S)
    except OSError as error:
        return Told(None, error.strerror or str(error) or "no answer in time")
    finally:
        upstream.close()
    return Told(reply, took=monotonic() - start)


def leads_to_a_seamark(server: Endpoint) -> bool:
    """Whether it is one, or asks one: nobody else knows what its own name holds."""
    reply = told(server, question(HEALTH, Type.TXT)).reply
    return reply is not None and is_well(reply)
