"""What turns for as long as the registrar does."""

import logging
from collections.abc import Callable, Mapping

import gevent

log = logging.getLogger("registrar")


class Loops:
    """Loops by name, a greenlet each; after a fault one goes on in ``retry_s`` seconds."""

    def __init__(self, retry_s: float) -> None:
        self._retry_s = retry_s
        self._greenlets: dict[str, gevent.Greenlet[..., None]] = {}

    def start(self, loops: Mapping[str, Callable[[], None]]) -> None:
        """Begin to turn."""
        self._greenlets = {
            name: gevent.spawn(self._keep_turning, loop) for name, loop in loops.items()
        }

    def vitals(self) -> dict[str, bool]:
        """Name -> whether it still turns."""
        return {name: not greenlet.ready() for name, greenlet in self._greenlets.items()}

    def stop(self) -> None:
        """End all of them."""
        gevent.killall(list(self._greenlets.values()))

    def _keep_turning(self, loop: Callable[[], None]) -> None:
        """No answer of engine or agent, however odd, ends a loop for good."""
        while True:
            try:
                loop()
            except Exception:
                log.exception("an unexpected fault; going on")
                gevent.sleep(self._retry_s)
