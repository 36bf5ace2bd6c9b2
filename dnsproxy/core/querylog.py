r"""What the query log tells of an exchange, and which exchanges it keeps.

An entry can be read anywhere: names are escaped (RFC 1035 5.1) and the JSON is ASCII, so that no
byte of a stranger steers a terminal, ends a line, or opens a tag in a page.
"""

import json
from collections.abc import Collection
from datetime import UTC, datetime
from enum import StrEnum
from fractions import Fraction

from dnsproxy.core.exchange import Exchange
from dnsproxy.core.mnemonics import rcode_text, type_text
from dnsproxy.core.names import to_text
from dnsproxy.core.wire import Rcode

Entry = dict[str, str | int | float | bool | None]

_json = json.JSONEncoder(separators=(",", ":")).encode
# JSON knows other ways to write these three, a page into which a line is pasted does not.
_UNHTML = str.maketrans({"<": "\\u003c", ">": "\\u003e", "&": "\\u0026"})


class ReplyClass(StrEnum):
    """What came of a query; every exchange is of exactly one."""

    OK = "ok"
    NODATA = "nodata"
    """NOERROR without a record of the type, CNAMEs or not, and nothing cut off (RFC 2308 2.2)."""
    NXDOMAIN = "nxdomain"
    SERVFAIL = "servfail"
    REFUSED = "refused"
    MALFORMED = "malformed"
    """The query was not one that we answer: FORMERR, NOTIMP, BADVERS."""
    OTHER = "other"
    """Any other rcode, and queries that were left unanswered."""


_BY_RCODE: dict[int | None, ReplyClass] = {
    Rcode.NXDOMAIN: ReplyClass.NXDOMAIN,
    Rcode.SERVFAIL: ReplyClass.SERVFAIL,
    Rcode.REFUSED: ReplyClass.REFUSED,
    Rcode.FORMERR: ReplyClass.MALFORMED,
    Rcode.NOTIMP: ReplyClass.MALFORMED,
    Rcode.BADVERS: ReplyClass.MALFORMED,
}
_OK, _NODATA, _OTHER = ReplyClass.OK, ReplyClass.NODATA, ReplyClass.OTHER


def classify(exchange: Exchange) -> ReplyClass:
    """The class of an exchange. Called for every query: kept cheap."""
    if exchange.rcode == 0:
        found = exchange.answers and not exchange.dangling
        return _OK if found or exchange.truncated else _NODATA
    return _BY_RCODE.get(exchange.rcode, _OTHER)


class Selection:
    """Which exchanges are kept: of the given classes (none: all), and of each class a share.

    ``sample`` is a number from 0 (none) to 1 (all). It is counted out, not drawn: of each class the
    first is kept and then evenly as many as the share says, so that failures, which are rare, are
    not lost among the many that went well.
    """

    def __init__(self, sample: float = 1.0, classes: Collection[ReplyClass] = ()) -> None:
        share = Fraction(str(sample))
        if not 0 <= share <= 1:
            raise ValueError(f"{sample} is no share: it must lie between 0 and 1")
        self._part, self._whole = share.numerator, share.denominator
        self._seen = dict.fromkeys(classes or ReplyClass, 0)
        self.takes_all = share == 1 and len(self._seen) == len(ReplyClass)

    def takes(self, reply_class: ReplyClass) -> bool:
        """Whether the next exchange of this class is kept."""
        seen = self._seen.get(reply_class)
        if seen is None:
            return False
        self._seen[reply_class] = (seen + self._part) % self._whole
        return seen < self._part


def entry(exchange: Exchange) -> Entry:
    """An exchange in words; None stands where there was no question, or no reply."""
    moment = datetime.fromtimestamp(exchange.at, UTC).isoformat(timespec="milliseconds")
    name = exchange.name
    return {
        "time": moment.removesuffix("+00:00") + "Z",
        "client": exchange.client,
        "transport": "tcp" if exchange.tcp else "udp",
        "name": None if name is None else to_text(name),
        "type": None if name is None else type_text(exchange.qtype),
        "rcode": None if exchange.rcode is None else rcode_text(exchange.rcode),
        "class": classify(exchange).value,
        "source": exchange.source.value,
        "zone": exchange.zone,
        "server": exchange.server,
        "duration_ms": round(exchange.took * 1000, 3),
        "size": exchange.size,
        "truncated": exchange.truncated,
        "answers": exchange.answers,
    }


def line(exchange: Exchange) -> str:
    """An exchange as one line of JSON, its end included."""
    return _json(entry(exchange)).translate(_UNHTML) + "\n"
