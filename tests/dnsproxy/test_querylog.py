"""The query log's pure half: classes, samples, and entries that no name can break."""

import json
from collections import Counter

import dns.rcode
import dns.rdatatype
import pytest
from hypothesis import given, strategies as st

from dnsproxy.core.exchange import Source
from dnsproxy.core.mnemonics import rcode_text, type_text
from dnsproxy.core.names import from_text, to_text
from dnsproxy.core.querylog import ReplyClass, Selection, classify, entry, line
from tests.dnsproxy.exchanges import GOOD, HOSTILE, exchange

LABELS = st.lists(st.binary(min_size=1, max_size=63), max_size=3).map(tuple)


@pytest.mark.parametrize(
    ("expected", "changes"),
    [
        ("ok", {}),
        ("nodata", {"answers": 0}),
        ("nodata", {"answers": 1, "dangling": True}),
        ("ok", {"answers": 1, "dangling": True, "truncated": True}),
        ("ok", {"answers": 0, "truncated": True}),
        ("nxdomain", {"rcode": 3, "answers": 0}),
        ("nxdomain", {"rcode": 3, "answers": 1}),
        ("servfail", {"rcode": 2}),
        ("refused", {"rcode": 5}),
        ("malformed", {"rcode": 1, "name": None}),
        ("malformed", {"rcode": 4}),
        ("malformed", {"rcode": 16}),
        ("other", {"rcode": 9}),
        ("other", {"rcode": 3841}),
        ("other", {"rcode": None, "size": 0}),
    ],
)
def test_every_exchange_is_of_one_class(expected, changes):
    """NODATA is not NXDOMAIN, and a cut answer is neither."""
    assert expected == classify(exchange(**changes))


def test_an_entry_tells_all_of_an_exchange():
    """The fields of docs/reference/query-log.md, times in UTC with milliseconds."""
    assert {
        "time": "2023-11-14T22:13:20.123Z",
        "client": "172.17.0.4",
        "transport": "udp",
        "name": "svc4.service.consul.",
        "type": "A",
        "rcode": "NOERROR",
        "class": "ok",
        "source": "upstream",
        "zone": "consul.",
        "server": "127.0.0.1:8600",
        "duration_ms": 0.457,
        "size": 53,
        "truncated": False,
        "answers": 1,
    } == entry(GOOD)


def test_an_entry_without_question_or_reply_says_null():
    """Not `A` or NOERROR, which are numbers that happen to be small."""
    found = entry(exchange(name=None, qtype=0, rcode=None, tcp=True, source=Source.GATE))
    assert (None, None, None) == (found["name"], found["type"], found["rcode"])
    assert ("tcp", "gate", "other") == (found["transport"], found["source"], found["class"])


def test_the_root_has_a_name():
    """A question for `.` is a question, with an empty tuple for its name."""
    assert "." == entry(exchange(name=(), qtype=2))["name"]


@pytest.mark.parametrize("name", HOSTILE.values(), ids=HOSTILE)
def test_r11_a_hostile_name_is_plain_text_on_one_line(name):
    """And nothing of it is lost: the text reads back as the very bytes."""
    check_line(line(exchange(name=name)), name)


@given(LABELS)
def test_r10_any_bytes_are_plain_text_on_one_line(name):
    """Whatever else somebody thinks of."""
    check_line(line(exchange(name=name)), name)


def check_line(text, name):
    """One line of printable ASCII that opens no tag, and the name in it."""
    assert text.endswith("}\n")
    assert text[:-1].isascii()
    assert text[:-1].isprintable()
    assert not set("<>&") & set(text)
    assert "=@+-".find(text[0]) < 0
    found = json.loads(text)["name"]
    assert found.isascii()
    assert found.isprintable()
    assert name == from_text(found)


@pytest.mark.parametrize("field", ["client", "zone", "server"])
def test_r11_no_other_text_breaks_a_line_either(field):
    """An interface's name in a link-local address may hold nearly any byte."""
    hostile = "fe80::1%\x1b[2J<b>\n\u202e\"'\\"
    text = line(exchange(**{field: hostile}))
    assert text[:-1].isprintable()
    assert text[:-1].isascii()
    assert "<" not in text
    assert hostile == json.loads(text)[field]


@pytest.mark.parametrize(
    ("sample", "expected"),
    [
        (1, [True] * 8),
        (0, [False] * 8),
        (0.5, [True, False, True, False, True, False, True, False]),
        (0.25, [True, False, False, False, True, False, False, False]),
        (0.75, [True, False, True, True, True, False, True, True]),
    ],
)
def test_a_sample_is_counted_out_and_begins_with_the_first(sample, expected):
    """No chance in it: who looks for one failure finds it."""
    selection = Selection(sample)
    assert expected == [selection.takes(ReplyClass.OK) for _ in range(8)]


@given(st.integers(1, 1000), st.integers(1, 2000))
def test_a_sample_of_any_size_is_the_share_it_says(thousandths, count):
    """The first, and of those behind it as many whole ones as the share makes."""
    selection = Selection(thousandths / 1000)
    taken = sum(selection.takes(ReplyClass.OK) for _ in range(count))
    assert 1 + (count - 1) * thousandths // 1000 == taken


def test_each_class_is_sampled_by_itself():
    """A hundred answers do not hide the one failure among them."""
    selection = Selection(0.01)
    seen = [ReplyClass.OK] * 100 + [ReplyClass.SERVFAIL] + [ReplyClass.OK] * 50
    assert {"ok": 2, "servfail": 1} == Counter(kind for kind in seen if selection.takes(kind))


def test_classes_that_were_not_named_are_left_out():
    """`dns.query_log_classes`."""
    selection = Selection(1, [ReplyClass.SERVFAIL, ReplyClass.REFUSED])
    assert ["servfail", "refused"] == [kind for kind in ReplyClass if selection.takes(kind)]


def test_only_a_selection_of_everything_takes_all():
    """The hot path leaves such a selection out."""
    assert Selection().takes_all
    assert Selection(1, list(ReplyClass)).takes_all
    assert not Selection(0.999).takes_all
    assert not Selection(1, [ReplyClass.OK]).takes_all


@pytest.mark.parametrize("sample", [-0.1, 1.1, float("nan"), float("inf")])
def test_what_is_no_share_is_refused(sample):
    """Settings are checked before; this is for those who call it."""
    with pytest.raises(ValueError):
        Selection(sample)


def test_types_are_named_as_dnspython_names_them():
    """A second opinion on every number (dnslib calls 53 HIP); what we do not name is TYPEn."""
    for number in range(65536):
        theirs = dns.rdatatype.to_text(dns.rdatatype.RdataType(number))
        assert type_text(number) in {theirs, f"TYPE{number}"}
    assert ["A", "HTTPS", "ANY", "TYPE65280"] == list(map(type_text, (1, 65, 255, 65280)))


def test_rcodes_are_named_as_dnspython_names_them():
    """The same for the other number."""
    for number in range(4096):
        theirs = dns.rcode.to_text(dns.rcode.Rcode(number))
        assert rcode_text(number) in {theirs, f"RCODE{number}"}
    assert ["NOERROR", "NXDOMAIN", "BADVERS"] == list(map(rcode_text, (0, 3, 16)))


def test_to_text_is_what_the_log_shows():
    """The same spelling as in every message of ours, so that one can be searched with the other."""
    assert to_text(HOSTILE["ANSI"]) == entry(exchange(name=HOSTILE["ANSI"]))["name"]
