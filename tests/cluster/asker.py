"""Questions by the clock, from within a container, to the name server that it was given.

`python3 asker.py RATE NAME...` asks for the addresses of the names in turn, RATE times a second,
and waits for no answer; it needs nothing but Python and `packets.py` beside it. Each question has a
line on stdout once it is answered, or PATIENCE_S later: when it was sent (by the clock that all
containers of a machine share), its name, the rcode (-1: no answer), 1 if the answer is marked as
stale, seconds until the answer, and the addresses.
"""

import contextlib
import select
import socket
import sys
import time
from pathlib import Path

# In the container it lies beside this file.
import packets  # type: ignore[import-not-found]

# What a stub resolver waits.
PATIENCE_S = 5.0


class Asker:
    """Questions on their way, by the id of their packet."""

    def __init__(self, server: str, rate: float, names: list[str]) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.connect((server, 53))
        self._socket.setblocking(False)  # noqa: FBT003  (the library's own signature)
        self._pause = 1 / rate
        self._names = names
        self._queries = [packets.query(name) for name in names]
        self._sent: dict[int, tuple[float, str]] = {}
        self._count = 0

    def run(self) -> None:
        """Until the process is ended."""
        due = time.monotonic()
        while True:
            if time.monotonic() >= due:
                self._ask()
                due += self._pause
            self._give_up()
            left = max(due - time.monotonic(), 0)
            if select.select([self._socket], [], [], left)[0]:
                self._hear()

    def _ask(self) -> None:
        which, query_id = self._count % len(self._names), self._count & 0xFFFF
        self._count += 1
        self._sent[query_id] = (time.monotonic(), self._names[which])
        # A closed port is told at the next call; the question itself stays without an answer.
        with contextlib.suppress(OSError):
            self._socket.send(packets.with_id(self._queries[which], query_id))

    def _hear(self) -> None:
        with contextlib.suppress(OSError):
            reply = self._socket.recv(4096)
            found = self._sent.pop(int.from_bytes(reply[:2], "big"), None)
            if found is None:
                return
            answer = packets.read(reply)
            words = sorted(socket.inet_ntoa(address) for address in answer.addresses)
            tell(*found, answer.rcode, int(answer.stale), *words)

    def _give_up(self) -> None:
        now = time.monotonic()
        while self._sent:
            query_id, (sent, name) = next(iter(self._sent.items()))
            if sent > now - PATIENCE_S:
                return
            del self._sent[query_id]
            tell(sent, name, -1, 0)


def tell(sent: float, name: str, rcode: int, stale: int, *words: str) -> None:
    """The line of a question."""
    print(f"{sent:.4f}", name, rcode, stale, f"{time.monotonic() - sent:.4f}", *words, flush=True)


def main() -> None:
    """Ask the first name server of resolv.conf, as a C library does."""
    lines = Path("/etc/resolv.conf").read_text().splitlines()
    server = next(line.split()[1] for line in lines if line.startswith("nameserver"))
    Asker(server, float(sys.argv[1]), sys.argv[2:]).run()


if __name__ == "__main__":
    main()
