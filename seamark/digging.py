"""An answer in words: as dig shows it, the data alone, or as JSON. All of it is ASCII."""

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from dnsproxy.core.mnemonics import rcode_text, type_text
from dnsproxy.core.names import to_text
from dnsproxy.core.presentation import rdata_text, record_text
from dnsproxy.core.records import Records
from dnsproxy.core.wire import AA, AD, CD, QR, RA, RD, TC, Type
from seamark import __version__
from seamark.asking import Answer
from seamark.logs import printable

_FLAGS = {"qr": QR, "aa": AA, "tc": TC, "rd": RD, "ra": RA, "ad": AD, "cd": CD}
# RFC 8914 5.2, as far as servers say them.
_WHY = {
    0: "Other",
    3: "Stale Answer",
    6: "DNSSEC Bogus",
    9: "DNSKEY Missing",
    13: "Cached Error",
    15: "Blocked",
    18: "Prohibited",
    22: "No Reachable Authority",
    23: "Network Error",
}


def as_dig(answer: Answer) -> str:
    """The whole reply."""
    return "\n".join(_lines(answer))


def short(answer: Answer) -> str:
    """The data of the answers, a line each, as `dig +short` does."""
    return "\n".join(map(rdata_text, answer.reply.answer))


def as_json(answer: Answer) -> str:
    """One object, indented."""
    reply = answer.reply
    found: dict[str, Any] = {
        "question": {"name": to_text(answer.question.name), "type": _type(answer)},
        "rcode": rcode_text(reply.rcode),
        "flags": _flags(answer),
        "answer": _records(reply.answer),
        "authority": _records(reply.authority),
        "additional": _records(reply.additional),
        "why": [{"code": code, "text": text} for code, text in answer.why],
        "server": str(answer.server),
        "transport": "tcp" if answer.tcp else "udp",
        "time_ms": round(answer.took * 1000, 3),
    }
    if answer.explanation is not None:
        found["explanation"] = answer.explanation
    return json.dumps(found, indent=2)


def explained(explanation: Mapping[str, Any]) -> str:
    """How the question was answered, for people, a line a step."""
    return "\n".join(map(_ascii, _explained(explanation)))


def _lines(answer: Answer) -> Iterator[str]:
    reply, message = answer.reply, answer.message
    name = to_text(answer.question.name)
    yield f"; <<>> seamark {__version__} <<>> {name} {_type(answer)} @{answer.server}"
    status = rcode_text(reply.rcode)
    yield f";; ->>HEADER<<- opcode: QUERY, status: {status}, id: {message.id if message else 0}"
    counts = len(reply.answer), len(reply.authority), len(reply.additional) + reply.has_opt
    yield (
        f";; flags: {' '.join(_flags(answer))}; QUERY: {1 if message else 0}, "
        f"ANSWER: {counts[0]}, AUTHORITY: {counts[1]}, ADDITIONAL: {counts[2]}"
    )
    yield ""
    opt = message.opt if message is not None else None
    if opt is not None:
        yield ";; OPT PSEUDOSECTION:"
        do = " do" if opt.ttl & 0x8000 else ""
        yield f"; EDNS: version: {opt.ttl >> 16 & 0xFF}, flags:{do}; udp: {opt.rclass}"
        for code, text in answer.why:
            words = f": ({_ascii(text)})" if text else ""
            yield f"; EDE: {code} ({_WHY.get(code, 'Unknown')}){words}"
    yield ";; QUESTION SECTION:"
    yield f";{name}\t\tIN\t{_type(answer)}"
    for title, records in _sections(answer).items():
        if records:
            yield f"\n;; {title} SECTION:"
            yield from map(record_text, records)
    yield f"\n;; Query time: {answer.took * 1000:.1f} msec"
    server = f"{answer.server.host}#{answer.server.port}"
    yield f";; SERVER: {server} ({'TCP' if answer.tcp else 'UDP'})"


def _sections(answer: Answer) -> dict[str, Records]:
    reply = answer.reply
    additional = tuple(one for one in reply.additional if one.rtype != Type.OPT)
    return {"ANSWER": reply.answer, "AUTHORITY": reply.authority, "ADDITIONAL": additional}


def _records(records: Records) -> list[dict[str, Any]]:
    return [
        {
            "name": to_text(record.owner),
            "ttl": record.ttl,
            "type": type_text(record.rtype),
            "data": rdata_text(record),
        }
        for record in records
        if record.rtype != Type.OPT
    ]


def _flags(answer: Answer) -> list[str]:
    flags = answer.message.flags if answer.message is not None else QR
    return [name for name, bit in _FLAGS.items() if flags & bit]


def _type(answer: Answer) -> str:
    return type_text(answer.question.qtype)


def _explained(explanation: Mapping[str, Any]) -> Iterator[str]:
    yield ";; HOW IT WAS ANSWERED:"
    for step in explanation["steps"]:
        told = _STEPS.get(step.get("what", ""), _unknown)(step)
        yield f"; {step.get('what', '')!s:<10} {told}"
    source, server = explanation.get("source", ""), explanation.get("server", "")
    words = f"{_SOURCES.get(source, source)}{f', from {server}' if server else ''}"
    yield f"; {'answered':<10} {words}, in {explanation.get('took_ms', 0)} ms"


def _zone(step: Mapping[str, Any]) -> str:
    return f"{step.get('name', '')} {step.get('type', '')} lies in {step.get('zone', '')}"


def _memory(step: Mapping[str, Any]) -> str:
    until = f"holds for {step.get('left_s', 0):.1f} s more"
    if step.get("watched"):
        until += " unless a watch tells of a change"
    return f"asked for {step.get('age_s', 0):.1f} s ago, {until}"


def _asked(step: Mapping[str, Any]) -> str:
    return f"{step.get('server', '')}: {step.get('outcome', '')}, {step.get('took_ms', 0)} ms"


def _unknown(step: Mapping[str, Any]) -> str:
    return ", ".join(f"{key} {value}" for key, value in step.items() if key != "what")


_STEPS: dict[str, Callable[[Mapping[str, Any]], str]] = {
    "zone": _zone,
    "memory": _memory,
    "asked": _asked,
    "joined": lambda step: "somebody had asked the same, and waited already",
    "held back": lambda step: f"it failed a moment ago: {step.get('reason', '')}",
    "stale": lambda step: "the last good answer, past its time",
}
_SOURCES = {
    "gate": "refused before anything was looked up",
    "hosts": "by an entry of hosts",
    "special": "by a rule for special names",
    "embedded": "from the embedded catalog",
    "memory": "from memory",
    "stale": "with the last good answer",
    "upstream": "as it was told",
    "nobody": "with SERVFAIL of our own: nobody gave an answer",
}


def _ascii(text: str) -> str:
    return printable(text).encode("ascii", "backslashreplace").decode()
