"""The end of a process that still has something to do."""

import signal
import socket
from pathlib import Path

from tests.dnsproxy.packets import query_wire
from tests.seamark.written import held, root, started
from tests.upstream import ScriptedUpstream
from tests.waits import PATIENCE_S, Waits


def test_queries_in_flight_are_answered_before_the_end(tmp_path: Path, waits: Waits):
    """SIGTERM takes no more; what waits has its time."""
    late: list[bool] = []
    with (
        held(late) as one,
        started(tmp_path / "s.toml", root(one)) as written,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client,
    ):
        client.settimeout(PATIENCE_S)
        client.connect(("127.0.0.1", written.proxy.port))
        client.send(query_wire("www.example"))
        waits.until("it is asked", lambda: one.queries, PATIENCE_S)
        written.proxy.send(signal.SIGTERM)
        waits.until("it ends", lambda: "ending" in written.proxy.log, PATIENCE_S)
        late.append(True)
        assert b"\xc0\x00\x02\x01" == client.recv(4096)[-4:]


def test_a_second_signal_ends_at_once(tmp_path: Path, waits: Waits):
    """Whatever is still in flight."""
    with (
        ScriptedUpstream(lambda query: []) as one,
        started(tmp_path / "s.toml", root(one)) as it,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client,
    ):
        client.sendto(query_wire("www.example"), ("127.0.0.1", it.proxy.port))
        waits.until("it is asked", lambda: one.queries, PATIENCE_S)
        it.proxy.send(signal.SIGTERM)
        waits.until("it ends", lambda: "ending" in it.proxy.log, PATIENCE_S)
        it.proxy.send(signal.SIGINT)
        waits.until("it has ended", lambda: not it.proxy.alive, PATIENCE_S)
        assert "ending at once" in it.proxy.log
