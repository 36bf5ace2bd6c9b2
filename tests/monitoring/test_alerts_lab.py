"""The alert rules, by Prometheus' own tool: each fires when it should, and then only."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.lab.shell import run
from tests.monitoring.alert_cases import CASES, Case
from tests.monitoring.rules import FILE, read_rules

pytestmark = pytest.mark.lab

RULES = read_rules()
ABOUT = {"job": "seamark", "instance": "n1:8053"}


def series(name: str) -> str:
    """The series as it is after a scrape of ours, unless it names another job."""
    metric, _, labels = name.rstrip("}").partition("{")
    own = [f'{key}="{value}"' for key, value in ABOUT.items() if f"{key}=" not in labels]
    return f"{metric}{{{','.join(filter(None, [labels, *own]))}}}"


def expected(case: Case) -> list[dict[str, Any]]:
    """What is to fire, with all that is told of it."""
    if not case.summary:
        return []
    rule = RULES[case.alert]
    annotations = {
        "summary": case.summary,
        "description": case.description or rule.description,
        "runbook": rule.runbook,
    }
    labels = ABOUT | {"severity": rule.severity} | case.labels
    return [{"exp_labels": labels, "exp_annotations": annotations}]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_an_alert_fires_when_it_should_and_then_only(case: Case, promtool: Path, tmp_path: Path):
    """With these words. JSON is YAML."""
    tried = {
        "alertname": case.alert,
        "eval_time": f"{case.minutes}m",
        "exp_alerts": expected(case),
    }
    test = {
        "interval": "1m",
        "input_series": [{"series": series(k), "values": v} for k, v in case.series.items()],
        "alert_rule_test": [tried],
    }
    document = {
        "rule_files": [str(FILE.absolute())],
        "evaluation_interval": "1m",
        "tests": [test],
    }
    file = tmp_path / "test.json"
    file.write_text(json.dumps(document))
    run([promtool, "test", "rules", file], timeout=30)


def test_every_alert_is_tried_both_ways():
    """One that fires always is as useless as one that never does."""
    fire = {case.alert for case in CASES if case.summary}
    quiet = {case.alert for case in CASES if not case.summary}
    assert (set(RULES), set(RULES)) == (fire, quiet)


def test_rules_and_scrape_are_as_prometheus_wants_them(promtool: Path):
    """The tool's own checks, warnings included."""
    run([promtool, "check", "rules", "--lint-fatal", FILE], timeout=30)
    run([promtool, "check", "config", "--lint-fatal", "conf/prometheus/prometheus.yml"], timeout=30)


def test_every_alert_has_its_section_and_no_other_has_one():
    """Who is woken reads what to do."""
    page = Path("docs/how-to/when-an-alert-fires.md")
    assert list(RULES) == re.findall(r"^## (\w+)$", page.read_text(), re.MULTILINE)
    for rule in RULES.values():
        assert f"{page}#{rule.alert.lower()}" == rule.runbook
