"""What is asked of a zone: a question, and the flags that change what the answer holds."""

from dataclasses import field, replace

from dnsproxy.core.names import Name
from dnsproxy.core.trace import Trace
from dnsproxy.core.values import value
from dnsproxy.core.wire import Question, question

# Two requests with one key get one answer.
Key = tuple[Name, int, bool, bool, bool]


@value
class Request:
    """A question with its DO, CD and RD bits (RFC 3225, RFC 4035 3.2.2, RFC 1035 4.1.1).

    ``client`` is who asks, as the socket gives the address. ``returned``: we asked this of a server
    that now asks us; it must not be asked once more. ``minimal_any``: who asks for everything gets
    the least (RFC 8482). ``trace``: somebody wants to know what is done for it.
    """

    question: Question
    dnssec_ok: bool = False
    checking_disabled: bool = False
    recursion: bool = True
    client: str = ""
    returned: bool = False
    minimal_any: bool = False
    trace: Trace | None = field(default=None, compare=False)

    @property
    def key(self) -> Key:
        """By what answers are remembered and shared: the spelling of the name does not count.

        Nor does who asks: a zone says the same to all who may ask it.
        """
        asked = self.question
        return asked.key, asked.qtype, self.dnssec_ok, self.checking_disabled, self.recursion

    def note(self, what: str, **facts: str | float | bool) -> None:
        """Tell who wants to know what is done; cheap where nobody does."""
        if self.trace is not None:
            self.trace.note(what, **facts)

    def about(self, name: Name, qtype: int | None = None) -> "Request":
        """The same asked of another name, or for another type."""
        qtype = self.question.qtype if qtype is None else qtype
        if (name, qtype) == (self.question.name, self.question.qtype):
            return self
        return replace(self, question=question(name, qtype))
