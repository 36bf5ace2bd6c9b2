"""A differential run: the questions of a seed to a server itself, then to the proxy before it."""

import time
from collections.abc import Callable, Sequence
from dataclasses import replace

from tests.e2e.differential.comparing import Exchange
from tests.e2e.differential.exchanging import ask_all
from tests.e2e.differential.improvements import AGED, Improvement, Verdict
from tests.e2e.differential.questions import SEED, Question
from tests.e2e.differential.wire import Message, NotDns, read
from tests.waits import pause

# Between the first time that a question is asked and the second: a remembered TTL shows it.
_AGE_S = 1.1


class Differential:
    """The questions, and what the server at ``address`` says to them: over TCP, where all fits.

    ``comparable`` takes out of an answer what is never twice the same; ``needless`` are
    improvements that are no difference to this server.
    """

    def __init__(
        self,
        seed: int,
        questions: Sequence[Question],
        address: str,
        table: Sequence[Improvement],
        *,
        comparable: Callable[[Message], Message] = lambda message: message,
        needless: frozenset[str] = frozenset(),
    ) -> None:
        self._seed = seed
        self._questions = questions
        self._table = table
        self._comparable = comparable
        self._needless = needless
        host, _, port = address.partition(":")
        over_tcp = [replace(question, tcp=True) for question in questions]
        self._direct = [comparable(read(packet)) for packet in ask_all(host, int(port), over_tcp)]

    def run(self, port: int, *, remember: bool) -> None:
        """Ask the proxy all of it, twice if it remembers. Raises AssertionError with the report."""
        start = time.monotonic()
        verdict = Verdict()
        for again in range(2 if remember else 1):
            pause(_AGE_S * again)
            packets = ask_all("127.0.0.1", port, self._questions)
            age_s = time.monotonic() - start + 1 if remember else 0
            self._judge(verdict, packets, age_s, fold=remember)
        took = time.monotonic() - start
        how = f"{len(self._questions)} questions, {SEED}={self._seed}, {took:.1f} s"
        print(f"{how}; improvements: {dict(verdict.hits)}")
        assert not verdict.wrong, (
            f"{how}: {len(verdict.wrong)} answers differ, the first of them:\n\n"
            + "\n\n".join(verdict.wrong[:10])
        )
        never = verdict.never_hit(self._table) - self._needless
        never |= {AGED} if remember and not verdict.hits[AGED] else set()
        assert not never, f"{how}: no question was answered better by: {', '.join(sorted(never))}"

    def _judge(
        self, verdict: Verdict, packets: Sequence[bytes], age_s: float, *, fold: bool
    ) -> None:
        for question, direct, packet in zip(self._questions, self._direct, packets, strict=True):
            try:
                ours = self._comparable(read(packet))
            except NotDns as error:
                verdict.wrong.append(f"{question}: no message: {error}\n    {packet.hex()}")
                continue
            verdict.judge(Exchange(question, direct, ours), self._table, age_s=age_s, fold=fold)
