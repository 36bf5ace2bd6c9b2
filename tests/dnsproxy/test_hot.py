"""What is ready to be sent: for how long, in which order, and how much of it is kept."""

import ctypes
import math
import struct

import dns.message
import pytest

from dnsproxy.core.hot import RENEWED_S, HotAnswer, HotPlane, HotTable, Lease, Turns
from tests.dnsproxy.packets import query, reply

NOW = 1000.0


def body(*records: str, size: int | None = None) -> bytes:
    """A reply to an A question for www.example, without its id."""
    message = reply(query("www.example", size=size), *records)
    return message.wire[2:]


def answer(
    lease: Lease, *bodies: bytes, now: float = NOW, renewed_s: float = math.inf
) -> HotAnswer:
    """One that gives these bodies."""
    bodies = bodies or (body("www.example. 300 A 10.0.0.1"),)
    return HotAnswer(Turns(bodies, renewed_s), lease, None, [0], now)


def given(hot: HotAnswer) -> dns.message.Message:
    """The next body, as a client reads it."""
    address, size = hot.turn()
    return dns.message.from_wire(b"\0\1" + ctypes.string_at(address, size))


def ttls(hot: HotAnswer) -> set[int]:
    """What the next body tells."""
    return {rrset.ttl for rrset in given(hot).answer}


def test_ttls_count_down_from_when_the_answer_was_kept():
    """A second later a second less, and never below 0 (RFC 1035 3.2.1)."""
    two = body("www.example. 300 A 10.0.0.1", "www.example. 300 A 10.0.0.2")
    hot = answer(Lease(NOW + 600, NOW), two)
    assert {300} == ttls(hot)
    for seconds, left in ((1.5, 299), (2.0, 298), (250.0, 50), (301.0, 0)):
        assert hot.renew(NOW + seconds)
        assert {left} == ttls(hot)


def test_what_was_made_ready_late_counts_down_by_the_seconds_since():
    """Its bodies were written with the TTLs of that moment."""
    hot = answer(Lease(NOW + 600, NOW), body("www.example. 290 A 10.0.0.1"), now=NOW + 10.4)
    assert NOW + 11 == hot.until
    assert hot.renew(NOW + 12.1)
    assert {288} == ttls(hot)


def test_the_opts_flags_are_no_ttl():
    """They stand in its place (RFC 6891 6.1.3)."""
    asked = query("www.example", size=1232)
    wire = bytearray(reply(asked, "www.example. 300 A 10.0.0.1").wire[2:])
    opt = struct.pack("!BHHIH", 0, 41, 1232, 0x8000, 0)
    wire[-len(opt) :] = opt
    hot = answer(Lease(NOW + 600, NOW), bytes(wire))
    assert hot.renew(NOW + 100)
    address, size = hot.turn()
    assert ctypes.string_at(address, size).endswith(opt)
    assert {200} == ttls(hot)


def test_ttls_of_what_is_known_to_be_current_stay():
    """Consul's 0 as well as another that it was told to give."""
    hot = answer(Lease(NOW + 10, None))
    assert hot.renew(NOW + 9)
    assert {300} == ttls(hot)


def test_an_answer_ends_with_its_lease():
    """At its time, or at once when what it was made from is gone."""
    lease = Lease(NOW + 5, NOW)
    hot = answer(lease)
    assert not hot.renew(NOW + 5)
    another = answer(lease)
    assert another.until > NOW
    lease.end()
    assert (0.0, 0.0) == (another.until, lease.until)
    assert not another.renew(NOW)


def test_the_orders_of_an_answer_take_turns_and_are_made_anew_in_time():
    """Who comes next is told another address first; the same orders are not told for ever."""
    bodies = [body(f"www.example. 0 A 10.0.0.{number}") for number in (1, 2, 3)]
    lease = Lease(NOW + 600, None)
    hot = answer(lease, *bodies, renewed_s=RENEWED_S)
    firsts = [given(hot).answer[0][0].to_text() for _ in range(6)]
    assert ["10.0.0.1", "10.0.0.2", "10.0.0.3"] * 2 == firsts
    assert hot.renew(NOW + RENEWED_S - 1)
    assert not hot.renew(NOW + RENEWED_S)
    # The next order takes its place: a lease has so many forms only.
    assert [] == lease.answers
    assert answer(Lease(NOW + 600, None)).renew(NOW + RENEWED_S)


def test_who_keeps_it_learns_that_it_is_asked_for():
    """Else what is asked for most would be given up first there."""
    used: list[int] = []
    hot = answer(Lease(NOW + 600, NOW, lambda: used.append(1)))
    hot.renew(NOW + 1)
    hot.renew(NOW + 2)
    assert [1, 1] == used


def test_a_table_keeps_within_its_bytes_and_gives_up_the_oldest():
    """An answer takes its bytes once, also when it is made anew."""
    size = answer(Lease(NOW, NOW)).size
    table = HotTable(3 * size)
    for key in (b"a", b"b", b"a", b"c", b"d"):
        table.add(key, answer(Lease(NOW, NOW)))
    assert [b"a", b"c", b"d"] == list(table.answers)
    assert 3 * size == table.bytes


def test_what_takes_more_than_all_room_is_not_kept():
    """And what was there before is gone: it would be told in its place."""
    table = HotTable(answer(Lease(NOW, NOW)).size)
    table.add(b"a", answer(Lease(NOW, NOW)))
    table.add(b"a", answer(Lease(NOW, None), *[body("www.example. 0 A 10.0.0.1")] * 20))
    assert ({}, 0) == (table.answers, table.bytes)


@pytest.mark.parametrize("forms", [7, 8])
def test_a_lease_has_a_few_forms_only(forms: int):
    """Flags, sizes and options make more than anybody uses."""
    lease = Lease(NOW + 600, NOW)
    made = [answer(lease) for _ in range(forms)]
    assert (forms == 8) == lease.is_full
    lease.end()
    assert {0.0} == {each.until for each in made}
    assert not lease.is_full


def test_clients_of_one_view_share_a_table_and_those_of_another_do_not():
    """Who sees other zones is told other answers."""
    hot = HotPlane(lambda note: None, lambda count, took: None)
    inside, outside = object(), object()
    hot.know(b"\1", inside)
    hot.know(b"\2", inside)
    hot.know(b"\3", outside)
    assert hot.clients[b"\1"] is hot.clients[b"\2"] is hot.table(inside).answers
    assert hot.clients[b"\3"] is not hot.clients[b"\1"]
    hot.clear()
    assert {} == hot.clients
    assert {} == hot.table(inside).answers


def test_clients_are_known_up_to_a_bound(monkeypatch):
    """Whoever asks from every address of a network must not fill memory."""
    monkeypatch.setattr("dnsproxy.core.hot.CLIENTS_MAX", 3)
    hot = HotPlane(lambda note: None, lambda count, took: None)
    for number in range(10):
        hot.know(bytes([number]), None)
        assert 3 >= len(hot.clients)
    assert bytes([9]) in hot.clients
