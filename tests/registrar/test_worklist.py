"""The coalescing set of containers to look at."""

from hypothesis import given, strategies as st

from registrar.core.worklist import WorkList


def test_many_marks_are_one_look():
    """However many events name a container."""
    work = WorkList()
    for _ in range(3):
        work.mark("a")
    assert work.take(0) == "a"
    assert None is work.take(0)


def test_a_mark_during_a_look_is_a_second_look_afterwards():
    """Nothing marked is ever lost, and never are two at one container."""
    work = WorkList()
    work.mark("a")
    work.take(0)
    work.mark("a")
    assert None is work.take(0)
    work.done("a")
    assert work.take(0) == "a"


def test_a_later_look_waits_for_its_time():
    """And says when that is."""
    work = WorkList()
    work.mark_at("a", 5.0)
    assert None is work.take(4.9)
    assert work.next_due() == 5.0
    assert work.take(5.0) == "a"
    assert None is work.next_due()


def test_a_mark_brings_a_later_look_forward():
    """A retry does not hold up an event."""
    work = WorkList()
    work.mark_at("a", 5.0)
    work.mark("a")
    assert work.take(0) == "a"
    work.done("a")
    assert None is work.take(9)


@given(st.lists(st.tuples(st.sampled_from("mltd"), st.sampled_from("abc")), max_size=60))
def test_every_mark_is_followed_by_a_look_that_began_after_it(steps):
    """Over any order of marks, takes and ends."""
    work = WorkList()
    owed: set[str] = set()
    busy: set[str] = set()
    for step, key in steps:
        if step == "m":
            work.mark(key)
            owed.add(key)
        elif step == "l":
            work.mark_at(key, 1.0)
            owed.add(key)
        elif step == "t":
            taken = work.take(2.0)
            if taken is not None:
                assert taken not in busy
                busy.add(taken)
                owed.discard(taken)
        elif key in busy:
            work.done(key)
            busy.discard(key)
    for key in busy:
        work.done(key)
    while (taken := work.take(2.0)) is not None:
        owed.discard(taken)
        work.done(taken)
    assert set() == owed
    assert len(work) == 0


def test_progress_counts_the_looks_since_there_was_nothing_to_do():
    """A second look at the same is one more; one that is due later is none yet."""
    work = WorkList()
    assert (0, 0) == work.progress
    for key in "abc":
        work.mark(key)
    work.mark_at("d", 9.0)
    assert (0, 3) == work.progress
    for key in "ab":
        assert key == work.take(0)
    work.done("a")
    work.mark("b")
    assert (1, 4) == work.progress
    work.done("b")
    for _ in "cb":
        taken = work.take(0)
        assert taken is not None
        work.done(taken)
    assert (0, 0) == work.progress
