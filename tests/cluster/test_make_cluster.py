"""`make cluster`, as a person uses it."""

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.cluster.host import RUN_DIR
from tests.commands import ROOT
from tests.waits import PATIENCE_S, Waits

# Another run of it, or a test, may have to end first.
pytestmark = [pytest.mark.lab, pytest.mark.timeout(900)]
_STOP_S = 60


@contextmanager
def running() -> Iterator[list[str]]:
    """It, up; the commands that it says to try. Then Ctrl-C."""
    process = subprocess.Popen(
        ["make", "--silent", "cluster"],
        cwd=ROOT,
        env={key: value for key, value in os.environ.items() if not key.startswith("MAKE")},
        stdout=subprocess.PIPE,
        start_new_session=True,
        text=True,
    )
    assert process.stdout is not None
    offered = []
    try:
        for line in process.stdout:
            print(line, end="")
            if line.startswith("  "):
                offered.append(line.strip())
            if "+short" in line:
                break
        yield offered
    finally:
        os.killpg(process.pid, signal.SIGINT)
        said, _ = process.communicate(timeout=_STOP_S)
        print(said)
    assert "the cluster is gone" in said


def said_to(command: str) -> str:
    """What a command prints, in a shell of somebody who has read it there."""
    done = subprocess.run(
        ["sh", "-c", command], capture_output=True, check=False, text=True, timeout=PATIENCE_S
    )
    return done.stdout


def test_it_opens_a_door_to_each_host_and_leaves_nothing(waits: Waits) -> None:
    """Each line that it says to try works."""
    with running() as offered:
        start, srv, curl, kill, ask = offered
        said_to(start)
        waits.until("svc4", lambda: " 8084 node3.node.dc1.consul." in said_to(srv))
        waits.until("curl", lambda: "Hi! I'm [svc4] service" in said_to(curl), PATIENCE_S)
        assert "node3\n" == said_to(f"{RUN_DIR}/bin/node3 hostname")
        said_to(kill)
        waits.until("svc4 gone", lambda: not said_to(ask))
    assert [] == [path for path in RUN_DIR.iterdir() if path.suffix != ".lock"]
    namespaces = subprocess.run(["ip", "netns", "list"], capture_output=True, check=True, text=True)
    assert "seamark-node" not in namespaces.stdout
