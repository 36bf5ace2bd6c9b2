"""The status side is what its OpenAPI document says: schemathesis asks a real process."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from seamark.status.openapi import document
from tests.asking import ask
from tests.commands import ROOT, Running
from tests.lab.consul import free_ports
from tests.seamark.containers import HIDDEN, ODD, SVC4
from tests.small_engine import running, small_engine
from tests.waits import Waits

FILE = ROOT / "docs/reference/openapi.json"
EXAMPLES = 25


@pytest.fixture
def http(tmp_path: Path, waits: Waits) -> Iterator[int]:
    """The port of a process that has everything: containers, services, zones and queries."""
    (port,) = free_ports(1)
    with ExitStack() as stack:
        answers = running(SVC4, HIDDEN, ODD)
        engine = stack.enter_context(small_engine(tmp_path / "e.sock", answers))
        flags = ["--listen", "127.0.0.1:0", "--http", f"127.0.0.1:{port}", "--upstream"]
        flags += [
            "127.0.0.1:9",
            "--services",
            "conf/services.json",
            "--docker",
            f"unix://{engine.path}",
        ]
        proxy = stack.enter_context(Running("seamark", "up", *flags))
        for name in ("svc1.service.consul", "nothing.service.consul", "www.example"):
            ask(proxy.port, name)
        waits.until("the registrar has compared", lambda: "svc4" in got(port, "/api/containers"))
        yield port


def got(port: int, path: str) -> str:
    """What the status side says."""
    done = subprocess.run(
        ["curl", "-s", f"http://127.0.0.1:{port}{path}"], capture_output=True, check=True, text=True
    )
    return done.stdout


def test_the_file_of_the_docs_is_what_the_code_says():
    """Written by `python -m seamark.status.openapi > docs/reference/openapi.json`."""
    assert document() == json.loads(FILE.read_text())


def test_the_process_serves_it(http):
    """The same everywhere."""
    assert document() == json.loads(got(http, "/api/openapi.json"))


def test_schemathesis_finds_nothing(http, tmp_path):
    """All its checks, with good parameters and with bad ones."""
    command = [sys.executable, "-m", "schemathesis.cli", "run", str(FILE), "--no-color"]
    command += ["--url", f"http://127.0.0.1:{http}", "--checks", "all"]
    command += ["--max-examples", str(EXAMPLES), "--suppress-health-check", "all"]
    done = subprocess.run(
        command,
        capture_output=True,
        check=False,
        cwd=tmp_path,
        env=dict(os.environ),
        text=True,
        timeout=100,
    )
    assert 0 == done.returncode, done.stdout[-5000:] + done.stderr[-2000:]
    count = len(document()["paths"])
    assert f"{count} selected / {count} total" in done.stdout
    assert "No issues found" in done.stdout
