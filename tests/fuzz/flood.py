"""Malformed packets for a real process: `python -m tests.fuzz.flood [--packets 1000000]`."""

import argparse
import contextlib
import random
import re
import socket
import struct
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import NamedTuple, Self

from tests.dnsproxy.packets import query_wire
from tests.dnsproxy.scripted import forwarder
from tests.fuzz.generate import Generator
from tests.fuzz.odd_packets import EDNS, PLAIN, REFUSED, UNANSWERED
from tests.upstream import one_port_for_both
from tests.waits import PATIENCE_S

# So few that the smallest receive buffer holds them; then a query that is answered at once.
_BURST = 64
_SYNC = query_wire("localhost", id=0)
_ODD = [packet for packet, _ in REFUSED.values()] + list(UNANSWERED.values())
# This share goes before: what a process needs for such traffic at all, it has then.
_WARM_UP = 5


class Flood(NamedTuple):
    """What came of it; memory in KiB before and after the traffic behind the warm-up."""

    packets: int
    tcp_packets: int
    seconds: float
    asked: int
    memory_before: int
    memory_after: int
    new_log: str


class Denier:
    """An upstream that denies every name, whatever the question is made of."""

    def __init__(self) -> None:
        self._udp, self._tcp = one_port_for_both()
        self.address = f"127.0.0.1:{self._udp.getsockname()[1]}"
        self.asked = 0
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *ignored: object) -> None:
        self._udp.sendto(b"", self._udp.getsockname())
        self._thread.join(PATIENCE_S)
        self._udp.close()
        self._tcp.close()

    def _serve(self) -> None:
        while True:
            packet, client = self._udp.recvfrom(65535)
            if not packet:
                return
            self.asked += 1
            self._udp.sendto(packet[:2] + b"\x81\x83" + packet[4:], client)


def packets(seed: int) -> Iterator[bytes]:
    """Random bytes, changed queries and odd packets in turns, without end."""
    chance = random.Random(seed)
    generator = Generator(seed)
    while True:
        yield chance.randbytes(chance.randrange(120))
        yield chance.choice(_ODD)
        # Not a reply, which would get silence without being read.
        noise = bytearray(chance.randbytes(chance.randrange(12, 120)))
        noise[2] &= 0x07
        yield bytes(noise)
        yield generator.changed(chance.choice((PLAIN, EDNS)))
        message = bytearray(generator.message())
        message[2:3] = b"\1"
        yield bytes(message)


def flood(count: int, seed: int) -> Flood:
    """Send so many over UDP and a fiftieth of them over TCP."""
    source = packets(seed)
    with Denier() as upstream, forwarder(upstream, consul=upstream.address) as proxy:
        _over_udp(proxy.port, source, count // _WARM_UP)
        _over_tcp(proxy.port, source, count // _WARM_UP // 50)
        before, log, start = memory(proxy.pid), proxy.log, time.monotonic()
        _over_udp(proxy.port, source, count)
        _over_tcp(proxy.port, source, count // 50)
        took = time.monotonic() - start
        after = memory(proxy.pid)
        assert proxy.alive
        return Flood(count, count // 50, took, upstream.asked, before, after, proxy.log[len(log) :])


def memory(pid: int) -> int:
    """Resident KiB of a process."""
    found = re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())
    assert found is not None
    return int(found[1])


@contextmanager
def _client(port: int) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(PATIENCE_S)
        client.connect(("127.0.0.1", port))
        yield client


def _over_udp(port: int, source: Iterator[bytes], count: int) -> None:
    with _client(port) as client:
        for number in range(0, count, _BURST):
            for _ in range(min(_BURST, count - number)):
                client.send(next(source))
            _wait_for_answer(port, number)


def _wait_for_answer(port: int, number: int) -> None:
    """A query from a port of its own, so that no other reply is taken for its."""
    with _client(port) as client:
        packet = struct.pack("!H", number & 0xFFFF) + _SYNC[2:]
        client.send(packet)
        reply = client.recv(512)
        assert packet[:2] == reply[:2]
        assert reply[3] & 0xF == 0


def _over_tcp(port: int, source: Iterator[bytes], count: int) -> None:
    for _ in range(0, count, 10):
        data = b"".join(struct.pack("!H", len(p)) + p for p in islice(source, 10))
        # A packet that gets silence ends the connection, with what we may still have to say.
        with (
            contextlib.suppress(ConnectionError),
            socket.create_connection(("127.0.0.1", port), PATIENCE_S) as client,
        ):
            client.sendall(data)
            client.shutdown(socket.SHUT_WR)
            while client.recv(65536):
                pass
    _wait_for_answer(port, count)


def main() -> int:
    """Print what came of it; exit code 1 if it grew or complained."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz.flood", description=__doc__)
    parser.add_argument("--packets", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    found = flood(given.packets, given.seed)
    print(found)
    return 1 if found.new_log or grew(found) else 0


def grew(found: Flood) -> bool:
    """Whether the process takes a tenth more than after the warm-up with the same traffic."""
    return found.memory_after > 1.1 * found.memory_before


if __name__ == "__main__":
    sys.exit(main())
