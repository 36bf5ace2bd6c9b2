"""Records into wire form: names compressed, cut at a record's border, nothing parsed."""

import struct
from collections.abc import Iterable

from dnsproxy.core.names import Name
from dnsproxy.core.records import Reply, ResourceRecord
from dnsproxy.core.wire import HEADER, Question, Type

_RECORD = struct.Struct("!HHIH")
_POINTER_MAX = 0x3FFF
# The types of RFC 1035 itself; in the data of all others a name is written out (RFC 3597 4).
_COMPRESSED = {2, 3, 4, 5, 6, 7, 8, 9, 12, 14, 15}


class Packer:
    """A message in the making, behind its header and question.

    Names are compressed against names of the very same spelling only: Consul's node names keep
    their capitals. The one exception is the question's, which the client gets back as it wrote it.
    """

    def __init__(self, question: Question) -> None:
        self._question = question
        self.data = bytearray(HEADER.size) + question.wire
        self._offsets: dict[Name, int] = {}
        offset = HEADER.size
        for position, label in enumerate(question.name):
            self._offsets[question.name[position:]] = offset
            offset += 1 + len(label)

    def add(self, record: ResourceRecord, limit: int) -> bool:
        """Append a record if the message then has ``limit`` bytes at most; whether it has."""
        start = len(self.data)
        self._name(self._spelled(record.owner))
        self.data += _RECORD.pack(record.rtype, record.rclass, record.ttl, 0)
        rdata = len(self.data)
        compress = record.rtype in _COMPRESSED
        for part in record.rdata:
            if isinstance(part, bytes):
                self.data += part
            else:
                self._name(part, compress=compress)
        struct.pack_into("!H", self.data, rdata - 2, len(self.data) - rdata)
        if len(self.data) <= limit:
            return True
        self.cut(start)
        return False

    def cut(self, size: int) -> None:
        """Go back to an earlier size. Nothing that is written later may point beyond it."""
        del self.data[size:]
        self._offsets = {name: at for name, at in self._offsets.items() if at < size}

    def _spelled(self, owner: Name) -> Name:
        name = self._question.name
        if owner == name or len(owner) != len(name):
            return owner
        same = all(a.lower() == b.lower() for a, b in zip(owner, name, strict=True))
        return name if same else owner

    def _name(self, name: Name, *, compress: bool = True) -> None:
        for position, label in enumerate(name):
            rest = name[position:]
            known = self._offsets.get(rest)
            if known is not None and compress:
                self.data += struct.pack("!H", 0xC000 | known)
                return
            if known is None and len(self.data) <= _POINTER_MAX:
                self._offsets[rest] = len(self.data)
            self.data.append(len(label))
            self.data += label
        self.data.append(0)


def pack(question: Question, reply: Reply, limit: int) -> tuple[bytes, tuple[int, int, int], bool]:
    """Question and records in ``limit`` bytes, room for the header in front of them.

    Returns the bytes, how many records each section has, and whether an answer or authority record
    had to be left out (the additional section may be cut silently, RFC 2181 9). Of a reply that was
    cut the answers stay as far as they fit, but never a CNAME without what it leads to: a client
    would take that for all there is.
    """
    packer = Packer(question)
    body = len(packer.data)
    answers = _fill(packer, reply.answer, limit)
    if answers < len(reply.answer):
        if not any(record.rtype != Type.CNAME for record in reply.answer[:answers]):
            packer.cut(body)
            answers = 0
        return bytes(packer.data), (answers, 0, 0), True
    end = len(packer.data)
    authorities = _fill(packer, reply.authority, limit)
    if authorities < len(reply.authority):
        packer.cut(end)
        return bytes(packer.data), (answers, 0, 0), True
    additionals = _fill(packer, reply.additional, limit)
    return bytes(packer.data), (answers, authorities, additionals), False


def _fill(packer: Packer, records: Iterable[ResourceRecord], limit: int) -> int:
    """Append the first records that fit; how many."""
    count = 0
    for record in records:
        if not packer.add(record, limit):
            break
        count += 1
    return count
