"""``GET /api/queries``: the newest exchanges as JSON lines or CSV, filtered and bounded."""

import csv
import io
import math
from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import TypeVar

import falcon

from dnsproxy.core.exchange import Exchange, Source
from dnsproxy.core.querylog import Entry, ReplyClass, entry, line
from seamark.dns_side import Observed
from seamark.status.parameters import refuse_unknown
from seamark.wanted import Wanted

LIMIT = 100
LIMIT_MAX = 1000
_KNOWN = ["limit", "class", "source", "name", "client", "upstream", "since", "until", "format"]
# What a spreadsheet would take for a formula; a name that begins so is somebody's trap.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
# An exchange whose fields say how they are called.
_SHAPE = Exchange(0.0, 0.0, "", tcp=False, name=None, qtype=0, rcode=None, source=Source.GATE)

T = TypeVar("T", bound=StrEnum)


class Queries:
    """The resource. Read-only."""

    def __init__(self, observer: Observed) -> None:
        self._observer = observer

    def on_get(self, request: falcon.Request, response: falcon.Response) -> None:
        """The newest first; 400 for parameters that say nothing."""
        refuse_unknown(request, _KNOWN)
        limit = request.get_param_as_int("limit", min_value=1, max_value=LIMIT_MAX, default=LIMIT)
        form = request.get_param("format", default="lines")
        if form not in {"lines", "csv"}:
            raise falcon.HTTPInvalidParam("Known formats: lines, csv.", "format")
        found = self._observer.find(_wanted(request), limit)
        if form == "csv":
            response.content_type = "text/csv; charset=utf-8"
            response.set_header("Content-Disposition", 'attachment; filename="queries.csv"')
            response.stream = as_csv(map(entry, found))
        else:
            response.content_type = "application/x-ndjson"
            response.stream = (line(exchange).encode() for exchange in found)


def as_csv(entries: Iterable[Entry]) -> Iterator[bytes]:
    """Entries as lines of CSV (RFC 4180) below a head line.

    No cell is a formula: one that would be has an apostrophe in front, as OWASP says.
    """
    yield _csv_line(entry(_SHAPE).keys())
    for one in entries:
        yield _csv_line(map(_cell, one.values()))


def _cell(value: object) -> str:
    if value is None:
        return ""
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return f"'{text}" if text.startswith(_FORMULA) else text


def _csv_line(cells: Iterable[str]) -> bytes:
    written = io.StringIO()
    csv.writer(written).writerow(cells)
    return written.getvalue().encode()


def _wanted(request: falcon.Request) -> Wanted:
    """Raises falcon.HTTPError."""
    return Wanted(
        name=_text(request, "name").lower(),
        client=_text(request, "client"),
        server=_text(request, "upstream"),
        classes=_words(request, "class", ReplyClass),
        sources=_words(request, "source", Source),
        since=_time(request, "since", 0.0),
        until=_time(request, "until", math.inf),
    )


def _text(request: falcon.Request, parameter: str) -> str:
    return request.get_param_as_list(parameter, default=[""])[-1]


def _time(request: falcon.Request, parameter: str, default: float) -> float:
    found = request.get_param_as_float(parameter, min_value=0, default=default)
    if not math.isfinite(found) and parameter in request.params:
        raise falcon.HTTPInvalidParam("Seconds since the epoch.", parameter)
    return found


def _words(request: falcon.Request, parameter: str, kind: type[T]) -> frozenset[T]:
    """Those of a fixed set, a comma list or the parameter several times."""
    words = request.get_param_as_list(parameter, default=[])
    try:
        return frozenset(kind(part) for word in words for part in word.split(","))
    except ValueError as error:
        known = ", ".join(kind)
        plural = f"{parameter}es" if parameter.endswith("s") else f"{parameter}s"
        raise falcon.HTTPInvalidParam(f"Known {plural}: {known}.", parameter) from error
