"""A host of our own making."""

from collections.abc import Iterator

import pytest

from tests.lab.namespaces import House, house


@pytest.fixture
def three_networks() -> Iterator[House]:
    """A host on three networks, a client on each."""
    with house(3) as made:
        yield made
