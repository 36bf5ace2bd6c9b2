"""A real Prometheus on real processes: it has what dashboard and alerts refer to."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab.shell import run
from tests.monitoring.dashboard import DASHBOARD, Target, targets
from tests.monitoring.promql import references
from tests.monitoring.rules import read_rules
from tests.monitoring.stand import Stand, stand
from tests.pages import lines

pytestmark = pytest.mark.lab

PAGE = Path("docs/reference/metrics.md").read_text()
HOW_TO = Path("docs/how-to/watch-with-prometheus-and-grafana.md").read_text()
ALERTS_PAGE = Path("docs/how-to/when-an-alert-fires.md").read_text()
RULES = read_rules()


@pytest.fixture(scope="module")
def scene(
    consul_binary: Path, prometheus_binary: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stand]:
    """All of it, started once."""
    with stand(consul_binary, prometheus_binary, tmp_path_factory.mktemp("prometheus")) as found:
        yield found


def test_what_is_referred_to_is_read_from_expressions():
    """A reader that overlooks something would let it pass."""
    found = references(
        'sum by (le, a) (rate(x_bucket{b="1|2", instance=~"y"}[5m])) / on (c) group_left () z:w > 3'
        ' and time() - (v{d!="e{f}"} or vector(0)) unless bool_total offset 5m'
    )
    assert {"x_bucket", "z:w", "v", "bool_total"} == found.metrics
    assert {"a", "c"} == found.groupings
    assert [("x_bucket", "b", ("1", "2")), ("v", "d", ("e{f}",))] == [
        (one.metric, one.label, one.values) for one in found.matchers
    ]


@pytest.mark.parametrize("which", ["embedded", "consul"])
def test_promtool_has_no_complaint(scene: Stand, promtool: Path, which: str):
    """Of what a real process says; promtool's exit code is 3 for mere remarks."""
    done = subprocess.run(
        [promtool, "check", "metrics"],
        input=scene.metrics(which),
        capture_output=True,
        check=False,
        text=True,
    )
    assert (0, "", "") == (done.returncode, done.stdout, done.stderr)


def test_the_page_has_what_real_processes_tell_and_nothing_else(scene: Stand):
    """Both kinds of catalog together have all of it."""
    scraped = {
        name
        for which in scene.pages
        for name in re.findall(r"^# TYPE (\S+) ", scene.metrics(which), re.MULTILINE)
    }
    assert scraped == set(re.findall(r"^\| `([a-z_]+)` \|", PAGE, re.MULTILINE))


@pytest.mark.parametrize("target", targets(), ids=str)
def test_an_expression_of_the_dashboard_shows_something(scene: Stand, target: Target):
    """Of all instances; each label that its legend names is there."""
    expression = target.expression.replace("$__rate_interval", "1m").replace("$instance", ".+")
    assert "$" not in expression
    found = scene.prometheus.query(expression)
    assert found, expression
    for label in re.findall(r"{{(\w+)}}", target.legend):
        assert all(label in one for one in found), label
    check_references(scene, expression)


@pytest.mark.parametrize("alert", RULES)
def test_an_alert_refers_to_what_is_there(scene: Stand, alert: str):
    """Prometheus evaluates it, and finds nothing of it wrong."""
    groups = scene.prometheus.get("rules")["groups"]
    (rule,) = [one for group in groups for one in group["rules"] if one["name"] == alert]
    assert ("ok", None) == (rule["health"], rule.get("lastError"))
    check_references(scene, RULES[alert].expression)


def check_references(scene: Stand, expression: str) -> None:
    """Every name, label and value in it is one that was scraped."""
    ask = scene.prometheus.get
    found = references(expression)
    assert found.metrics <= set(ask("label/__name__/values"))
    series = [one for metric in found.metrics for one in ask("series", **{"match[]": metric})]
    assert found.groupings <= {label for one in series for label in one}
    for matcher in found.matchers:
        values = ask(f"label/{matcher.label}/values", **{"match[]": matcher.metric})
        assert set(matcher.values) <= set(values), matcher


def test_the_dashboards_variable_finds_the_instances(scene: Stand):
    """What it chooses from are the addresses that are scraped."""
    variables = {one["name"]: one for one in DASHBOARD["templating"]["list"]}
    (metric, label) = re.findall(r"\w+", variables["instance"]["definition"])[1:]
    found = scene.prometheus.get(f"label/{label}/values", **{"match[]": metric})
    assert sorted(page.removeprefix("http://") for page in scene.pages.values()) == sorted(found)


def test_what_is_asked_with_curl_when_an_alert_fires_has_an_answer(scene: Stand):
    """Each path there, as it is written."""
    commands = set(re.findall(r"`(curl [^`]+)`", ALERTS_PAGE))
    assert 2 == len(commands)
    for command in commands:
        words = command.replace("http://127.0.0.1:8053", scene.pages["embedded"])
        said = run(["sh", "-ec", words.replace("curl", "curl -sS --fail")], timeout=30).stdout
        assert said.startswith("{"), command


def test_the_commands_of_the_how_to_find_nothing_wrong(scene: Stand, promtool: Path):
    """As they stand there, but for the address."""
    shown = [line for line in lines(HOW_TO, "sh") if "promtool" in line]
    assert 2 == len(shown)
    for command in shown:
        words = command.replace("http://127.0.0.1:8053", scene.pages["embedded"])
        done = run(["sh", "-ec", f"PATH={promtool.parent}:$PATH; {words}"], timeout=30)
        assert "FAILED" not in done.stdout
