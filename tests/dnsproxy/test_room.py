"""Who is let in, and who goes for somebody else."""

from dnsproxy.core.room import Owed, Places, Waiting


def filled(most: int, share: int = 99) -> Places[str]:
    """All places taken by hosts named like their connections: `a1`, `b1`, ..."""
    places: Places[str] = Places(most)
    for host in "abcdefgh"[:most]:
        assert None is places.enter(f"{host}1", host, share)
    return places


def test_where_all_places_are_taken_the_longest_idle_goes():
    """Not who came first: who has asked since is worth more than who has not."""
    places = filled(3)
    places.works("a1")
    places.rests("a1")
    assert ["b1", "c1", "a1"] == [places.enter(f"{n}", "new", 99) for n in range(3)]


def test_who_waits_for_an_answer_goes_last():
    """Only if nobody is idle, and then the one that has waited for longest."""
    places = filled(3)
    places.works("a1")
    places.works("c1")
    assert "b1" == places.enter("x", "x", 99)
    places.works("x")
    assert "a1" == places.enter("y", "y", 99)


def test_who_may_not_ask_goes_first():
    """However short it has been idle."""
    places = filled(2)
    places.leave("b1")
    assert None is places.enter("stranger", "s", 99, first=True)
    assert "stranger" == places.enter("x", "x", 99)


def test_a_host_with_its_share_loses_its_own_idle_connection():
    """Nobody else's, and there is room for others still."""
    places: Places[str] = Places(8)
    for item, host in (("0", "b"), ("1", "a"), ("2", "a")):
        assert None is places.enter(item, host, 2)
    places.works("1")
    assert "2" == places.enter("3", "a", 2)
    places.works("3")
    assert "4" == places.enter("4", "a", 2)
    assert 3 / 8 == places.load


def test_places_that_were_left_are_free():
    """Twice is no matter: who had to go leaves once more when it is closed."""
    places = filled(2)
    for _ in range(2):
        places.leave("a1")
    assert 0.5 == places.load
    assert None is places.enter("x", "x", 1)
    assert "b1" == places.enter("y", "y", 1)


def test_queries_of_one_host_take_its_share_and_no_more():
    """The room of the others is theirs."""
    waiting = Waiting(5)
    assert [True, True, True, False] == [waiting.enter("a", 3) for _ in range(4)]
    assert [True, True, False] == [waiting.enter("b", 3) for _ in range(3)]
    waiting.leave("a", 2)
    assert 3 == waiting.count
    assert [True, True, False] == [waiting.enter("a", 3) for _ in range(3)]


def test_beyond_what_may_be_owed_the_slowest_goes():
    """Slow is who has got no reply for longest, not who was owed something first."""
    owed: Owed[str] = Owed(100)
    assert [None, None] == [owed.add("quick", 40), owed.add("slow", 40)]
    owed.paid("quick", 20)
    assert "slow" == owed.add("quick", 50)
    assert 70 == owed.total
    owed.paid("slow", 40)
    owed.paid("quick", 70)
    assert 0 == owed.total
