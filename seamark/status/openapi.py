"""``GET /api/openapi.json``: the status side described for programs (OpenAPI 3.1)."""

from collections.abc import Mapping, Sequence
from typing import Any

import falcon
import msgspec
from msgspec import Struct

from dnsproxy.core.exchange import Source
from dnsproxy.core.querylog import ReplyClass
from seamark import __version__
from seamark.status import queries, shapes
from seamark.status.data import SHOWN, Shown

_JSON = "application/json"
_REF = "#/components/schemas/{name}"
_Described = Mapping[str, Any]


class Document:
    """The resource."""

    def __init__(self) -> None:
        self._document = msgspec.json.encode(document())

    def on_get(self, request: falcon.Request, response: falcon.Response) -> None:
        """The same for every process: what one does not have is 404 there."""
        response.content_type = falcon.MEDIA_JSON
        response.data = self._document


def document() -> dict[str, Any]:
    """The whole of it, also a file of the docs."""
    shown = [one.shape for one in SHOWN.values()]
    _, components = msgspec.json.schema_components(
        [*shown, shapes.Alive, shapes.ReadyParts, shapes.Fault], ref_template=_REF
    )
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Seamark",
            "version": __version__,
            "summary": "The status side: read-only, on loopback unless told otherwise.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "http://127.0.0.1:8053"}],
        "paths": {
            "/health": _path("Whether all goes on that has to", _either(shapes.Alive)),
            "/ready": _path("Whether each part is ready", _either(shapes.ReadyParts)),
            "/metrics": _path("For Prometheus", {"200": _text("text/plain")}),
            **{
                path: _path(one.words, {"200": _of(one.shape), "404": _absent()}, _narrowing(one))
                for path, one in SHOWN.items()
            },
            "/api/queries": _path(
                "The newest queries", {"200": _lines(), "404": _absent()}, _QUERY_PARAMETERS
            ),
            "/api/export": _path(
                "The embedded catalog as a configuration of Consul's agent",
                {"200": _object("A configuration"), "404": _absent()},
            ),
            "/api/openapi.json": _path("This document", {"200": _object("OpenAPI 3.1")}),
        },
        "components": {"schemas": components},
    }


def _parameter(name: str, words: str, **schema: Any) -> _Described:
    return {"name": name, "in": "query", "description": words, "schema": schema}


def _limit(default: int, most: int) -> _Described:
    return _parameter(
        "limit", "How many at most.", type="integer", minimum=1, maximum=most, default=default
    )


def _words(name: str, words: str, known: Sequence[str]) -> _Described:
    schema = {"type": "array", "items": {"type": "string", "enum": list(known)}, "minItems": 1}
    found = _parameter(name, words, **schema)
    return {**found, "style": "form", "explode": False}


_TEXT: Mapping[str, Any] = {"type": "string"}
_TIME: Mapping[str, Any] = {"type": "number", "minimum": 0}
_QUERY_PARAMETERS = [
    _limit(queries.LIMIT, queries.LIMIT_MAX),
    _words("class", "Of these classes.", [str(kind) for kind in ReplyClass]),
    _words("source", "Answered from there.", [str(source) for source in Source]),
    _parameter("name", "With this text in the name as it is shown, in any case.", **_TEXT),
    _parameter("client", "With this text in the client's address.", **_TEXT),
    _parameter("upstream", "With this text in the upstream's address.", **_TEXT),
    _parameter("since", "Not before, in seconds since the epoch.", **_TIME),
    _parameter("until", "Not after.", **_TIME),
    _parameter("format", "JSON lines, or CSV.", type="string", enum=["lines", "csv"]),
]


def _narrowing(shown: Shown) -> list[_Described]:
    words = "With this text in the service's name, in any case."
    named = [_parameter("name", words, **_TEXT)] if shown.named else []
    return named + ([_limit(shown.limit.default, shown.limit.most)] if shown.limit else [])


def _path(
    words: str, responses: Mapping[str, Any], parameters: Sequence[_Described] = ()
) -> dict[str, Any]:
    refused = {
        "400": _fault("Parameters or a request that say nothing."),
        "421": _fault("Called by a name that is not this server's."),
    }
    found: dict[str, Any] = {"summary": words, "responses": {**responses, **refused}}
    if parameters:
        found["parameters"] = list(parameters)
    return {"get": found}


def _of(shape: type[Struct]) -> dict[str, Any]:
    schema = {"$ref": _REF.format(name=shape.__name__)}
    return {"description": shape.__doc__ or "", "content": {_JSON: {"schema": schema}}}


def _either(shape: type[Struct]) -> dict[str, Any]:
    return {"200": _of(shape), "503": _of(shape)}


def _fault(words: str) -> dict[str, Any]:
    return {**_of(shapes.Fault), "description": words}


def _absent() -> dict[str, Any]:
    return _fault("This process has no such part.")


def _text(media_type: str) -> dict[str, Any]:
    return {"description": "Text", "content": {media_type: {"schema": {"type": "string"}}}}


def _object(words: str) -> dict[str, Any]:
    return {"description": words, "content": {_JSON: {"schema": {"type": "object"}}}}


def _lines() -> dict[str, Any]:
    kinds = ("application/x-ndjson", "text/csv")
    schema = {"schema": {"type": "string"}}
    return {"description": "A line each, the newest first", "content": dict.fromkeys(kinds, schema)}


if __name__ == "__main__":
    print(msgspec.json.format(msgspec.json.encode(document())).decode())  # noqa: T201
