"""Lines of hosts(5), and what they answer."""

import ipaddress

import dns.message
import dns.rcode
import dns.rdatatype
import pytest
from hypothesis import given, strategies as st

from dnsproxy.core.hosts import HostsTable, parse
from dnsproxy.core.names import from_text
from dnsproxy.core.replies import write
from tests.dnsproxy.packets import query

LINES = """\
# a comment
10.0.0.9   Printer.lan printer   # another
10.0.0.8\tnas.lan
10.0.0.8\tnas.lan
fd00::8 nas.lan nas6\r

10.0.0.7 nas.lan
10.0.0.9 copier.lan
0.0.0.0 ads.example
dead.lan
"""


def table(text: str) -> HostsTable:
    """The table of a file's good lines."""
    entries, _ = parse((f"hosts:{n}", line) for n, line in enumerate(text.split("\n"), start=1))
    return HostsTable(entries)


def ask(name: str, qtype: str, text: str = LINES) -> dns.message.Message | None:
    """The reply as a client reads it; None if the table has none."""
    asked = query(name, qtype)
    found = table(text).answer(asked.question)
    return None if found is None else dns.message.from_wire(write(asked, found, 65535))


def records(name: str, qtype: str, text: str = LINES) -> list[str]:
    """The answers as `TTL TYPE data`, in order; the table must have one."""
    reply = ask(name, qtype, text)
    assert reply is not None
    assert dns.rcode.NOERROR == reply.rcode()
    assert dns.flags.AA & reply.flags
    return [
        f"{rrset.ttl} {dns.rdatatype.to_text(rrset.rdtype)} {item.to_text()}"
        for rrset in reply.answer
        for item in rrset
    ]


@pytest.mark.parametrize("name", ["printer.lan", "printer", "PRINTER.Lan"])
def test_all_names_of_a_line_have_its_address(name):
    """In any case, and the client gets its spelling back."""
    assert ["60 A 10.0.0.9"] == records(name, "A")
    reply = ask(name, "A")
    assert reply is not None
    assert f"{name}." == str(reply.answer[0].name)


def test_a_name_has_the_addresses_of_all_its_lines_once():
    """In their order, whichever family is asked for."""
    assert ["60 A 10.0.0.8", "60 A 10.0.0.7"] == records("nas.lan", "A")
    assert ["60 AAAA fd00::8"] == records("nas.lan", "AAAA")
    both = ["60 A 10.0.0.8", "60 A 10.0.0.7", "60 AAAA fd00::8"]
    assert sorted(both) == sorted(records("nas.lan", "ANY"))
    # Counted before dnspython reads them: it drops what is there twice.
    reply = table(LINES).answer(query("nas.lan", "A").question)
    assert reply is not None
    assert 2 == len(reply.answer)


@pytest.mark.parametrize(
    ("name", "qtype"), [("printer", "AAAA"), ("nas6", "A"), ("printer", "MX"), ("printer", "HTTPS")]
)
def test_a_name_without_the_type_exists(name, qtype):
    """NODATA, for the name is there; and no SOA, so that nobody remembers the denial."""
    reply = ask(name, qtype)
    assert reply is not None
    assert dns.rcode.NOERROR == reply.rcode()
    assert [] == reply.answer
    assert [] == reply.authority


@pytest.mark.parametrize(
    ("name", "qtype"),
    [
        ("other.lan", "A"),
        ("lan", "A"),
        ("x.printer.lan", "A"),
        (r"printer\.lan", "A"),
        ("dead.lan", "A"),
        ("1.0.0.10.in-addr.arpa", "PTR"),
        ("0.0.10.in-addr.arpa", "PTR"),
        ("0.0.0.0.in-addr.arpa", "PTR"),
        (".", "NS"),
    ],
)
def test_what_is_not_written_down_is_somebody_elses_question(name, qtype):
    """Also what lies above or below a name, and 0.0.0.0, by which names are blocked."""
    assert None is ask(name, qtype)


