"""Clients beside the steady stream: who pipelines over TCP, and who sends what is no query."""

import contextlib
import itertools
import random
import socket
import time
from collections.abc import Callable, Iterator

from tests.load.packets import with_id
from tests.load.stream import Came, Outcome, Question, judge
from tests.load.threaded import Threaded
from tests.soak.dns.questions import garbage

_PIPELINED = 12
_BATCHES = 5
_BATCH_EVERY_S = 0.4
_GARBAGE_EVERY_S = 0.05


class Worker(Threaded):
    """Does its work again and again until the end; a context manager."""

    join_s = 30.0

    def __init__(self, work: Callable[[], object], every_s: float) -> None:
        super().__init__()
        self._work = work
        self._every_s = every_s

    def run(self) -> None:
        """The rounds."""
        while not self.ending.wait(self._every_s):
            self._work()


class Pipelining:
    """Asks many questions at once on one connection, some times, then takes another.

    What is not answered when the server closes, or in ``patience_s``, is lost. ``phase`` as for
    the open loop.
    """

    def __init__(
        self,
        port: int,
        questions: Iterator[Question],
        keep: Callable[[Outcome], None],
        patience_s: float,
    ) -> None:
        self._port = port
        self._questions = questions
        self._keep = keep
        self._patience_s = patience_s
        self._connection: socket.socket | None = None
        self._batch = 0
        self.phase = ""

    def ask(self) -> None:
        """One batch."""
        if self._connection is None:
            self._connection = socket.create_connection(("127.0.0.1", self._port), 60)
        batch = dict(enumerate(itertools.islice(self._questions, _PIPELINED)))
        begin, phase = time.monotonic(), self.phase
        try:
            self._connection.sendall(
                b"".join(
                    len(one.packet).to_bytes(2, "big") + with_id(one.packet, number)
                    for number, one in batch.items()
                )
            )
            self._read(batch, begin, phase)
        except OSError as error:
            self._leave(batch, begin, phase, str(error))
            return
        self._batch += 1
        if self._batch % _BATCHES == 0:
            self._leave({}, begin, phase, "")

    def _read(self, batch: dict[int, Question], begin: float, phase: str) -> None:
        assert self._connection is not None
        self._connection.settimeout(self._patience_s)
        with self._connection.makefile("rb") as reader:
            while batch:
                size = reader.read(2)
                if len(size) < 2:
                    raise ConnectionError("closed before all was answered")
                packet = reader.read(int.from_bytes(size, "big"))
                question = batch.pop(int.from_bytes(packet[:2], "big"))
                came, words = judge(question, packet)
                took = time.monotonic() - begin
                self._keep(Outcome(begin, phase, question.kind, came, took, words))

    def _leave(self, batch: dict[int, Question], begin: float, phase: str, why: str) -> None:
        for question in batch.values():
            took = time.monotonic() - begin
            self._keep(Outcome(begin, phase, question.kind, Came.LOST, took, f"TCP: {why}"))
        self.close()

    def close(self) -> None:
        """Until the next batch."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None


@contextlib.contextmanager
def pipelining(client: Pipelining) -> Iterator[None]:
    """It asks until the end."""
    with contextlib.closing(client), Worker(client.ask, _BATCH_EVERY_S):
        yield


@contextlib.contextmanager
def sending_garbage(port: int, rng: random.Random) -> Iterator[None]:
    """Twenty packets a second that are no queries; nobody reads what is answered."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:

        def send() -> None:
            sock.sendto(garbage(rng), ("127.0.0.1", port))

        with Worker(send, _GARBAGE_EVERY_S):
            yield
