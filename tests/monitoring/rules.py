"""The alert rules as the file has them."""

import re
from dataclasses import dataclass
from pathlib import Path

FILE = Path("conf/prometheus/alerts.yaml")
_RULE = re.compile(
    r"^      - alert: (?P<alert>\w+)\n"
    r"        expr: (?P<expression>.*\n(?: {10}.*\n)*)"
    r"(?:        for: (?P<lasts>\w+)\n)?"
    r"        labels: {severity: (?P<severity>critical|warning|info)}\n"
    r"        annotations:\n"
    r'          summary: "(?P<summary>.+)"\n'
    r'          description: "(?P<description>.+)"\n'
    r"          runbook: (?P<runbook>\S+)\n",
    re.MULTILINE,
)


@dataclass(frozen=True)
class Rule:
    """One of them; ``lasts`` is for how long it must hold, empty if for no time."""

    alert: str
    expression: str
    lasts: str
    severity: str
    summary: str
    description: str
    runbook: str


def read_rules() -> dict[str, Rule]:
    """All of them by name; a rule that is written in another manner is an error."""
    text = FILE.read_text()
    rules = [
        Rule(**{key: value or "" for key, value in found.groupdict().items()})
        for found in _RULE.finditer(text)
    ]
    assert len(rules) == text.count("alert:"), "a rule is not written as the others are"
    return {rule.alert: rule for rule in rules}
