"""What of a service can be asked for by DNS, and can be told by it."""

import ipaddress
import re

_DNS_LABEL = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?")
_FAMILIES = {"lan_ipv4": 4, "wan_ipv4": 4, "lan_ipv6": 6, "wan_ipv6": 6}
_NAME_MAX = 253


def name_fault(name: str) -> str:
    """Why DNS cannot ask for a service of that name; empty if it can."""
    if _DNS_LABEL.fullmatch(name):
        return ""
    if "." in name:
        return f"`{name}` cannot be asked for by DNS: before the last dot stands a tag there"
    return f"`{name}` cannot be asked for by DNS: use up to 63 of A-Z, a-z, 0-9, - and _"


def tag_fault(tag: str) -> str:
    """Why DNS cannot ask for a tag; empty if it can. One with dots is several labels there."""
    if all(map(_DNS_LABEL.fullmatch, tag.split("."))):
        return ""
    return f"`{tag}` cannot be asked for by DNS: use A-Z, a-z, 0-9, -, _ and dots"


def parse_address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """The IP address that a text is, or None."""
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None


def address_fault(address: str) -> str:
    """Why an address that is not empty leads nowhere: neither an IP address nor a host name."""
    if parse_address(address) is not None:
        return ""
    labels = address.removesuffix(".").split(".")
    if len(address) <= _NAME_MAX and all(map(_DNS_LABEL.fullmatch, labels)):
        return ""
    return f"`{address}` is neither an IP address nor the name of a host"


def tagged_fault(key: str, address: str) -> str:
    """Why an agent takes no such tagged address (its validateService); empty if it does."""
    wanted = _FAMILIES.get(key)
    ip = parse_address(address)
    version = 0 if ip is None else 4 if getattr(ip, "ipv4_mapped", None) else ip.version
    return "" if wanted in {None, version} else f"`{address}` is no IPv{wanted} address"
