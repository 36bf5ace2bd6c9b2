"""A real Prometheus of the lab's own, and what it answers."""

import json
import urllib.parse
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.lab.resolver import Program, Resolver

PROMETHEUS = Program("prometheus", "prometheus", also=("promtool",))
PROMTOOL = Program("promtool", "prometheus", also=("prometheus",))


class Prometheus(Resolver):
    """One Prometheus on a loopback port; a context manager.

    ``config`` is its prometheus.yml; files that it names are looked for where ``folder`` is.
    """

    _READY = "Server is ready to receive web requests"

    def __init__(self, binary: Path, config: str, folder: Path) -> None:
        super().__init__(binary)
        self._config = folder / "prometheus.yml"
        self._config.write_text(config)

    def _words(self) -> Sequence[str | Path]:
        return [
            f"--config.file={self._config}",
            f"--storage.tsdb.path={self._folder / 'data'}",
            f"--web.listen-address={self.address}",
        ]

    def get(self, path: str, **parameters: str) -> Any:
        """The data of its HTTP API under /api/v1/. Raises HTTPError for what it does not take."""
        url = f"http://{self.address}/api/v1/{path}?{urllib.parse.urlencode(parameters)}"
        with urllib.request.urlopen(url, timeout=30) as answer:
            said = json.load(answer)
        assert said["status"] == "success", said
        assert not said.get("warnings"), said
        return said["data"]

    def query(self, expression: str) -> list[dict[str, Any]]:
        """What an expression gives now: for each series its labels, and its value as text."""
        found = self.get("query", query=expression)
        assert found["resultType"] == "vector", found
        return [one["metric"] | {"": one["value"][1]} for one in found["result"]]
