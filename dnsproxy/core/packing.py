"""Records into wire form: names compressed, cut at a record's border, nothing parsed."""

import struct
from collections.abc import Iterable

from dnsproxy.core.names import Name, lower
from dnsproxy.core.records import Reply, ResourceRecord
from dnsproxy.core.wire import HEADER, Question, Type

_RECORD = struct.Struct("!HHIH")
_POINTER = struct.Struct("!H")
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
        # A name in the message -> where; (where its parent is, its first label) -> where. So a
        # name is looked for label by label from the root, and never sliced: 127 labels would be
        # 127 slices of 64 labels each.
        self._whole: dict[Name, int] = {}
        self._children: dict[tuple[int, bytes], int] = {}
        self._owners: dict[Name, Name] = {}
        self._register(question.name, 0, HEADER.size, len(question.name))

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
        self._whole = {name: at for name, at in self._whole.items() if at < size}
        self._children = {key: at for key, at in self._children.items() if at < size}

    def _spelled(self, owner: Name) -> Name:
        spelled = self._owners.get(owner)
        if spelled is None:
            is_question = lower(owner) == self._question.key
            spelled = self._owners[owner] = self._question.name if is_question else owner
        return spelled

    def _name(self, name: Name, *, compress: bool = True) -> None:
        known = self._whole.get(name) if compress else None
        if known is not None:
            self.data += _POINTER.pack(0xC000 | known)
            return
        start = len(self.data)
        fresh, parent = self._nearest(name)
        for label in name[:fresh] if compress and parent else name:
            self.data.append(len(label))
            self.data += label
        self.data += _POINTER.pack(0xC000 | parent) if compress and parent else b"\0"
        self._register(name, parent, start, fresh)

    def _nearest(self, name: Name) -> tuple[int, int]:
        """How many of the first labels are new, and where the rest stands; 0: none of it does."""
        parent = 0
        for position in range(len(name), 0, -1):
            at = self._children.get((parent, name[position - 1]))
            if at is None:
                return position, parent
            parent = at
        return 0, parent

    def _register(self, name: Name, parent: int, start: int, fresh: int) -> None:
        """Remember that the ``fresh`` first labels of a name are written from ``start`` on."""
        at = start + sum(len(label) + 1 for label in name[:fresh])
        for label in reversed(name[:fresh]):
            at -= len(label) + 1
            if at > _POINTER_MAX:
                return
            self._children[parent, label] = at
            parent = at
        if name:
            self._whole[name] = parent


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
