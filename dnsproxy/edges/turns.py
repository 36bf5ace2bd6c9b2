"""Long work in a process that answers makes way for short."""

import gevent

# Not zero: gevent would go on in the same turn of the loop, and no packet would be read.
_PAUSE_S = 0.0001


def give_way() -> None:
    """In the middle of long work: DNS has its turn."""
    gevent.sleep(_PAUSE_S)
