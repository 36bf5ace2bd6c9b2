"""Who asks a status side, and what may be there instead of one."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread

import pytest

from dnsproxy.core.endpoint import Endpoint
from seamark.errors import StartError
from seamark.status_client import get

LIMIT_S = 5.0


@contextmanager
def saying(words: bytes) -> Iterator[Endpoint]:
    """A server that says the same to whoever comes first, and hangs up."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = Thread(target=_say, args=(server, words))
        thread.start()
        yield Endpoint("127.0.0.1", server.getsockname()[1])
        thread.join(LIMIT_S)


def _say(server: socket.socket, words: bytes) -> None:
    client, _ = server.accept()
    with client:
        client.recv(4096)
        client.sendall(words)


def test_another_kind_of_server_is_named_by_what_it_said():
    """Not taken for a fault of ours."""
    with saying(b"SSH-2.0-x\r\n") as there, pytest.raises(StartError) as failure:
        get(there, "/health", LIMIT_S, "a registrar")
    assert f"http://{there}/health: it speaks no HTTP: 'SSH-2.0-x'" in str(failure.value)
    assert "--http" in failure.value.hint


def test_of_a_refusal_no_more_is_read_than_is_told():
    """Whoever it is that answers there."""
    long = b"HTTP/1.1 503 Away\r\n\r\n" + b"x" * 5000
    with saying(long) as there:
        assert (503, b"x" * 1000) == get(there, "/health", LIMIT_S, "a registrar")
