"""Questions that failed a moment ago, and are not asked again yet (RFC 9520).

They lie on a shelf of their own: neither do they push out what is remembered, nor is anything that
is remembered looked for behind them.
"""

from collections.abc import Callable

from dnsproxy.core.doubt import AGAIN_S, Word
from dnsproxy.core.edns import ExtendedError, InfoCode
from dnsproxy.core.mnemonics import rcode_text
from dnsproxy.core.records import Reply
from dnsproxy.core.request import Key
from dnsproxy.core.shelf import Shelf
from dnsproxy.core.values import value
from dnsproxy.core.wire import Rcode

# RFC 9520 3.2: at least 1 s, more the more often it fails, never more than 5 minutes. 5 s is what
# somebody waits who has just mended his server.
HOLD_S, HOLD_MAX_S = 1.0, 5.0
ENTRIES_MAX = 10_000
# After so much quiet a failure is a first one again.
_FORGOTTEN_S = 30.0
# Errors beyond this live in an OPT, which is between us and the upstream (RFC 6891 6.1.3).
_RCODE_IN_HEADER = 15
# What was doubted in one outage says nothing in the next.
_WORD_S = 10.0


@value
class Failure:
    """Why there is no answer; ``reply`` and ``server`` if somebody said so (SERVFAIL, REFUSED).

    ``doubted`` is what somebody said who has to say it again, see :mod:`dnsproxy.core.doubt`.
    """

    reason: str
    reply: Reply | None = None
    server: str = ""
    doubted: Word | None = None


def refusal(reply: Reply, server: str) -> Failure:
    """An error that was said, without what stood beside it."""
    rcode = reply.rcode if reply.rcode <= _RCODE_IN_HEADER else int(Rcode.SERVFAIL)
    reason = f"{server} said {rcode_text(reply.rcode)}"
    why = ExtendedError(InfoCode.NO_REACHABLE_AUTHORITY, reason)
    return Failure(reason, Reply(rcode, why=(why,)), server)


@value
class _Failed:
    failure: Failure
    hold_s: float
    expires: float
    asked: float
    size: int = 1

    def end(self) -> None:
        """Nothing hangs on it."""


class Failures:
    """By zone and request. Times are monotonic seconds, given by the caller."""

    def __init__(self, max_entries: int = ENTRIES_MAX) -> None:
        self.shelf: Shelf[tuple[str, Key], _Failed] = Shelf(max_entries, max_entries)

    def recall(
        self, zone: str, key: Key, now: float, since: Callable[[], float] | None = None
    ) -> Failure | None:
        """The failure for which the question is not to be asked again now.

        ``since`` tells of a moment: what was asked before counts no more. Called if there is any.
        """
        failed = self.shelf.entries.get((zone, key))
        if failed is None or now >= failed.expires:
            return None
        return failed.failure if since is None or failed.asked >= since() else None

    def doubted(self, zone: str, key: Key, now: float) -> Word | None:
        """The last word, if it is one that was doubted not long ago; held back or not."""
        failed = self.shelf.entries.get((zone, key))
        if failed is None or now > failed.expires + _WORD_S:
            return None
        return failed.failure.doubted

    def doubt(self, zone: str, key: Key, word: Word, now: float, asked: float) -> Failure:
        """Hold the question back until it is time for the same word once more."""
        failure = Failure("not what it was, right after an outage", doubted=word)
        self._add((zone, key), _Failed(failure, AGAIN_S, now + AGAIN_S, asked), now)
        return failure

    def keep(
        self,
        zone: str,
        key: Key,
        failure: Failure,
        now: float,
        hold_max_s: float = HOLD_MAX_S,
        asked: float | None = None,
    ) -> None:
        """Hold the question back: twice as long as the time before, up to ``hold_max_s``.

        ``asked`` is when it was sent, if not just now.
        """
        before = self.shelf.entries.get((zone, key))
        hold_s = HOLD_S
        if before is not None and now < before.expires + _FORGOTTEN_S:
            hold_s = min(2 * before.hold_s, hold_max_s)
        asked = now if asked is None else asked
        self._add((zone, key), _Failed(failure, hold_s, now + hold_s, asked), now)

    def forget(self, zone: str, key: Key) -> None:
        """It was answered."""
        self.shelf.drop((zone, key))

    def _add(self, key: tuple[str, Key], failed: _Failed, now: float) -> None:
        """Keep it, and give up those that mean nothing any more: the oldest stand in front."""
        self.shelf.add(key, failed, now)
        entries = self.shelf.entries
        while next(iter(entries.values())).expires + _FORGOTTEN_S < now:
            self.shelf.drop(next(iter(entries)))
