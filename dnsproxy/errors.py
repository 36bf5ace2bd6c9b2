"""What can go wrong with a message, an upstream or a listener, by what the caller can do."""


class DnsProxyError(Exception):
    """Base of everything this package raises."""


class MalformedMessage(DnsProxyError):
    """Bytes that are no DNS message. Costs the sender this message, and nobody else anything."""


class UpstreamFailed(DnsProxyError):
    """One upstream did not give a usable reply; another may. ``zone`` is whose it was, if known."""

    def __init__(self, message: str, zone: str = "") -> None:
        super().__init__(message)
        self.zone = zone


class FailedBefore(UpstreamFailed):
    """It failed a moment ago, and was not asked again (RFC 9520)."""


class NoRoom(UpstreamFailed):
    """So much is asked of this zone already that nobody was asked, nor may wait."""


class ListenError(DnsProxyError):
    """An address that cannot be listened on; the message says why and what to do."""


class AddressHeld(ListenError):
    """Somebody else listens on that address and port; the message says who, as far as we see."""


class HostsError(DnsProxyError):
    """A line of hosts(5), or a file of them, that cannot be used.

    ``where`` is its file and line, or its setting; ``problem`` what was found there; ``hint`` what
    to do about it.
    """

    def __init__(self, where: str, problem: str, hint: str) -> None:
        super().__init__(f"{where}: {problem}")
        self.where = where
        self.problem = problem
        self.hint = hint
