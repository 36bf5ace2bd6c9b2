"""Queries over TLS are as long as each other, read by dnspython."""

import dns.edns
import dns.message
import pytest

from dnsproxy.core.padding import BLOCK, padded
from dnsproxy.core.replies import QueryForm, upstream_query
from dnsproxy.core.request import Request
from dnsproxy.core.wire import question


@pytest.mark.parametrize("options", [b"", b"\xff\x25\0\4mark"])
@pytest.mark.parametrize("length", range(0, 254, 7))
def test_every_query_is_a_multiple_of_the_block(length: int, options: bytes):
    """RFC 8467 4.1; what else stands in the OPT stays there."""
    labels = [b"x" * 63] * (length // 64)
    name = (*labels, b"y" * (length % 64)) if length % 64 else tuple(labels)
    request = Request(question(name, 1))
    wire = upstream_query(request, 7, padded(QueryForm(1232, options), request))
    assert 0 == len(wire) % BLOCK
    kinds = [option.otype for option in dns.message.from_wire(wire).options]
    assert dns.edns.OptionType.PADDING == kinds[-1]
    assert bool(options) + 1 == len(kinds)


def test_without_edns_there_is_no_padding():
    request = Request(question((b"a",), 1))
    form = QueryForm(None)
    assert form == padded(form, request)
