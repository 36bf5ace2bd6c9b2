"""Queries as dnspython writes them: a second implementation, so that no fault of ours agrees with
itself.
"""

import dns.message
import dns.name
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset

from dnsproxy.core.gate import Query, admit
from dnsproxy.core.wire import Message, scan


def query_wire(name: str, qtype: str = "A", size: int | None = None, **changes: int) -> bytes:
    """A query's bytes; ``size`` is the EDNS size, None for no EDNS."""
    message = dns.message.make_query(name, qtype, use_edns=size is not None, payload=size or 0)
    message.id = changes.get("id", 0x1234)
    return message.to_wire()


def query(name: str, qtype: str = "A", size: int | None = None) -> Query:
    """A query that has passed the gate."""
    found = admit(query_wire(name, qtype, size))
    assert isinstance(found, Query)
    return found


def reply(asked: Query, *records: str, rcode: int = 0, additional: tuple[str, ...] = ()) -> Message:
    """A scanned reply to a query with records as in a zone file."""
    message = dns.message.make_response(dns.message.from_wire(asked.message.wire))
    message.set_rcode(dns.rcode.Rcode(rcode))
    message.answer = [_rrset(record) for record in records]
    message.additional = [_rrset(record) for record in additional]
    return scan(message.to_wire(max_size=65535))


def _rrset(record: str) -> dns.rrset.RRset:
    owner, ttl, qtype, data = record.split(maxsplit=3)
    return dns.rrset.from_text(owner, int(ttl), "IN", qtype, data)
