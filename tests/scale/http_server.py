"""As much of HTTP/1.1 as the clients of engine and agent speak: kept connections, known lengths."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

_REASONS = {200: "OK", 204: "No Content", 400: "Bad Request", 404: "Not Found"}


@dataclass(slots=True)
class Request:
    """One request; ``query`` holds the last value of each key."""

    method: str
    path: str
    query: dict[str, str]
    body: bytes
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    def json(self) -> Any:
        """The body; an empty one is an empty object."""
        return json.loads(self.body or b"{}")


@dataclass(slots=True)
class Answer:
    """One answer; ``fields`` go into its head besides the usual ones."""

    body: bytes
    status: int = 200
    kind: str = "application/json"
    fields: dict[str, str] = field(default_factory=dict)


# None: the handler has written to the connection itself and is done with it.
Handler = Callable[[Request], Awaitable[Answer | None]]


def answer_json(value: Any, status: int = 200) -> Answer:
    """A value as JSON."""
    return Answer(json.dumps(value).encode(), status)


async def serve_connection(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, handler: Handler
) -> None:
    """Answer one client until it leaves."""
    try:
        while (request := await _read(reader, writer)) is not None:
            answer = await handler(request)
            if answer is None:
                return
            writer.write(_head(answer) + (b"" if request.method == "HEAD" else answer.body))
            await writer.drain()
    except (ConnectionError, asyncio.IncompleteReadError):
        return
    finally:
        writer.close()


async def _read(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Request | None:
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    except asyncio.IncompleteReadError:
        return None
    first, *lines = head.split("\r\n")
    method, target, _ = first.split(" ", 2)
    fields = dict(line.lower().split(": ", 1) for line in lines if ": " in line)
    body = await reader.readexactly(int(fields.get("content-length", 0)))
    url = urlsplit(target)
    query = {key: values[-1] for key, values in parse_qs(url.query).items()}
    return Request(method, url.path, query, body, reader, writer)


def _head(answer: Answer) -> bytes:
    fields = "".join(f"{key}: {value}\r\n" for key, value in answer.fields.items())
    return (
        f"HTTP/1.1 {answer.status} {_REASONS.get(answer.status, 'Error')}\r\n"
        "Api-Version: 1.41\r\nServer: Docker/20.10 (linux)\r\n"
        f"{fields}"
        f"Content-Type: {answer.kind}\r\nContent-Length: {len(answer.body)}\r\n\r\n"
    ).encode()


def start_of_stream() -> bytes:
    """The head of an answer that comes in chunks, without end."""
    return (
        b"HTTP/1.1 200 OK\r\nApi-Version: 1.41\r\nContent-Type: application/json\r\n"
        b"Transfer-Encoding: chunked\r\n\r\n"
    )


def chunk(data: bytes) -> bytes:
    """One chunk of such a stream."""
    return b"%x\r\n%s\r\n" % (len(data), data)
