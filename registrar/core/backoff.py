"""How long to wait before the next try, as data."""


def delay_s(failures: int, jitter: float, first_s: float = 0.25, *, longest_s: float) -> float:
    """Seconds to wait after the ``failures``-th failure in a row (1, 2, ...).

    Doubles up to ``longest_s``; ``jitter`` in [0, 1) takes up to a quarter off, so that a hundred
    hosts do not come back to one Consul in the same instant.
    """
    exponent = min(failures - 1, 16)
    return float(min(first_s * 2**exponent, longest_s) * (1 - jitter / 4))
