"""The dashboard's file as Grafana takes it: whole, in order, and bound to no data source."""

import itertools
import re
from typing import Any

import pytest

from tests.monitoring.dashboard import DASHBOARD, PANELS, targets

CHOSEN = {"type": "prometheus", "uid": "${datasource}"}
KINDS = {"row", "stat", "state-timeline", "table", "timeseries"}
# Of Grafana's own list; another one is shown as text behind the number.
UNITS = {"bytes", "ops", "percentunit", "pps", "reqps", "s", "short", "wps"}
SHOWING = [panel for panel in PANELS if panel["type"] != "row"]
WIDTH = 24


def test_it_is_one_that_grafana_10_takes_without_asking():
    """Its own uid, so that links to it stay; an id would be another Grafana's."""
    assert ("seamark", "Seamark", None) == (
        DASHBOARD["uid"],
        DASHBOARD["title"],
        DASHBOARD["id"],
    )
    # 38 is that of 10.0; what is newer is raised by itself.
    assert DASHBOARD["schemaVersion"] <= 38
    assert {panel["type"] for panel in PANELS} == KINDS
    assert "__inputs" not in DASHBOARD


def test_data_source_and_instance_are_chosen_above_it():
    """One file for everybody."""
    variables = {one["name"]: one for one in DASHBOARD["templating"]["list"]}
    assert {"datasource": "datasource", "instance": "query"} == {
        name: one["type"] for name, one in variables.items()
    }
    instance = variables["instance"]
    assert "prometheus" == variables["datasource"]["query"]
    assert CHOSEN == instance["datasource"]
    assert instance["definition"] == instance["query"]["query"]
    # Without a value for "all", Grafana writes down those that it found: of this job alone.
    assert (True, True) == (instance["multi"], instance["includeAll"])
    assert "allValue" not in instance


def test_every_panel_and_every_question_goes_by_the_variables():
    """No uid of one Grafana, no instance of one host."""
    for panel in SHOWING:
        assert CHOSEN == panel["datasource"], panel["title"]
        for target in panel["targets"]:
            assert CHOSEN == target["datasource"], panel["title"]
            assert target["expr"].strip()
    for target in targets():
        metrics = re.findall(r"\b(?:seamark|process)_\w+", target.expression)
        chosen = target.expression.count('instance=~"$instance"')
        assert len(metrics) == chosen >= 1, target


def test_every_panel_says_what_it_shows_and_in_what():
    """A number without a unit is a riddle."""
    titles = [panel["title"] for panel in PANELS]
    assert len(titles) == len(set(titles))
    for panel in SHOWING:
        assert panel["description"].endswith("."), panel["title"]
        assert panel["fieldConfig"]["defaults"]["unit"] in UNITS, panel["title"]


@pytest.mark.parametrize(("of", "unit"), [("_seconds_bucket", "s"), ("_bytes", "bytes")])
def test_times_are_shown_as_times_and_sizes_as_sizes(of, unit):
    """As their names have it."""
    for panel in SHOWING:
        for target in panel["targets"]:
            if re.search(rf"{of}\b", target["expr"]):
                assert unit == panel["fieldConfig"]["defaults"]["unit"], panel["title"]


def test_ids_and_references_are_unique():
    """Grafana would show one in the place of another."""
    ids = [panel["id"] for panel in PANELS]
    assert len(ids) == len(set(ids))
    for panel in SHOWING:
        references = [target["refId"] for target in panel["targets"]]
        assert len(references) == len(set(references))


def test_panels_fill_the_width_and_none_covers_another():
    """Where one lies over another, Grafana moves both."""
    cells: dict[tuple[int, int], str] = {}
    for panel in PANELS:
        for cell in _cells(panel["gridPos"]):
            assert cell not in cells, (panel["title"], cells.get(cell))
            cells[cell] = panel["title"]
    bottom = max(y for _, y in cells)
    assert set(itertools.product(range(WIDTH), range(bottom + 1))) == set(cells)


def test_rows_stand_where_they_should_and_hold_what_was_promised():
    """From the whole to the parts."""
    rows = [panel["title"] for panel in PANELS if panel["type"] == "row"]
    assert rows == [
        *("At a glance", "Queries", "Upstreams", "Registrar and catalog", "Process", "Query log")
    ]
    tops = [panel["gridPos"]["y"] for panel in PANELS]
    assert sorted(tops) == tops


def _cells(place: dict[str, Any]) -> Any:
    return itertools.product(
        range(place["x"], place["x"] + place["w"]), range(place["y"], place["y"] + place["h"])
    )
