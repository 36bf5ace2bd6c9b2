"""A share of the million messages that three implementations read in `make soak`."""

import pytest

from tests.fuzz.differential import compare, disagreements, listed
from tests.fuzz.generate import Generator


@pytest.mark.parametrize(
    ("seed", "messages"), [(1, 1_000), pytest.param(2, 20_000, marks=pytest.mark.lab)]
)
def test_what_the_three_disagree_on_is_listed(seed, messages):
    """A class that docs/reference/wire.md does not have is a fault of ours or a row to add."""
    found, examples, read = compare(seed, messages)
    unlisted = {name: examples[name].hex() for name in set(found) - listed()}
    assert {} == unlisted
    # Most are read, or nothing would be compared; some are not, or nothing was changed.
    assert messages // 2 < read < messages


def test_a_seed_makes_the_same_messages_again():
    """A class that is not listed can be looked at."""
    one, other = Generator(7), Generator(7)
    assert [one.message() for _ in range(100)] == [other.message() for _ in range(100)]


def test_names_records_and_offsets_are_dnspythons():
    """Whatever both read, they read alike: there is no such class to be listed."""
    assert not any("dnspython read different" in name for name in listed())
    generator = Generator(3)
    found = {name for _ in range(1_000) for name in disagreements(generator.message())}
    assert not any("dnspython read different" in name for name in found)
