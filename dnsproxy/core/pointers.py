"""The names of a message with their pointers followed, within bounds (RFC 9267).

Pointers let a message say more than it is long: 64 KiB can spell 4,000 names of 127 labels. Whoever
follows them one by one is busy for most of a second with one message, and serves nobody meanwhile.
"""

from typing import NamedTuple

from dnsproxy.core.names import NAME_MAX, Name
from dnsproxy.errors import MalformedMessage

# More pointers than this in one name are a game, not compression.
JUMPS_MAX = 16
# No message without pointers can have more; honest ones with pointers have half as many at most.
LABELS_MAX = 32768


class _Place(NamedTuple):
    """A name that a pointer led to: its labels, their bytes, and how many more pointers it took.

    ``end`` is where its own bytes end, behind the root or a further pointer.
    """

    name: Name
    size: int
    jumps: int
    end: int


class NameReader:
    """Reads the names of one message: what a pointer leads to once, however many lead there."""

    def __init__(self, wire: bytes) -> None:
        self._wire = wire
        self._places: dict[int, _Place] = {}
        self._left = LABELS_MAX

    def read(self, offset: int) -> tuple[Name, int]:
        """The name at ``offset``, and the offset behind it.

        Pointers must lead backwards, in few jumps, to a name of 255 bytes at most that ends before
        what points to it. All names together have ``LABELS_MAX`` labels, and one that is nothing
        but a pointer has none. Raises :class:`MalformedMessage`.
        """
        place = self._read(offset, 0)
        return place.name, place.end

    def _read(self, offset: int, depth: int) -> _Place:
        labels, end, target = _read_labels(self._wire, offset)
        if target is None:
            place = _Place(tuple(labels), end - offset, 0, end)
        else:
            if target >= offset:
                raise MalformedMessage("a name points forward")
            tail = self._places.get(target) or self._follow(target, depth + 1)
            if tail.end > offset:
                raise MalformedMessage("a name points into itself")
            size = end - 2 - offset + tail.size
            name = (*labels, *tail.name) if labels else tail.name
            place = _Place(name, size, tail.jumps + 1, end)
        self._check(place, len(place.name) if labels else 0)
        return place

    def _follow(self, target: int, depth: int) -> _Place:
        if depth > JUMPS_MAX:
            raise MalformedMessage("a name has too many pointers")
        place = self._places[target] = self._read(target, depth)
        return place

    def _check(self, place: _Place, labels: int) -> None:
        if place.size > NAME_MAX:
            raise MalformedMessage("a name is over 255 bytes")
        if place.jumps > JUMPS_MAX:
            raise MalformedMessage("a name has too many pointers")
        self._left -= labels
        if self._left < 0:
            raise MalformedMessage("the names of a message have too many labels")


def _read_labels(wire: bytes, offset: int) -> tuple[list[bytes], int, int | None]:
    """The labels up to the root or a pointer, the offset behind it, and where it points to."""
    labels: list[bytes] = []
    start = offset
    try:
        while length := wire[offset]:
            if length >= 0xC0:
                return labels, offset + 2, (length & 0x3F) << 8 | wire[offset + 1]
            if length > 63 or offset - start > NAME_MAX:
                raise MalformedMessage("a name is no name")
            labels.append(wire[offset + 1 : offset + 1 + length])
            offset += 1 + length
    except IndexError as error:
        raise MalformedMessage("a name is cut off") from error
    return labels, offset + 1, None
