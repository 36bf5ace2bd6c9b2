"""Exchanges to watch, and names that nobody should have to see."""

from dataclasses import replace
from typing import Any

from dnsproxy.core.exchange import Exchange, Source
from dnsproxy.core.names import Name

GOOD = Exchange(
    at=1_700_000_000.1234,
    took=0.0004567,
    client="172.17.0.4",
    tcp=False,
    name=(b"svc4", b"service", b"consul"),
    qtype=1,
    rcode=0,
    source=Source.UPSTREAM,
    zone="consul.",
    server="127.0.0.1:8600",
    size=53,
    answers=1,
)
HOSTILE: dict[str, Name] = {
    "a script": (b"<script>alert(1)</script>", b"consul"),
    "a tag's end": (b"</pre><img src=x onerror=alert(1)>",),
    "ANSI": (b"\x1b[2J\x1b]0;owned\x07",),
    "C1 by one byte": (b"\x9b2J",),
    "C1 in UTF-8": (b"\xc2\x9b2J",),
    "NUL": (b"a\0b",),
    "a formula": (b"=cmd|' /C calc'!A0",),
    "another formula": (b"@SUM(1+1)*cmd",),
    "quotes": (b"\"},{'x':\"",),
    "lines": (b"x\r\n{}\n",),
    "backslashes": (b"\\", b"a\\032"),
    "dots inside": (b"www.consul",),
    "Latin-1": (b"\xe4\xf6\xfc\xff",),
    "right to left": ("\u202e".encode(), "\u2028".encode()),
    "braces of a template": (b"${jndi:ldap://x}", b"{{7*7}}", b"%(x)s%n"),
    "as long as can be": (b"\xff" * 63, b"\xff" * 63, b"\xff" * 63, b"\xff" * 61),
}


def exchange(**changes: Any) -> Exchange:
    """An answered A query, but for what is given."""
    return replace(GOOD, **changes)
