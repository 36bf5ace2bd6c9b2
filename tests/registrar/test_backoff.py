"""How long to wait before the next try."""

import pytest

from registrar.core.backoff import delay_s


@pytest.mark.parametrize(
    ("failures", "jitter", "expected"),
    [(1, 0, 0.25), (2, 0, 0.5), (4, 0, 2.0), (5, 0, 3.0), (10_000, 0, 3.0), (5, 1, 2.25)],
)
def test_the_pause_doubles_up_to_its_limit(failures, jitter, expected):
    """And jitter takes up to a quarter off."""
    assert expected == delay_s(failures, jitter, longest_s=3.0)
