"""Who is in, up to how many, and who has to go for somebody else: of all clients and of each."""

from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, TypeVar

T = TypeVar("T", bound=Hashable)


class Waiting:
    """Queries that wait for their answers: at most so many, and of one host at most its share."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._hosts: dict[str, int] = {}
        self.count = 0

    def enter(self, host: str, share: int) -> bool:
        """Whether there is room for one more; then it is in."""
        has = self._hosts.get(host, 0)
        if self.count >= self._most or has >= share:
            return False
        self._hosts[host] = has + 1
        self.count += 1
        return True

    def leave(self, host: str, count: int = 1) -> None:
        """So many are through."""
        if not count:
            return
        left = self._hosts.get(host, 0) - count
        self.count -= count
        if left > 0:
            self._hosts[host] = left
        else:
            self._hosts.pop(host, None)


class Places(Generic[T]):
    """Connections, those first that are least worth keeping: idle for longest, then busy ones.

    Idle is what waits for no answer of ours, however many bytes of a query it has sent.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._idle: OrderedDict[T, str] = OrderedDict()
        self._busy: OrderedDict[T, str] = OrderedDict()
        self._hosts: dict[str, dict[T, None]] = {}

    @property
    def load(self) -> float:
        """How full it is: 0 to 1."""
        return (len(self._idle) + len(self._busy)) / self._most

    def enter(self, item: T, host: str, share: int, *, first: bool = False) -> T | None:
        """A new connection; ``first``: to go before all others.

        Returns who has to go for it: itself if its host has enough to do. Who goes has no place
        any more.
        """
        own = self._hosts.setdefault(host, {})
        if len(own) >= share:
            idle = next((one for one in own if one in self._idle), None)
            if idle is None:
                return item
            self.leave(idle)
            leaver: T | None = idle
        elif self.load >= 1:
            leaver = next(iter(self._idle or self._busy))
            self.leave(leaver)
        else:
            leaver = None
        self._idle[item] = host
        if first:
            self._idle.move_to_end(item, last=False)
        self._hosts.setdefault(host, {})[item] = None
        return leaver

    def rests(self, item: T) -> None:
        """It has got all that it asked for: idle from now on."""
        self._move(item, self._busy, self._idle)

    def works(self, item: T) -> None:
        """It has asked something."""
        self._move(item, self._idle, self._busy)

    def _move(self, item: T, here: OrderedDict[T, str], there: OrderedDict[T, str]) -> None:
        host = here.pop(item, None)
        if host is not None:
            there[item] = host
        elif (host := there.get(item)) is not None:
            there.move_to_end(item)
        else:
            return
        own = self._hosts[host]
        del own[item]
        own[item] = None

    def leave(self, item: T) -> None:
        """It is closed; nothing happens if it has no place."""
        host = self._idle.pop(item, None)
        host = self._busy.pop(item, None) if host is None else host
        if host is None:
            return
        own = self._hosts[host]
        del own[item]
        if not own:
            del self._hosts[host]


class Owed(Generic[T]):
    """Bytes of replies that are still being written, at most so many; a slow reader goes first."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._owed: OrderedDict[T, int] = OrderedDict()
        self.total = 0

    def add(self, item: T, size: int) -> T | None:
        """So many more to a connection. Returns who has to go: where no reply was got for longest.

        Who goes is owed nothing any more.
        """
        self._owed[item] = self._owed.get(item, 0) + size
        self.total += size
        if self.total <= self._most:
            return None
        slowest, size = self._owed.popitem(last=False)
        self.total -= size
        return slowest

    def paid(self, item: T, size: int) -> None:
        """They were written, or never will be."""
        owed = self._owed.pop(item, None)
        if owed is None:
            return
        self.total -= size
        if owed > size:
            # Behind those that have got nothing since.
            self._owed[item] = owed - size
