"""``GET /health`` and ``GET /ready``: is it alive, and is it ready."""

from collections.abc import Callable

import falcon

# Part -> why it is not ready; empty when it is.
Readiness = Callable[[], dict[str, str]]
# What should go on and does not, by name.
Dead = Callable[[], list[str]]


class Health:
    """Alive: all loops turn. Never depends on upstreams; restarting would not mend those."""

    def __init__(self, dead: Dead) -> None:
        self._dead = dead

    def on_get(self, request: falcon.Request, response: falcon.Response) -> None:
        """503 and the names of what has ended though nobody ended it."""
        dead = self._dead()
        if dead:
            response.status = falcon.HTTP_503
            response.media = {"status": "failing", "dead": dead}
        else:
            response.media = {"status": "ok"}


class Ready:
    """Whether each part does what it is there for."""

    def __init__(self, readiness: Readiness) -> None:
        self._readiness = readiness

    def on_get(self, request: falcon.Request, response: falcon.Response) -> None:
        """503 and the names of what is not ready."""
        parts = self._readiness()
        if any(parts.values()):
            response.status = falcon.HTTP_503
        response.media = {
            "ready": not any(parts.values()),
            "parts": {part: why or "ready" for part, why in parts.items()},
        }
