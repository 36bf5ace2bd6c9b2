"""A part of the real process that ends though nobody ended it."""

import ctypes
import json
import os
import socket
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.commands import Running
from tests.seamark.test_life import HERE, heard
from tests.seamark.test_reload import free_port
from tests.waits import PATIENCE_S, Waits

_PIDFD_GETFD = 438


@contextmanager
def listening_socket(pid: int, port: int) -> Iterator[socket.socket]:
    """The TCP socket on which a process listens: not a copy, the same one (pidfd_getfd(2))."""
    libc = ctypes.CDLL(None, use_errno=True)
    process = os.pidfd_open(pid)
    try:
        for entry in Path(f"/proc/{pid}/fd").iterdir():
            if not str(entry.readlink()).startswith("socket:"):
                continue
            fd = libc.syscall(_PIDFD_GETFD, process, int(entry.name), 0)
            assert fd >= 0, os.strerror(ctypes.get_errno())
            with closing(socket.socket(fileno=fd)) as sock:
                listens = sock.family == socket.AF_INET and sock.type == socket.SOCK_STREAM
                if listens and sock.getsockname()[1] == port:
                    yield sock
                    return
    finally:
        os.close(process)
    raise AssertionError("it listens nowhere")


class Struck(Running):
    """gevent shows the system's error that ended a listener of its."""

    shows_tracebacks = True


def health(port: int) -> tuple[int, dict[str, object]]:
    """The status and the body of /health."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=5) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read())


def test_a_listener_that_ends_is_seen_by_who_would_restart_us(tmp_path: Path, waits: Waits):
    """503 with its name, one line of the log, and the manager hears no sign of life any more."""
    name, http = str(tmp_path / "notify"), free_port()
    flags = (*HERE, "--http", f"127.0.0.1:{http}", "--upstream", "127.0.0.1:9")
    variables: dict[str, Any] = {"NOTIFY_SOCKET": name, "WATCHDOG_USEC": "200000"}
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.settimeout(PATIENCE_S)
        manager.bind(name)
        with Struck("dnsproxy", *flags, "--consul-http", "off", **variables) as proxy:
            assert (200, {"status": "ok"}) == health(http)
            assert "1" == heard(manager, "WATCHDOG")["WATCHDOG"]
            with listening_socket(proxy.pid, proxy.port) as sock:
                sock.shutdown(socket.SHUT_RDWR)
            part = f"tcp 127.0.0.1:{proxy.port}"
            waits.until("it fails", lambda: health(http)[0] == 503, PATIENCE_S)
            assert {"status": "failing", "dead": [part]} == health(http)[1]
            assert f"failing: {part}" == heard(manager, "STATUS")["STATUS"]
            manager.settimeout(1)
            with pytest.raises(TimeoutError):
                manager.recv(4096)
            assert 1 == proxy.log.count(f"{part} has ended though nobody ended it")
