r"""Domain names as tuples of wire labels: ``(b"web", b"service", b"consul")``; the root is ``()``.

Names are compared, routed and remembered in this form only. As text, the one label ``www.consul``
and the two labels ``www``, ``consul`` look alike, and answers end up with the wrong asker.
"""

Name = tuple[bytes, ...]

ROOT: Name = ()
LABEL_MAX = 63
NAME_MAX = 255


def lower(name: Name) -> Name:
    """The canonical spelling: ASCII letters in lower case, other bytes as they are (RFC 4343)."""
    return tuple(map(bytes.lower, name))


def lies_in(name: Name, zone: Name) -> bool:
    """Whether a canonical name is a zone's or lies below it, by whole labels."""
    return name[len(name) - len(zone) :] == zone


def from_text(text: str) -> Name:
    r"""The name in a setting or a service definition; ``\.`` and ``\DDD`` as in RFC 1035 5.1.

    Raises ValueError for what cannot be a name: an empty label, one over 63 bytes, 255 in all.
    """
    if text in {"", "."}:
        return ROOT
    labels = tuple(_split(text))
    if labels[-1] == b"":
        # The dot at the end of an absolute name.
        labels = labels[:-1]
    if any(not 0 < len(label) <= LABEL_MAX for label in labels):
        raise ValueError(f"`{text}` has a label that is empty or longer than {LABEL_MAX} bytes")
    if wire_length(labels) > NAME_MAX:
        raise ValueError(f"`{text}` is longer than {NAME_MAX} bytes")
    return labels


def to_text(name: Name) -> str:
    r"""For people: absolute, with everything that is not plain text escaped as ``\DDD``."""
    if not name:
        return "."
    return "".join(_escape(label) + "." for label in name)


def wire_length(name: Name) -> int:
    """Bytes of the uncompressed wire form."""
    return sum(map(len, name)) + len(name) + 1


def _split(text: str) -> list[bytes]:
    labels = [bytearray()]
    raw = text.encode()
    position = 0
    while position < len(raw):
        byte = raw[position]
        position += 1
        if byte == ord("."):
            labels.append(bytearray())
            continue
        if byte == ord("\\"):
            byte, position = _unescape(raw, position)
        labels[-1].append(byte)
    return [bytes(label) for label in labels]


def _unescape(raw: bytes, position: int) -> tuple[int, int]:
    digits = raw[position : position + 3]
    if len(digits) == 3 and digits.isdigit() and int(digits) <= 255:
        return int(digits), position + 3
    if position >= len(raw):
        raise ValueError(f"`{raw.decode()}` ends in a backslash")
    return raw[position], position + 1


def _escape(label: bytes) -> str:
    return "".join(
        "\\" + chr(byte)
        if byte in b'."\\;()@$'
        else chr(byte)
        if 0x21 <= byte <= 0x7E
        else f"\\{byte:03d}"
        for byte in label
    )
