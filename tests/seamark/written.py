"""A process whose settings are in a file, and upstreams for it."""

import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import dns.message

from tests.commands import Running
from tests.dnsproxy.scripted import says
from tests.upstream import ScriptedUpstream
from tests.waits import PATIENCE_S, Waits, pause


def upstream(address: str) -> ScriptedUpstream:
    """Says that of two names for a minute."""
    names = ("www.example", "www.other")
    return ScriptedUpstream(says({name: [f"{name}. 60 A {address}"] for name in names}))


class Written:
    """A process whose settings are in a file."""

    def __init__(self, file: Path, proxy: Running) -> None:
        self.file = file
        self.proxy = proxy

    def write(self, text: str) -> None:
        """As an editor does: a new file in its place."""
        fresh = self.file.with_suffix(".new")
        fresh.write_text(text)
        fresh.rename(self.file)

    def reload(self, text: str, waits: Waits, says: str = "reloaded (SIGHUP)") -> str:
        """Write, signal, and wait for a new line with these words; the line."""
        before = self.proxy.log.count(says)
        self.write(text)
        self.proxy.send(signal.SIGHUP)
        waits.until(says, lambda: self.proxy.log.count(says) > before, PATIENCE_S)
        return [line for line in self.proxy.log.splitlines() if says in line][-1]


@contextmanager
def started(file: Path, text: str, *flags: str) -> Iterator[Written]:
    """A proxy with that file."""
    file.write_text(text)
    own = ("--listen", "127.0.0.1:0", "--http", "off", "--consul-dns", "127.0.0.1:9")
    with Running("dnsproxy", *own, *flags, "--config", str(file)) as proxy:
        yield Written(file, proxy)


def root(server: ScriptedUpstream, more: str = "") -> str:
    """A file with that upstream."""
    return f'[dns]\nupstream = ["{server.address}"]\n{more}'


def held(release: list[bool]) -> ScriptedUpstream:
    """Says that of one name as soon as there is something in ``release``."""

    def slow(query: dns.message.Message) -> Sequence[bytes]:
        while not release:
            pause(0.01)
        return says({"www.example": ["www.example. 60 A 192.0.2.1"]})(query)

    return ScriptedUpstream(slow)
