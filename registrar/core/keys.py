"""Which metadata keys there are, and which one a misspelt key was probably meant to be."""

import difflib
import functools
from collections.abc import Iterator

from registrar.core.metadata import PREFIX, entries, split_key
from registrar.core.model import Container, Note

CONTROL = {
    "name": "the service's name",
    "id": "its id on the agent",
    "tags": "a comma list of tags",
    "ignore": "leave it out",
    "maintenance": "leave it out for now",
    "ip": "the address to register",
    "network": "the network whose address and port are registered",
    "family": "ipv4 or ipv6",
    "internal": "register the container's own address and port",
    "weight_passing": "SRV weight while its checks pass",
    "weight_warning": "SRV weight while one of them warns",
    "tag_override": "others may change the tags",
    "token": "the ACL token to register it with",
}
TAGGED = "tagged_address_"
CHECK = "check_"
_CHECK_HINTS = ("check_http", "check_https", "check_tcp", "check_script", "check_ttl", "check_grpc")
# One letter swapped in a short word (NAEM) is 0.75 alike; GAME is no worse, but only gets a note.
_ALIKE = 0.75


def is_control(attribute: str) -> bool:
    """Whether an attribute says how to register, and so does not go into the service's meta."""
    return attribute in CONTROL or attribute.startswith((TAGGED, CHECK))


def remarks(container: Container) -> Iterator[Note]:
    """Keys that look like one of ours and are none."""
    for key, _ in entries(container):
        hint = _hint(key)
        if hint:
            yield Note(container.name, key, hint, left_out=False)


@functools.lru_cache(maxsize=4096)
def _hint(key: str) -> str:
    prefix, underscore, rest = key.partition("_")
    if not underscore:
        return ""
    if prefix != PREFIX[:-1]:
        return _prefix_hint(prefix, rest)
    _, attribute = split_key(key)
    if is_control(attribute) or not attribute:
        return ""
    known = [*CONTROL, *_CHECK_HINTS]
    close = difflib.get_close_matches(attribute, known, n=1, cutoff=_ALIKE)
    if not close:
        return ""
    meant = key[: len(key) - len(attribute)] + close[0].upper()
    return f"an unknown key, so it goes into meta; did you mean `{meant}`?"


def _prefix_hint(prefix: str, rest: str) -> str:
    if prefix.upper() == PREFIX[:-1]:
        return f"ignored: a key starts with upper-case {PREFIX}"
    alike = difflib.SequenceMatcher(None, prefix.upper(), PREFIX[:-1]).ratio()
    if alike > _ALIKE and is_control(split_key(PREFIX + rest)[1]):
        return f"ignored; did you mean `{PREFIX}{rest}`?"
    return ""
