"""What an agent says of its own node, and blocking queries."""

import time

import gevent

from catalog.connection import WAIT_S, Connection, path_of
from catalog.failures import Purpose
from catalog.model import Node

_AT_ONCE_S = 0.1
_AT_ONCE_ROUNDS = 3
_PAUSE_S = 1.0
SELF = Purpose("read /v1/agent/self", 'agent_prefix "" { policy = "read" }')


class OwnNode:
    """The node of an agent, asked once."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._known: Node | None = None

    def get(self) -> Node:
        """Its name, and the address that an empty service address stands for."""
        if self._known is None:
            reply = self._connection.get(path_of("agent", "self"), SELF)
            with self._connection.reading(SELF):
                said = reply.json()
                self._known = Node(
                    name=str(said["Config"]["NodeName"]), address=str(said["Member"]["Addr"])
                )
        return self._known

    def forget(self) -> None:
        """Ask again next time: after an error another agent may answer there."""
        self._known = None


class Watch:
    """Blocking queries one after another, by Consul's rules for their index."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._rounds_at_once = 0

    def next(
        self, parts: tuple[str, ...], purpose: Purpose, index: int, **query: str | int
    ) -> tuple[int, str]:
        """Wait until the index of a path is past ``index``; the new index and the body.

        The index is the same one if nothing changed in WAIT_S, and 0 if it went backwards, after
        which everything must be read anew. A path without anything (404) can be waited for.
        """
        if index:
            query |= {"index": index, "wait": f"{WAIT_S}s"}
        began = time.monotonic()
        reply = self._connection.wait(path_of(*parts, **query), purpose, gone=(404,))
        if index:
            self._pace(moved=reply.index > index, took_s=time.monotonic() - began)
        return (0 if reply.index < index else max(reply.index, 1)), reply.text

    def _pace(self, *, moved: bool, took_s: float) -> None:
        """A server that does not block must not make us ask without end."""
        if moved or took_s > _AT_ONCE_S:
            self._rounds_at_once = 0
            return
        self._rounds_at_once += 1
        if self._rounds_at_once > _AT_ONCE_ROUNDS:
            gevent.sleep(_PAUSE_S)
