"""What is set of Python itself once everything is loaded."""

import gc

# So many new objects; Python's default is 700.
_COLLECTED_AT = 20_000


def settle_collector() -> None:
    """What was loaded stays: the collector need not look at it, nor after each few queries.

    By its own defaults a question that has to be asked for takes a tenth longer.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_COLLECTED_AT, 20, 20)
