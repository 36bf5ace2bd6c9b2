"""Attributes beyond name and place: meta, weights, tagged addresses.

What Consul would refuse costs itself, never the service: one bad pair would fail the whole
registration with 400.
"""

import re

from catalog.labels import parse_address, tagged_fault
from catalog.model import TaggedAddress, Weights
from registrar.core.keys import TAGGED, is_control
from registrar.core.placement import Place

# What Consul's agent accepts in Meta.
_META_KEY = re.compile(r"(?!consul-)[A-Za-z0-9_-]{1,128}")
_META_VALUE_MAX = 512
_META_PAIRS_MAX = 64
# Owner, container, and the digest of the checks.
_OUR_META_PAIRS = 3
_WEIGHT_MAX = 65535
_TOKEN = re.compile(r"[!-~]+")

Faults = list[tuple[str, str]]


def meta_of(attributes: dict[str, str], faults: Faults) -> dict[str, str]:
    """Every attribute that is no control key, as far as Consul takes it."""
    meta: dict[str, str] = {}
    for key in sorted(attributes):
        if is_control(key):
            continue
        reason = _meta_fault(key, attributes[key], len(meta))
        if reason:
            faults.append((key, reason))
        else:
            meta[key] = attributes[key]
    return meta


def _meta_fault(key: str, value: str, pairs: int) -> str:
    if not _META_KEY.fullmatch(key):
        return "Consul takes only A-Z, a-z, 0-9, _ and - in the key of a meta pair"
    if key.startswith("seamark-"):
        return "keys that start with `seamark-` are our own marks"
    size = len(value.encode("utf-8", "surrogatepass"))
    if size > _META_VALUE_MAX:
        return (
            f"{len(value)} characters in {size} bytes, "
            f"Consul takes {_META_VALUE_MAX} bytes in a meta value"
        )
    if pairs >= _META_PAIRS_MAX - _OUR_META_PAIRS:
        return f"more than {_META_PAIRS_MAX - _OUR_META_PAIRS} meta pairs"
    return ""


def weights_of(attributes: dict[str, str], faults: Faults) -> Weights:
    """SRV weights; Consul takes 1 to 65535 while passing, 0 to 65535 while warning."""
    found = {}
    for key, least in (("passing", 1), ("warning", 0)):
        text = attributes.get(f"weight_{key}", "")
        if not text:
            continue
        if text.isascii() and text.isdigit() and least <= int(text[:9]) <= _WEIGHT_MAX:
            found[key] = int(text)
        else:
            faults.append((f"weight_{key}", f"`{text}` is no number from {least} to {_WEIGHT_MAX}"))
    return Weights(**found)


def tagged_addresses(
    attributes: dict[str, str], place: Place, faults: Faults
) -> dict[str, TaggedAddress]:
    """``tagged_address_wan=203.0.113.5:80``, and the other family of a dual-stack container."""
    found: dict[str, TaggedAddress] = {}
    if place.other_family:
        for address in (place.address, place.other_family):
            key = "lan_ipv6" if ":" in address else "lan_ipv4"
            found[key] = TaggedAddress(address, place.port)
    for key, text in sorted(attributes.items()):
        if not key.startswith(TAGGED):
            continue
        host, port = _host_port(text, place.port)
        if not host or not 0 < port <= _WEIGHT_MAX or key == TAGGED:
            faults.append((key, f"`{text}` is no ADDRESS or ADDRESS:PORT"))
        elif fault := tagged_fault(key.removeprefix(TAGGED), host):
            faults.append((key, fault))
        else:
            found[key.removeprefix(TAGGED)] = TaggedAddress(host, port)
    return found


def _host_port(text: str, default: int) -> tuple[str, int]:
    """``host``, ``host:port``, ``[v6]:port`` or a bare IPv6 address; port 0 if it is none."""
    if parse_address(text) is not None:
        return text, default
    host, colon, port = text.rpartition(":")
    if not colon:
        return text.strip("[]"), default
    number = int(port) if port.isascii() and port.isdigit() and len(port) <= 5 else 0
    return host.strip("[]"), number


def token_of(attributes: dict[str, str], faults: Faults) -> str:
    """The ACL token of one service; it travels in an HTTP header."""
    token = attributes.get("token", "")
    if token and not _TOKEN.fullmatch(token):
        faults.append(("token", "not a token: one is made of printable characters, no blanks"))
        return ""
    return token
