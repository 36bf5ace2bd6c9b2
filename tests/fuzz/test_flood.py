"""A share of the malformed packets that `make soak` sends."""

import pytest

from tests.fuzz.flood import flood, grew


@pytest.mark.lab
def test_malformed_packets_leave_the_process_as_it_was():
    """It answers between any 64 of them and after all, has grown by nothing, and says nothing."""
    found = flood(50_000, seed=1)
    print(found)
    assert "" == found.new_log
    assert not grew(found), found
