"""How often to say in a log what happens often: an outage or a flood must not become one of it."""

EVERY_S = 10.0


class Seldom:
    """Says when to tell of something again: the first time at once, then every ten seconds."""

    def __init__(self) -> None:
        self._untold = 0
        self._quiet_until = float("-inf")

    def due(self, now: float) -> int:
        """It happened once more; how often since it was told last, or 0 while that is to wait.

        ``now`` is monotonic.
        """
        self._untold += 1
        if now < self._quiet_until:
            return 0
        due, self._untold = self._untold, 0
        self._quiet_until = now + EVERY_S
        return due
