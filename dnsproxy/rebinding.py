"""Keeps addresses of this network out of answers from outside, and says so."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from time import monotonic

from dnsproxy.core.names import Name, to_text
from dnsproxy.core.rebind import guarded
from dnsproxy.core.records import Reply
from dnsproxy.core.wire import Question

log = logging.getLogger("dnsproxy")

# One warning a name, and not more than so many names in a while: names from outside are without
# number.
_NAMES_MAX = 10
_QUIET_S = 60.0


@dataclass(slots=True)
class RebindGuard:
    """``allowed`` are canonical names that may have such addresses, with those below them."""

    allowed: Sequence[Name] = ()
    _told: set[Name] = field(default_factory=set)
    _again: float = 0.0

    def guarded(self, question: Question, reply: Reply) -> Reply:
        """The reply without them, see :func:`~dnsproxy.core.rebind.guarded`."""
        found = guarded(question.key, reply, self.allowed)
        if found is not reply:
            self._tell(question)
        return found

    def _tell(self, question: Question) -> None:
        now = monotonic()
        if now > self._again:
            self._told.clear()
            self._again = now + _QUIET_S
        if question.key in self._told or len(self._told) >= _NAMES_MAX:
            return
        self._told.add(question.key)
        log.warning(
            "%s lies outside and has an address of this network, which is not told; if it may "
            "have one, name it in dns.rebind_allowed",
            to_text(question.name),
        )
