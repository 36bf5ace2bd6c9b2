"""What a relay was told to do to the traffic, and the moments at which its threads ask for it."""

import enum
import threading
from dataclasses import dataclass


class Torn(enum.Enum):
    """How a stream ends in the middle of a document."""

    CUT = "cut"  # the connection closes inside a chunk
    QUIET = "quiet"  # the chunk and the stream are ended as if they were complete
    HELD = "held"  # the second half does not come until the relay is told to go on


@dataclass(slots=True)
class Answer:
    """Requests of ``method`` below ``path`` are answered here: ``left`` of them, None for all."""

    status: int
    body: str
    left: int | None
    method: str
    path: str


class Orders:
    """The orders in force. Every method may be called from any thread."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._stalled: str | None = None
        self._delay_s = 0.0
        self._answer: Answer | None = None
        self._swallow = 0
        self._torn: Torn | None = None
        # How often an order was carried out, by its name: a test shows that its fault took place.
        self.done: dict[str, int] = {}

    def give(
        self,
        *,
        stalled: str | None = None,
        delay_s: float = 0.0,
        answer: Answer | None = None,
        swallow: int = 0,
        torn: Torn | None = None,
    ) -> None:
        """Put these orders in the place of all that were given before."""
        with self._changed:
            self._stalled = stalled
            self._delay_s = delay_s
            self._answer = answer
            self._swallow = swallow
            self._torn = torn
            self._changed.notify_all()

    def wake(self) -> None:
        """Let those who wait look whether their connection was closed."""
        with self._changed:
            self._changed.notify_all()

    def pass_gate(self, path: str, closed: threading.Event) -> None:
        """Wait as long as traffic for ``path`` is stalled, then as long as the delay says."""
        with self._changed:
            if self._stalled is not None and path.startswith(self._stalled):
                self._note("stalled")
            self._changed.wait_for(
                lambda: (
                    closed.is_set() or self._stalled is None or not path.startswith(self._stalled)
                )
            )
            delay_s = self._delay_s
        if delay_s:
            closed.wait(delay_s)

    def answer_for(self, method: str, path: str) -> Answer | None:
        """The answer to give in the server's place; counts it off."""
        with self._changed:
            found = self._answer
            if found is None or found.method not in {"", method}:
                return None
            if found.left == 0 or not path.startswith(found.path):
                return None
            if found.left is not None:
                found.left -= 1
            self._note("answered")
            return found

    def swallow(self, method: str) -> bool:
        """Whether the response to this request is to be lost; counts it off."""
        with self._changed:
            if method != "PUT" or not self._swallow:
                return False
            self._swallow -= 1
            self._note("swallowed")
            return True

    def take_torn(self) -> Torn | None:
        """How the document that is just passing is to be torn; only one is."""
        with self._changed:
            torn, self._torn = self._torn, None
            if torn is not None:
                self._note("torn")
            if torn is Torn.HELD:
                self._stalled = ""
            return torn

    def count(self, what: str) -> int:
        """How often an order was carried out."""
        with self._changed:
            return self.done.get(what, 0)

    def _note(self, what: str) -> None:
        self.done[what] = self.done.get(what, 0) + 1
