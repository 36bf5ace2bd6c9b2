"""The dashboard as the file has it."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FILE = Path("conf/grafana/seamark.json")
DASHBOARD: dict[str, Any] = json.loads(FILE.read_text())
PANELS: list[dict[str, Any]] = DASHBOARD["panels"]


@dataclass(frozen=True)
class Target:
    """One question of a panel to Prometheus."""

    panel: str
    reference: str
    expression: str
    legend: str

    def __str__(self) -> str:
        return f"{self.panel}, {self.reference}"


def targets() -> list[Target]:
    """All of them, in their order."""
    return [
        Target(panel["title"], one["refId"], one["expr"], one["legendFormat"])
        for panel in PANELS
        for one in panel.get("targets", ())
    ]
