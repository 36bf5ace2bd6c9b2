r"""Records as zone files write them (RFC 1035 5.1, RFC 3597 5).

What is no plain text is escaped as ``\DDD``: records come from strangers, and no byte of one may
steer a terminal.
"""

import ipaddress
import struct
from collections.abc import Callable

from dnslib import QTYPE, RDMAP, DNSBuffer

from dnsproxy.core.mnemonics import type_text
from dnsproxy.core.names import Name, to_text
from dnsproxy.core.records import ResourceRecord, Srv
from dnsproxy.core.wire import CLASS_IN, Type

_TIMES = struct.Struct("!5I")
_SPF = 99
# Whose text of dnslib's is as RFC 3597 and its kin want it.
_LIBRARYS = {"CAA", "DNSKEY", "DS", "CDS", "CDNSKEY", "RRSIG", "NSEC", "TLSA", "SSHFP", "HTTPS"}


def rdata_text(record: ResourceRecord) -> str:
    """The data of a record, never empty and never more than one line."""
    if record.rclass == CLASS_IN:
        try:
            text = _KNOWN.get(record.rtype, _others)(record)
        except (ValueError, AssertionError, struct.error, IndexError):
            text = ""
        if text and text.isascii() and text.isprintable():
            return text
    return _generic(record)


def record_text(record: ResourceRecord) -> str:
    """The whole record on one line, its columns divided by tabs, as dig does."""
    rclass = "IN" if record.rclass == CLASS_IN else f"CLASS{record.rclass}"
    columns = to_text(record.owner), str(record.ttl), rclass, type_text(record.rtype)
    return "\t".join((*columns, rdata_text(record)))


def _data(record: ResourceRecord) -> bytes:
    """As it stands in an uncompressed message."""
    return b"".join(part if isinstance(part, bytes) else _wire(part) for part in record.rdata)


def _wire(name: Name) -> bytes:
    return b"".join(bytes([len(label)]) + label for label in (*name, b""))


def _address(record: ResourceRecord) -> str:
    return str(ipaddress.ip_address(_data(record)))


def _target(record: ResourceRecord) -> str:
    assert record.target is not None
    return to_text(record.target)


def _preference(record: ResourceRecord) -> str:
    number = record.rdata[0]
    assert isinstance(number, bytes)
    return f"{int.from_bytes(number, 'big')} {_target(record)}"


def _srv(record: ResourceRecord) -> str:
    srv = Srv.of(record)
    return f"{srv.priority} {srv.weight} {srv.port} {to_text(srv.target)}"


def _soa(record: ResourceRecord) -> str:
    mname, rname, times = record.rdata
    assert isinstance(mname, tuple)
    assert isinstance(rname, tuple)
    assert isinstance(times, bytes)
    return " ".join((to_text(mname), to_text(rname), *map(str, _TIMES.unpack(times))))


def _strings(record: ResourceRecord) -> str:
    data, found = _data(record), []
    while data:
        length = data[0]
        if length >= len(data):
            raise ValueError("a string that is cut off")
        found.append(quoted(data[1 : 1 + length]))
        data = data[1 + length :]
    return " ".join(found)


def quoted(text: bytes) -> str:
    r"""A character string in quotes; what is not plain is ``\DDD``."""
    return '"' + "".join(map(_character, text)) + '"'


def _character(byte: int) -> str:
    if byte in b'"\\':
        return f"\\{byte:c}"
    return chr(byte) if 0x20 <= byte < 0x7F else f"\\{byte:03d}"


def _others(record: ResourceRecord) -> str:
    """By dnslib, which knows more types than anybody asks for; empty for what it cannot read."""
    name = type_text(record.rtype)
    if name not in _LIBRARYS or record.rtype not in QTYPE.forward:
        return ""
    data = _data(record)
    try:
        return str(RDMAP[name].parse(DNSBuffer(data), len(data)).toZone())
    except Exception:  # noqa: BLE001  (it raises what it likes for bytes that it does not expect)
        return ""


def _generic(record: ResourceRecord) -> str:
    data = _data(record)
    return rf"\# {len(data)} {data.hex()}".rstrip()


_KNOWN: dict[int, Callable[[ResourceRecord], str]] = {
    Type.A: _address,
    Type.AAAA: _address,
    Type.NS: _target,
    Type.CNAME: _target,
    Type.PTR: _target,
    Type.DNAME: _target,
    Type.MX: _preference,
    Type.SRV: _srv,
    Type.SOA: _soa,
    Type.TXT: _strings,
    _SPF: _strings,
}
