"""R16: who holds TCP connections takes nothing from those who ask over UDP."""

import socket
import statistics
import time

from bench.figures import quantile
from bench.measuring import resident_mib
from tests.dnsproxy.scripted import forwarder
from tests.load.packets import query, with_id
from tests.load.slow import SlowProcess
from tests.load.upstream import RawUpstream
from tests.waits import PATIENCE_S, Waits, pause

SLOW = 1000
_ROUNDS = 4
_ASKED = 250
_EVERY_S = 0.002
# Who works a little waits for its turn on a full machine, who rests does not: that is not meant
# here. Only root may ask for it; others are warned, and served as everybody.
_FIRST = ("nice", "-n", "-15")


def test_r16_a_thousand_slow_tcp_clients_do_not_delay_a_udp_answer(waits: Waits):
    """Half a prefix, a byte a second, answers that are never read; here and elsewhere, in turns.

    Elsewhere is another proxy: what they cost the machine is in both figures.
    What they hold is bounded too: connections have their places, and answers that nobody reads are
    not made.
    """
    without: list[list[float]] = []
    with_them: list[list[float]] = []
    with (
        RawUpstream() as upstream,
        forwarder(upstream, flags=["--remember"], prefix=_FIRST) as proxy,
        forwarder(upstream, flags=["--remember"], prefix=_FIRST) as other,
    ):
        udp_times(proxy.port)
        begin_mib = resident_mib(proxy.pid)
        for _ in range(_ROUNDS):
            for held, times in ((other, without), (proxy, with_them)):
                with SlowProcess(held.port, SLOW) as slow:
                    waits.until("they are there", lambda: slow.connected > 0.9 * SLOW, PATIENCE_S)
                    waits.until(
                        "some were thrown out", lambda: slow.thrown > SLOW // 10, PATIENCE_S
                    )
                    times.append(udp_times(proxy.port))
        end_mib = resident_mib(proxy.pid)
    typical = [statistics.median(map(statistics.median, each)) for each in (without, with_them)]
    rare = [statistics.median(quantile(one, 0.99) for one in each) for each in (without, with_them)]
    print(f"medians {typical}, p99 {rare}, {begin_mib:.1f} -> {end_mib:.1f} MiB")
    assert typical[1] < 3 * typical[0]
    # A turn of the loop that takes in forty connections is a matter of milliseconds.
    assert rare[1] < 20 * rare[0] + 100 * typical[0]
    assert end_mib < 2 * begin_mib


def udp_times(port: int) -> list[float]:
    """Seconds of each answer, one question after the other; one that never comes is a fault."""
    packet = query("www.example")
    times = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(PATIENCE_S)
        client.connect(("127.0.0.1", port))
        for number in range(_ASKED):
            begin = time.monotonic()
            client.send(with_id(packet, number))
            assert number == int.from_bytes(client.recv(4096)[:2], "big")
            times.append(time.monotonic() - begin)
            pause(_EVERY_S)
    return times
