"""`python -m tests.coherence.asker HOST PORT RATE NAME...` asks without pause.

When it heard something is what the kernel says of the packet, so that nobody else's work delays it.
For each line on stdin, the number of a name, it writes what was heard of that name since the last
time: a list of rcode, addresses, when the last question was asked to which that was the answer, and
when that was heard, in seconds since the epoch. Not before a question has been answered that was
asked after the line came, as long as that takes on a busy host; _PATIENCE_S at most. At the end of
stdin it writes how many questions and replies there were.
"""

import json
import select
import socket
import struct
import sys
import threading
import time

from tests.lab.shell import pause
from tests.load.packets import query, read

_PACE_S = 0.002
_PATIENCE_S = 10.0
_RECEIVE = 65535
# asm-generic/socket.h; Python has no name for it. A timespec comes with each packet.
_SO_TIMESTAMPNS = 35
_TIMESPEC = struct.Struct("@qq")


class Asker:
    """Asks for each name in turn, ``rate`` questions a second in all."""

    def __init__(self, server: tuple[str, int], rate: float, names: list[str]) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
        self._socket.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
        self._socket.connect(server)
        self._bodies = [query(name)[2:] for name in names]
        # An id says which name was asked for, and is another each time: who asks the same again
        # under the same id gets one reply to both.
        self._rounds = 65536 // len(names)
        # By id, when.
        self._asked = [0.0] * 65536
        # Reply without its id -> when it was asked for last, and heard last.
        self._heard: list[dict[bytes, list[float]]] = [{} for _ in names]
        # By name, when the last question was asked that has been answered.
        self._answered = [0.0] * len(names)
        self._rate = rate
        self.ending = False
        self.sent = self.received = 0

    def take(self, number: int) -> list[tuple[int, list[str], float, float]]:
        """What was heard of a name since the last time, up to now."""
        now = time.time()
        while self._answered[number] < now and time.time() - now < _PATIENCE_S:
            pause(_PACE_S)
        heard, self._heard[number] = self._heard[number], {}
        return [_told(body, *times) for body, times in heard.items()]

    def run(self) -> None:
        """Until ``ending``."""
        start = time.monotonic()
        while not self.ending:
            due = int((time.monotonic() - start) * self._rate) - self.sent
            for _ in range(due):
                self._ask()
            self._listen(time.monotonic() + _PACE_S)
        self._listen(time.monotonic() + 1.0)

    def _ask(self) -> None:
        query_id = self.sent % (self._rounds * len(self._bodies))
        body = self._bodies[query_id % len(self._bodies)]
        self.sent += 1
        self._asked[query_id] = time.time()
        try:
            self._socket.send(struct.pack("!H", query_id) + body)
        except OSError:
            # Nobody listens there now; that is heard from nobody.
            return

    def _listen(self, until: float) -> None:
        while (left := until - time.monotonic()) > 0:
            if not select.select([self._socket], [], [], left)[0]:
                return
            try:
                packet, ancillary, *_ = self._socket.recvmsg(_RECEIVE, 64)
            except OSError:
                continue
            seconds, nanoseconds = _TIMESPEC.unpack(ancillary[0][2])
            now = seconds + nanoseconds / 1e9
            self.received += 1
            query_id = int.from_bytes(packet[:2], "big")
            asked = self._asked[query_id]
            number = query_id % len(self._bodies)
            times = self._heard[number].setdefault(packet[2:], [0.0, 0.0])
            times[:] = max(times[0], asked), max(times[1], now)
            self._answered[number] = max(self._answered[number], asked)


def _told(body: bytes, asked: float, heard: float) -> tuple[int, list[str], float, float]:
    answer = read(b"\0\0" + body)
    return answer.rcode, sorted(map(socket.inet_ntoa, answer.addresses)), asked, heard


def main() -> None:
    """See above."""
    host, port, rate, *names = sys.argv[1:]
    asker = Asker((host, int(port)), float(rate), names)
    thread = threading.Thread(target=asker.run)
    thread.start()
    for line in sys.stdin:
        print(json.dumps(asker.take(int(line))), flush=True)
    asker.ending = True
    thread.join()
    print(json.dumps([asker.sent, asker.received]), flush=True)


if __name__ == "__main__":
    main()
