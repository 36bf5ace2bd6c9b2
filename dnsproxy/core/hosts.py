"""Names and addresses written down by people in the form of hosts(5)."""

import ipaddress
import re
from collections.abc import Iterable
from dataclasses import dataclass

from dnsproxy.core.names import Name, from_text, lower
from dnsproxy.core.records import Address, Reply, ResourceRecord, address, pointing
from dnsproxy.core.reverse import address_of
from dnsproxy.core.wire import Question, Type
from dnsproxy.errors import HostsError

# A minute: whoever edits a line wants to see it soon.
TTL = 60

# Host names as they are asked for: an IDN is asked in its ASCII form, and `*` matches nothing.
_HOST_NAME = re.compile(r"[A-Za-z0-9_.-]+", re.ASCII)


@dataclass(frozen=True, slots=True)
class HostsEntry:
    """One line: an address and the names of what is there, in the spelling of the line."""

    address: Address
    names: tuple[Name, ...]


def parse(lines: Iterable[tuple[str, str]]) -> tuple[list[HostsEntry], list[HostsError]]:
    """The entries of lines that come with where they stand (``/etc/hosts:3``), and what is wrong.

    A line that cannot be used costs only itself; whether it is also an error is the caller's
    choice.
    """
    entries: list[HostsEntry] = []
    errors: list[HostsError] = []
    for where, line in lines:
        words = line.partition("#")[0].split()
        if not words:
            continue
        try:
            entries.append(_entry(where, words))
        except HostsError as error:
            errors.append(error)
    return entries, errors


def _entry(where: str, words: list[str]) -> HostsEntry:
    try:
        ip = ipaddress.ip_address(words[0])
    except ValueError as error:
        hint = "write the address first, `10.0.0.9 printer.lan printer`"
        raise HostsError(where, f"`{words[0]}` is no IP address", hint) from error
    if getattr(ip, "scope_id", None):
        hint = "leave out `%` and what follows; if others need it, name a routed address"
        raise HostsError(where, f"`{words[0]}` means something on this host only", hint)
    if len(words) == 1:
        hint = "write names behind it, `10.0.0.9 printer.lan printer`"
        raise HostsError(where, f"`{words[0]}` has no name", hint)
    return HostsEntry(ip, tuple(_name(where, word) for word in words[1:]))


def _name(where: str, word: str) -> Name:
    if not _HOST_NAME.fullmatch(word):
        hint = "use letters, digits, `-`, `_` and dots; other letters as `xn--...`; no wildcards"
        raise HostsError(where, f"`{word}` is no host name", hint)
    try:
        name = from_text(word)
    except ValueError as error:
        raise HostsError(where, str(error), "shorten or complete the name") from error
    if not name or name[-1].isdigit():
        # No top level domain is a number (RFC 1123 2.1): this is a second address.
        raise HostsError(where, f"`{word}` is no host name", "one address a line, the names behind")
    return name


class HostsTable:
    """Host names and their addresses. They stand for themselves alone, not for names below."""

    def __init__(self, entries: Iterable[HostsEntry] = ()) -> None:
        self._addresses: dict[Name, tuple[Address, ...]] = {}
        self._names: dict[Address, Name] = {}
        self.add(entries)

    def __len__(self) -> int:
        """How many names it has."""
        return len(self._addresses)

    def add(self, entries: Iterable[HostsEntry]) -> None:
        """Take entries in. The first line of an address says what it is called."""
        for entry in entries:
            for name in map(lower, entry.names):
                known = self._addresses.get(name, ())
                if entry.address not in known:
                    self._addresses[name] = (*known, entry.address)
            # 0.0.0.0 is how people block names; it is nobody's address.
            if not entry.address.is_unspecified:
                self._names.setdefault(entry.address, entry.names[0])

    def answer(self, question: Question) -> Reply | None:
        """What is here for a question; None if the name, or the address of a PTR, is not here.

        A name that is here has no records of other types: NODATA, without an SOA. There is no zone
        of ours around it that an SOA could speak for, and so nobody remembers the denial (RFC 2308
        5): an address that is added to a line is seen at once, and asking again costs nothing.
        """
        records = self._records(question)
        if records is None:
            return None
        found = tuple(r for r in records if question.qtype in {r.rtype, Type.ANY})
        return Reply(answer=found, authoritative=True)

    def _records(self, question: Question) -> list[ResourceRecord] | None:
        addresses = self._addresses.get(question.key)
        if addresses is not None:
            return [address(question.name, ip, TTL) for ip in addresses]
        ip = address_of(question.key)
        called = self._names.get(ip) if ip is not None else None
        return [pointing(question.name, Type.PTR, called, TTL)] if called is not None else None
