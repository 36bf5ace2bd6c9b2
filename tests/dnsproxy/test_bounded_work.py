"""No message costs more than its length: the worst ones beside an ordinary one of the same size.

The figures of docs/explanation/bounded-work.md are those of ``python -m tests.dnsproxy.bounded``.
"""

from itertools import pairwise

import pytest

from dnsproxy.core.memory import TtlPolicy, settled
from dnsproxy.core.packing import Packer
from dnsproxy.core.pointers import LABELS_MAX, NameReader
from dnsproxy.core.records import unpack
from dnsproxy.core.wire import scan
from dnsproxy.errors import MalformedMessage
from tests.dnsproxy.bounded import QUERY, Stages, stages, stalls
from tests.dnsproxy.worst_replies import WORST, long_name, pointer

# The worst of them takes two and a half times as long as the ordinary one. Where names were spelled
# out anew for each record, it was eleven times.
WORST_TO_ORDINARY = 5
# The same through a process that shares its processors with others.
STALL_TO_STALL = 8


def total(found: Stages) -> float:
    """Of all stages."""
    return sum(found.values())


@pytest.mark.parametrize("kind", WORST)
def test_the_worst_message_costs_little_more_than_any_of_its_size(kind):
    """From its bytes to the bytes for the client, in processor time."""
    ordinary = total(stages(WORST["addresses"](QUERY.question.wire)))
    worst = total(stages(WORST[kind](QUERY.question.wire)))
    assert worst < WORST_TO_ORDINARY * ordinary


@pytest.mark.parametrize("kind", ["long owners", "names in data", "SRV", "NAPTR", "long CNAMEs"])
def test_a_message_whose_names_are_longer_than_any_message_is_refused(kind):
    """64 KiB that spell 400,000 labels are a game (RFC 9267), and nobody's answer."""
    with pytest.raises(MalformedMessage, match="too many labels"):
        unpack(scan(WORST[kind](QUERY.question.wire)))


def test_labels_are_counted_over_the_whole_message():
    """As many as a message without pointers can have, and not one more."""
    wire = long_name() + (b"\2aa" + pointer(0)) * 300
    reader = NameReader(wire)
    start = len(long_name())
    labels = 125 + 126
    reader.read(start)
    while labels + 126 <= LABELS_MAX:
        start += 5
        labels += len(reader.read(start)[0])
    with pytest.raises(MalformedMessage, match="too many labels"):
        reader.read(start + 5)


def test_a_name_that_is_only_a_pointer_costs_none():
    """Thousands of records may have one owner: its labels are there once."""
    reader = NameReader(long_name() + pointer(0))
    names = {id(reader.read(251)[0]) for _ in range(2 * LABELS_MAX)}
    assert 1 == len(names)


def test_the_records_of_one_long_owner_are_settled_and_written_as_pointers():
    """What is common to thousands of records is looked at once for all of them."""
    found = settled(unpack(scan(WORST["one long owner"](QUERY.question.wire))), TtlPolicy())
    packer = Packer(QUERY.question)
    sizes = [len(packer.data)]
    for record in found.answer:
        packer.add(record, 65535)
        sizes.append(len(packer.data))
    assert {16} == {after - before for before, after in pairwise(sizes[1:])}


@pytest.mark.lab
def test_others_are_answered_while_the_worst_message_is_read():
    """Through the real process: how long one who asks for what is remembered waits beside it."""
    found = stalls(["addresses", *WORST], rounds=3)
    ordinary = found.pop("addresses")
    for kind, seconds in found.items():
        assert seconds < STALL_TO_STALL * ordinary, (kind, seconds, ordinary)
