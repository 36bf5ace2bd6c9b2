"""What works in a thread of its own for as long as it is entered."""

import threading
from types import TracebackType
from typing import Self


class Threaded:
    """A context manager: ``run`` works until ``ending`` is set, then ``close`` tidies up."""

    # Seconds that the last round of work may take.
    join_s = 5.0

    def __init__(self) -> None:
        self.ending = threading.Event()
        self._thread = threading.Thread(target=self.run, daemon=True)

    def run(self) -> None:
        """The work."""
        raise NotImplementedError

    def close(self) -> None:
        """After the thread's end."""

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.ending.set()
        self._thread.join(self.join_s)
        self.close()
