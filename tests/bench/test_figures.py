"""What the bench makes of measured values."""

import json
import math

import pytest

from bench.figures import Row, Section, quantile, spread, table, write_json


@pytest.mark.parametrize(
    ("values", "part", "expected"),
    [
        ([7.0], 0.5, 7.0),
        ([3.0, 1.0, 2.0], 0.5, 2.0),
        ([1.0, 2.0, 3.0, 4.0], 0.5, 2.0),
        ([float(number) for number in range(1, 101)], 0.99, 99.0),
        ([float(number) for number in range(1, 41)], 0.99, 40.0),
    ],
)
def test_a_quantile_is_a_value_that_was_measured(values, part, expected):
    """By nearest rank."""
    assert expected == quantile(values, part)


def test_nothing_measured_is_no_number():
    """And says so in words."""
    assert math.isnan(quantile([], 0.5))
    assert "none" == spread([])


def test_the_table_is_aligned_and_keeps_remarks():
    """One head a section."""
    section = Section("Title", [Row("short", {"a": "1", "b": "22"}), Row("longer one", {"a": "3"})])
    section.remarks.append("said besides")
    lines = table([section], ["a", "b"]).splitlines()
    assert [
        "Title",
        "              a  b",
        "  short       1  22",
        "  longer one  3",
        "  (said besides)",
    ] == lines


def test_the_json_has_the_raw_values(tmp_path):
    """With their words."""
    section = Section("Title", [Row("figure", {"a": "1 ms"}, {"a": [0.001]})])
    write_json(tmp_path / "figures.json", [section], {"Consul": "1.8.7"})
    document = json.loads((tmp_path / "figures.json").read_text())
    assert {"Consul": "1.8.7"} == document["about"]
    assert [0.001] == document["sections"][0]["rows"][0]["raw"]["a"]
