"""The JSON Schema of seamark.toml, made from the types that read it."""

import re
from typing import Any

import msgspec

from catalog.strict import alternatives
from seamark.consul_settings import DnsConfigSettings, SoaSettings
from seamark.dns_settings import DnsSettings, ZoneSettings
from seamark.settings import CatalogSettings, HttpSettings, RegistrarSettings, Settings

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_TABLES = (
    CatalogSettings,
    RegistrarSettings,
    DnsSettings,
    ZoneSettings,
    DnsConfigSettings,
    SoaSettings,
    HttpSettings,
)
_DOCUMENTED = re.compile(r"``(?P<title>.+?)``[:;] (?P<words>.*)", re.DOTALL)
_PLAIN = re.compile(r"[a-z0-9-]*")
_NULL = {"type": "null"}


def document() -> dict[str, Any]:
    """What a settings file may hold: what the program refuses when it reads one is refused here.

    But for one thing: `1.0` is an integer to JSON Schema, and none to TOML.
    """
    definitions = msgspec.json.schema(Settings)["$defs"]
    whole = _table(definitions["Settings"], Settings())
    found = {kind.__name__: _table(definitions[kind.__name__], kind()) for kind in _TABLES}
    return {"$schema": DIALECT, **whole, "title": "seamark.toml", "$defs": found}


def _table(definition: dict[str, Any], usual: msgspec.Struct) -> dict[str, Any]:
    """A table, with what each key has if it is not given."""
    defaults = msgspec.to_builtins(usual)
    properties = {}
    for key, told in definition["properties"].items():
        known = _plain(told)
        has_default = "$ref" not in known and defaults[key] is not None
        properties[key] = known | {"default": defaults[key]} if has_default else known
    return {
        **_words(definition["description"]),
        "type": "object",
        "properties": properties,
        "additionalProperties": False,
    }


def _words(docstring: str) -> dict[str, str]:
    """Title and description, of a docstring that begins with what the table is called."""
    found = _DOCUMENTED.match(docstring)
    if found is None:
        return {"description": docstring.replace("``", "`")}
    words = " ".join(found["words"].split())
    return {"title": found["title"], "description": words[:1].upper() + words[1:]}


def _plain(told: Any) -> Any:
    """A schema without what is of no use in TOML, which has no `null`."""
    if isinstance(told, list):
        return [_plain(item) for item in told if item != _NULL]
    if not isinstance(told, dict):
        return told
    found = {key: _plain(item) for key, item in told.items() if (key, item) != ("default", None)}
    words = alternatives(found.get("pattern", "")) or [""]
    # An editor offers them if they are told one by one.
    if any(words) and all(map(_PLAIN.fullmatch, words)):
        del found["pattern"]
        found["enum"] = words
    if len(found.get("anyOf", ())) == 1:
        (only,) = found.pop("anyOf")
        found = only | found
    return found
