"""The JSON Schema of seamark.toml says of a file what the program says of it."""

import json
import tomllib
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given, strategies as st

from catalog.errors import ShapeError
from catalog.strict import convert
from seamark.schema import DIALECT, document
from seamark.settings import Settings
from tests.commands import run

FILE = Path("conf/seamark.schema.json")
SCHEMA = document()
CHECKER = jsonschema.Draft202012Validator(SCHEMA)
DEFAULTS = tomllib.loads(Path("conf/seamark.toml").read_text())


def test_the_file_is_what_the_command_prints():
    """If it is not: `seamark config schema > conf/seamark.schema.json`."""
    assert FILE.read_text() == run("seamark", "config", "schema").stdout
    assert json.loads(FILE.read_text()) == SCHEMA


def test_it_is_a_schema_and_of_the_dialect_that_it_names():
    """An editor would not say so."""
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    assert DIALECT == jsonschema.Draft202012Validator.META_SCHEMA["$id"]


def test_the_commented_settings_file_names_it_and_follows_it():
    """As editors find it: by the first line."""
    first = Path("conf/seamark.toml").read_text().splitlines()[0]
    assert f"#:schema ./{FILE.name}" == first
    CHECKER.validate(DEFAULTS)


@pytest.mark.parametrize("zone", ['name = "x"\nremember = true\nmin_ttl_s = 5\npolicy = "random"'])
def test_a_zone_may_have_settings_of_its_own(zone):
    """Which are none of the defaults."""
    CHECKER.validate(tomllib.loads(f"[[dns.zone]]\n{zone}"))


@pytest.mark.parametrize(
    "text",
    [
        "[dns]\nlissten = []",
        "[dsn]",
        'log_level = "loud"',
        '[dns]\nlisten = "x"',
        "[dns]\nlisten = [1]",
        '[dns]\nmemory_mib = "64"',
        "[dns]\nmemory_mib = 0",
        "[dns]\nedns_size = 5000",
        "[dns]\nremember = 1",
        "[dns]\nquery_log_sample = 2",
        '[dns]\nquery_log = "sterr"',
        '[dns]\nquery_log_classes = ["fine"]',
        '[dns]\npolicy = "best"',
        "[dns]\nconsul_dns = 8600",
        '[[dns.zone]]\nnamme = "x"',
        '[[dns.zone]]\npolicy = "best"',
        "[[dns.zone]]\nmin_ttl_s = -1",
        "[registrar]\nresync_s = -1",
        '[registrar]\nfamily = "ipv5"',
        "[catalog.node_meta]\na = 1",
        "[dns_config.soa]\nretry = -1",
        "[http]\nlisten = 2026-01-01",
    ],
)
def test_what_the_program_refuses_is_refused(text):
    """By both, for the same thing."""
    found = tomllib.loads(text)
    with pytest.raises(ShapeError):
        convert(found, Settings)
    assert not CHECKER.is_valid(found)


def paths(table: dict[str, Any], path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    """Every key of a document, and of the tables in it."""
    found = [(*path, key) for key in table]
    for key, value in table.items():
        found += paths(value, (*path, key)) if isinstance(value, dict) else []
    return found


# Whole floats stand for nothing here: to JSON Schema they are integers, and none to TOML.
SCALARS = (
    st.text(max_size=3)
    | st.booleans()
    | st.integers(-2, 10**6)
    | st.floats(-2, 2).filter(lambda number: not number.is_integer())
    | st.sampled_from(["ipv4", "debug", "random", "off", "stderr", "./log", "never", "ok"])
)
VALUES = SCALARS | st.lists(SCALARS, max_size=2) | st.dictionaries(st.text(max_size=3), SCALARS)


@given(st.sampled_from(paths(DEFAULTS)), VALUES)
def test_both_say_the_same_of_any_value_of_any_key(path, value):
    """Put into the file that has all of them."""
    changed = json.loads(json.dumps(DEFAULTS))
    table = changed
    for key in path[:-1]:
        table = table[key]
    table[path[-1]] = value
    try:
        convert(changed, Settings)
        taken = True
    except ShapeError:
        taken = False
    assert taken == CHECKER.is_valid(changed), (path, value)
