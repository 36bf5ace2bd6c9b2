"""The zones that a catalog in this process answers: its domains, and the reverse names it knows."""

import time

from dnsproxy.core.consul import Delegated, as_delegated, pointed, without_empty_names
from dnsproxy.core.embedded import EmbeddedDns
from dnsproxy.core.exchange import Source
from dnsproxy.core.leases import Leases
from dnsproxy.core.names import Name, to_text
from dnsproxy.core.records import Reply
from dnsproxy.core.request import Request
from dnsproxy.core.reverse import address_of
from dnsproxy.core.wire import Question
from dnsproxy.forwarding import Found


class EmbeddedZone:
    """Names below the canonical ``suffix``, one of the catalog's domains.

    ``empty_names`` and ``delegated`` as :class:`~dnsproxy.consul.ConsulOptions` has them.
    ``leases`` say for how long the same may be said again; they hear of changes.
    """

    def __init__(
        self,
        suffix: Name,
        dns: EmbeddedDns,
        leases: Leases,
        *,
        delegated: Delegated,
        empty_names: bool = False,
    ) -> None:
        self.name = to_text(suffix)
        self.completes = False
        self._suffix = suffix
        self._dns = dns
        self._leases = leases
        self._delegated = delegated
        self._empty_names = empty_names

    def recall(self, request: Request) -> Found:
        """The answer; never waits."""
        reply = self._answer(request.question)
        lease = None
        if not self._dns.is_a_choice(reply):
            lease = self._leases.of(request.key, time.monotonic())
        return Found(reply, Source.EMBEDDED, self.name, lease=lease)

    def last(self, request: Request) -> Found:
        """The same."""
        return self.recall(request)

    def ask(self, request: Request, deadline: float) -> Found:
        """The same."""
        return self.recall(request)

    def _answer(self, question: Question) -> Reply:
        reply = self._dns.answer(question, time.time())
        if self._empty_names:
            labels = question.key[: len(question.key) - len(self._suffix)]
            reply = without_empty_names(reply, labels)
        return as_delegated(reply, question.key, self._delegated)


class EmbeddedReverse:
    """Reverse names of what is in the catalog; for all others somebody else is asked."""

    def __init__(self, dns: EmbeddedDns) -> None:
        self._dns = dns

    def recall(self, request: Request) -> Found | None:
        """The pointer, if there is one; to a question of another type that there is nothing."""
        address = address_of(request.question.key)
        reply = self._dns.pointer(request.question, address) if address is not None else None
        if reply is None:
            return None
        reply = pointed(reply, request.question.qtype)
        return Found(reply, Source.EMBEDDED, self._dns.name)

    def last(self, request: Request) -> Found | None:
        """The same."""
        return self.recall(request)

    def ask(self, request: Request, deadline: float) -> Found | None:
        """The same."""
        return self.recall(request)
