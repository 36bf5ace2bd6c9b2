"""An outage is told once when it begins and once when it ends, not at every try."""

import logging
import random

from registrar.core.backoff import delay_s

log = logging.getLogger("registrar")


class Outage:
    """The failures in a row of one thing that we depend on, tried at least every ``longest_s``."""

    def __init__(self, what: str, longest_s: float) -> None:
        self._what = what
        self._longest_s = longest_s
        self._failures = 0
        self.reason = ""

    def failed(self, reason: str) -> float:
        """Note a failure; the seconds to wait before the next try."""
        self._failures += 1
        if reason != self.reason:
            log.warning("%s; trying again until it works", reason)
            self.reason = reason
        jitter = random.random()  # noqa: S311  (no secret)
        return delay_s(self._failures, jitter, longest_s=self._longest_s)

    def over(self) -> bool:
        """Note a success; whether it ended an outage."""
        ended = self._failures > 0
        if ended:
            log.info("%s is back", self._what)
        self._failures = 0
        self.reason = ""
        return ended