def test_an_address_is_called_by_the_first_name_of_its_first_line():
    """In the line's spelling."""
    assert ["60 PTR Printer.lan."] == records("9.0.0.10.in-addr.arpa", "PTR")
    assert ["60 PTR nas.lan."] == records("8." + "0." * 29 + "d.f.ip6.arpa", "PTR")
    assert ["60 PTR Printer.lan."] == records("9.0.0.10.IN-ADDR.ARPA", "ANY")
    assert [] == records("9.0.0.10.in-addr.arpa", "TXT")


def test_a_blocked_name_is_nowhere():
    """Block lists are written so."""
    assert ["60 A 0.0.0.0"] == records("ads.example", "A")


@pytest.mark.parametrize(
    ("line", "problem", "hint"),
    [
        ("printer 10.0.0.9", "`printer` is no IP address", "the address first"),
        ("10.0.0.256 a", "`10.0.0.256` is no IP address", "the address first"),
        ("010.0.0.1 a", "`010.0.0.1` is no IP address", "the address first"),
        ("10.0.0.0/24 a", "`10.0.0.0/24` is no IP address", "the address first"),
        ("fe80::1%eth0 a", "`fe80::1%eth0` means something on this host only", "leave out `%`"),
        ("10.0.0.9", "`10.0.0.9` has no name", "names behind it"),
        ("10.0.0.9 # a", "`10.0.0.9` has no name", "names behind it"),
        ("10.0.0.9 a..b", "`a..b` has a label that is empty", "complete the name"),
        ("10.0.0.9 " + "x" * 64, "has a label that is empty or longer than 63", "shorten"),
        ("10.0.0.9 " + ".".join(["x" * 60] * 5), "is longer than 255 bytes", "shorten"),
        ("10.0.0.9 a *.lan", "`*.lan` is no host name", "no wildcards"),
        ("10.0.0.9 bücher.lan", "`bücher.lan` is no host name", "`xn--...`"),
        ("10.0.0.9 a,b", "`a,b` is no host name", "use letters"),
        ("10.0.0.9 .", "`.` is no host name", "one address a line"),
        ("10.0.0.9 10.0.0.8 a", "`10.0.0.8` is no host name", "one address a line"),
    ],
)
def test_a_line_that_cannot_be_used_says_where_what_and_what_to_do(line, problem, hint):
    """And the lines around it stay."""
    lines = [("hosts:1", "10.0.0.1 one"), ("hosts:2", line), ("hosts:3", "10.0.0.3 three")]
    entries, (error,) = parse(lines)
    assert [(from_text("one"),), (from_text("three"),)] == [entry.names for entry in entries]
    assert str(error).startswith("hosts:2: `")
    assert problem in str(error)
    assert hint in error.hint


@given(st.text())
def test_any_text_is_read_line_by_line(text):
    """Each line is an entry, an error, or nothing that anybody wrote."""
    lines = [(str(number), line) for number, line in enumerate(text.split("\n"))]
    entries, errors = parse(lines)
    written = [line for _, line in lines if line.partition("#")[0].strip()]
    assert len(written) == len(entries) + len(errors)


@given(st.ip_addresses(), st.from_regex(r"\A[a-z][a-z0-9-]{0,20}(\.[a-z]{1,8}){0,3}\Z"))
def test_what_is_written_is_answered_both_ways(ip, name):
    """Forwards and back, whatever address and name."""
    line = f"{ip} {name}"
    qtype = "A" if ip.version == 4 else "AAAA"
    # dnspython writes some IPv6 addresses in another form than the standard library.
    (record,) = records(name, qtype, line)
    assert ip == ipaddress.ip_address(record.removeprefix(f"60 {qtype} "))
    if not ip.is_unspecified:
        assert [f"60 PTR {name}."] == records(ip.reverse_pointer, "PTR", line)
