"""A process with a status page, and what it is asked."""

import json
import urllib.request
from collections.abc import Sequence
from typing import Any

import dns.message
import dns.name
import dns.query

from tests.commands import Running
from tests.lab.consul import free_ports
from tests.upstream import reply_to

# First label of a name -> the rcode that the upstream of these tests gives; else there is one A.
_RCODES = {b"broken": 2, b"nowhere": 3}


class Stand(Running):
    """`seamark up` as a user starts it; a context manager. ``url`` is its page's."""

    command: tuple[str, ...] = ("seamark", "up")

    def __init__(self, *flags: str, http_port: int = 0) -> None:
        self.http_port = http_port or free_ports(1)[0]
        here = ["--listen", "127.0.0.1:0", "--http", f"127.0.0.1:{self.http_port}"]
        super().__init__(*self.command, *here, "--node", "node3", *flags)
        self.url = f"http://127.0.0.1:{self.http_port}/"

    def api(self, path: str) -> Any:
        """What is told under /api/."""
        with urllib.request.urlopen(f"{self.url}api/{path}", timeout=10) as answer:
            return json.load(answer)

    def ask(self, *names: str, client: str = "127.0.0.1") -> None:
        """One question each."""
        for name in names:
            self.ask_raw([label.encode() for label in name.split(".")], client)

    def ask_raw(self, labels: Sequence[bytes], client: str = "127.0.0.1") -> None:
        """A question for a name that nobody can write."""
        query = dns.message.make_query(dns.name.Name([*labels, b""]), "A")
        dns.query.udp(query, "127.0.0.1", port=self.port, source=client, timeout=10)


def answers(query: dns.message.Message) -> list[bytes]:
    """The upstream's script."""
    name = query.question[0].name
    rcode = _RCODES.get(name.labels[0], 0)
    if rcode:
        return [reply_to(query, rcode=rcode).to_wire()]
    reply = reply_to(query)
    if query.question[0].rdtype == dns.rdatatype.A:
        reply.answer.append(dns.rrset.from_rdata(name, 60, _ADDRESS))
    return [reply.to_wire()]


_ADDRESS = dns.rdata.from_text("IN", "A", "192.0.2.1")
