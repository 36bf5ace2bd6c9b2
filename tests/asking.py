"""Asking DNS as clients do, with dnspython: a second implementation."""

import dns.exception
import dns.flags
import dns.message
import dns.query
import dns.rcode
import dns.rdatatype


def ask(
    port: int,
    name: str,
    qtype: str = "A",
    *,
    host: str = "127.0.0.1",
    tcp: bool = False,
    edns: int | None = None,
    timeout: float = 6,
) -> dns.message.Message:
    """The reply to one question; raises dns.exception.Timeout."""
    question = dns.message.make_query(name, qtype, use_edns=edns is not None, payload=edns or 0)
    exchange = dns.query.tcp if tcp else dns.query.udp
    return exchange(question, host, port=port, timeout=timeout)


def records(reply: dns.message.Message) -> set[str]:
    """The answer section as `TYPE data`."""
    return {
        f"{dns.rdatatype.to_text(rrset.rdtype)} {item.to_text()}"
        for rrset in reply.answer
        for item in rrset
    }


def addresses(port: int, name: str, host: str = "127.0.0.1") -> set[str]:
    """What `dig +short` prints."""
    return {record.split()[1] for record in records(ask(port, name, host=host))}


def rcode(reply: dns.message.Message) -> str:
    """NOERROR, NXDOMAIN, ..."""
    return dns.rcode.to_text(reply.rcode())
