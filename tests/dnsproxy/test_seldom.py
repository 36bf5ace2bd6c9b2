"""When a log is told of what happens often."""

from dnsproxy.core.seldom import EVERY_S, Seldom


def test_the_first_time_is_told_at_once_and_those_after_it_together():
    """Nothing is left uncounted."""
    seldom = Seldom()
    assert [1, 0, 0] == [seldom.due(now) for now in (100.0, 100.0, 109.9)]
    assert [3, 0] == [seldom.due(now) for now in (100.0 + EVERY_S, 111.0)]


def test_a_clock_that_has_just_begun_keeps_nothing_back():
    """Monotonic time may be 0 on a host that was started now."""
    assert 1 == Seldom().due(0.0)
