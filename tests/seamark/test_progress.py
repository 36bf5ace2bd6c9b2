"""What takes long says how far it is: at a terminal in a line that goes, in a log in few lines."""

import io
import re
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from signal import Signals

import pytest

from seamark.bottom import Line
from seamark.progress import Counted, bar
from tests.commands import Running
from tests.scale.agent import FakeAgent
from tests.scale.engine import FakeEngine
from tests.scale.recorded import made_of
from tests.terminal import at_terminal
from tests.waits import PATIENCE_S, Waits, pause

HOST = "n1"
COUNT = 200
BAR = re.compile(rf"looking at containers: (\d+) of {COUNT} \[#*\.*\]\r")
ERASED = "\r\x1b[K"


@pytest.fixture
def fake() -> Iterator[FakeEngine]:
    """One that is slow to tell of its containers: all of them take it some seconds."""
    with FakeEngine(HOST) as running:
        running.start(made_of(COUNT, ["user"]), quiet=True)
        running.fail(inspect_delay_s=0.015)
        yield running


@pytest.mark.parametrize("terminals", [(), ("stderr",)])
def test_a_plan_of_many_containers_has_a_bar_at_a_terminal(fake, terminals):
    """It goes forward, and nothing of it stays; stdout has none of it either way."""
    seen = at_terminal("seamark", "plan", "--docker", fake.url, terminals=terminals)
    assert 0 == seen.code
    told = [int(number) for number in BAR.findall(seen.stderr)]
    assert bool(terminals) == (len(told) > 2)
    assert sorted(told) == told
    if terminals:
        assert seen.stderr.rstrip("\r").rpartition(ERASED)[2].startswith("no registry was named")
    assert f"{COUNT} to register, " in seen.stdout
    assert "looking at" not in seen.stdout
    assert terminals or "\x1b" not in seen.stderr


def test_a_dumb_terminal_gets_no_bar(fake):
    """It could not erase it."""
    seen = at_terminal("seamark", "plan", "--docker", fake.url, TERM="dumb")
    assert "looking at" not in seen.stderr


def test_the_registrars_first_sync_is_a_bar_below_the_log(fake):
    """That is gone when all were looked at; a last line of the log says so.

    A line of the log in between (SIGUSR1 asks for one) stands where the bar was.
    """
    fake.fail(inspect_delay_s=0.05)
    with FakeAgent(HOST) as agent:
        flags = ["--docker", fake.url, "--node", HOST, "--http", "off"]
        uri = f"consul://{agent.http_address}"
        end = f"looked at {COUNT} containers in "
        signals = {"looking at": Signals.SIGUSR1, end: Signals.SIGTERM}
        seen = at_terminal("registrar", *flags, uri, signals=signals)
        assert COUNT == agent.writes
    assert 0 == seen.code
    assert len(BAR.findall(seen.stderr)) > 2
    assert re.search(re.escape(f"\r{ERASED}") + r"[0-9:]{8} INFO +seamark +size: ", seen.stderr)
    after = seen.stderr.partition(end)[2]
    assert not BAR.search(after)
    assert f"of {COUNT} containers" not in seen.stderr


def test_the_registrars_first_sync_is_a_line_every_two_seconds_in_a_log(
    fake: FakeEngine, waits: Waits
):
    """And nothing that steers a terminal."""
    fake.fail(inspect_delay_s=0.1)
    flags = ["--docker", fake.url, "--node", HOST, "--http", "off"]
    with FakeAgent(HOST) as agent:
        with Running("registrar", *flags, f"consul://{agent.http_address}") as running:
            end = f"looked at {COUNT} containers in "
            waits.until("all", lambda: end in running.log, PATIENCE_S)
            log = running.log
            fake.fail()
            fake.start(made_of(2, ["user"], first=COUNT))
            waits.until("more", lambda: COUNT + 2 == agent.writes, PATIENCE_S)
        found = re.findall(rf"looked at (\d+) of {COUNT} containers", log)
        assert found
        # Two seconds a line, of a time that is told.
        assert len(found) <= int(log.partition(end)[2].split()[0]) / 2 + 1
        assert sorted(map(int, found)) == list(map(int, found))
        assert log.count("looked at") == running.log_at_end.count("looked at")
        assert "\x1b" not in log


def test_what_is_quick_says_nothing(fake: FakeEngine, waits: Waits):
    """As on most hosts."""
    fake.fail()
    fake.end(list(fake.running.values())[5:])
    flags = ["--docker", fake.url, "--node", HOST, "--http", "off"]
    with FakeAgent(HOST) as agent:
        with Running("registrar", *flags, f"consul://{agent.http_address}") as running:
            waits.until("all", lambda: 5 == agent.writes, PATIENCE_S)
            pause(0.3)
        assert "looked at" not in running.log_at_end


@contextmanager
def slow_status_side(seconds: float) -> Iterator[str]:
    """An embedded catalog without services, that takes its time; its address."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            client, _ = server.accept()
            with client:
                client.recv(4096)
                pause(seconds)
                body = b'{"services": []}'
                client.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)

        thread = threading.Thread(target=answer)
        thread.start()
        yield f"127.0.0.1:{server.getsockname()[1]}"
        thread.join(PATIENCE_S)


@pytest.mark.parametrize("terminals", [("stderr",), ("stdout",)])
def test_an_export_that_takes_long_says_whom_it_asks(terminals):
    """At a terminal; the line is gone when there is an answer."""
    with slow_status_side(2.0) as address:
        seen = at_terminal("seamark", "export", "--http", address, terminals=terminals)
    assert 0 == seen.code
    words = f"asking http://{address} for its services"
    assert ("stderr" in terminals) == (words in seen.stderr)
    assert seen.stderr.rpartition(ERASED)[2] == "0 services written\n"


class Terminal(io.StringIO):
    """As much of one as is asked for."""

    def isatty(self) -> bool:
        """It is."""
        return True


def test_a_line_of_the_log_stands_above_the_one_at_the_bottom():
    """Which is erased for it, and comes back."""
    terminal = Terminal()
    line = Line(terminal, {})
    line.show("x")
    with line.aside():
        terminal.write("12:00 said\n")
    line.erase()
    line.erase()
    assert f"{ERASED}x\r{ERASED}12:00 said\n{ERASED}x\r{ERASED}" == terminal.getvalue()


def test_it_is_no_wider_than_the_terminal():
    """One that broke into a second line could not be erased."""
    terminal = Terminal()
    Line(terminal, {}).show("x" * 200)
    assert 79 == terminal.getvalue().count("x")


def test_nothing_is_told_of_the_first_second():
    """And then ten times a second at most."""
    terminal = Terminal()
    now = 0.0
    counted = Counted("looking", Line(terminal, {}), lambda: now)
    for _ in range(30):
        counted.tell(int(now * 10), 30)
        now += 0.05
    assert 5 == terminal.getvalue().count("looking")


@pytest.mark.parametrize(("done", "total"), [(0, 0), (0, 7), (3, 7), (7, 7), (9, 7)])
def test_a_bar_has_always_the_same_length(done, total):
    """Also of nothing, and of more than there was to be."""
    assert 32 == len(bar(done, total))
    assert ("." not in bar(done, total)) == (total > 0 and done >= total)
