"""What was said about a container is said once, not at every look."""

import logging

log = logging.getLogger("registrar")


class Told:
    """The lines already logged, by container."""

    def __init__(self) -> None:
        self._lines: dict[str, frozenset[str]] = {}

    def tell(self, container_id: str, lines: list[str]) -> None:
        """Log what is new about a container."""
        told = self._lines.get(container_id, frozenset())
        for line in lines:
            if line not in told:
                log.info("%s", line)
        if lines:
            self._lines[container_id] = told.union(lines)

    def forget(self, container_id: str) -> None:
        """The container is gone."""
        self._lines.pop(container_id, None)
