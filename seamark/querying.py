"""What `seamark query` does: the command line says whom to ask for what, and how to show it."""

import ipaddress
from collections.abc import Sequence

from dnsproxy.core.endpoint import Endpoint
from dnsproxy.core.mnemonics import type_number
from dnsproxy.core.names import Name
from dnsproxy.core.wire import Type
from seamark import digging
from seamark.addresses import from_here, parse_endpoint
from seamark.asking import Answer
from seamark.errors import SettingsError
from seamark.reading import parse_name


def shown(answer: Answer, *, short: bool, as_json: bool) -> str:
    """The answer in the manner that was asked for."""
    if as_json:
        return digging.as_json(answer) + "\n"
    blocks = [digging.short(answer) if short else digging.as_dig(answer)]
    if answer.explanation is not None:
        blocks.append(digging.explained(answer.explanation))
    return "".join(f"{block}\n" for block in blocks if block)


def wanted(name: str, rtype: str) -> tuple[Name, int]:
    """The name and the type to ask for, an address in reverse. Raises SettingsError."""
    try:
        reverse = ipaddress.ip_address(name).reverse_pointer
    except ValueError:
        reverse = ""
    try:
        number = type_number(rtype or ("PTR" if reverse else "A"))
    except ValueError as error:
        raise SettingsError(
            f"TYPE: {error}", "write `A`, `AAAA`, `SRV`, `TXT`, `TYPE65`"
        ) from error
    if reverse and number == Type.PTR:
        return parse_name(reverse, "NAME"), number
    return parse_name(name, "NAME"), number


def server(given: str | None, listen: Sequence[str]) -> Endpoint:
    """Whom to ask, by default a listener of ours. Raises SettingsError."""
    if given is not None:
        return parse_endpoint(given, "server", 53)
    if not listen:
        raise SettingsError("dns.listen: no address", "name the proxy with --server ADDR:PORT")
    return from_here(parse_endpoint(listen[0], "listen"))
