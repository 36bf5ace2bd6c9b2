"""What a check has found, for people and for programs."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from seamark.logs import printable


class State(StrEnum):
    """How a thing is; only `fail` keeps Seamark from doing its work."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"
    SKIP = "skip"


_COUNTED = {
    State.FAIL: "failed",
    State.WARN: "to look at",
    State.OK: "well",
    State.SKIP: "left out",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at: in which ``part``, ``what``, what was ``found`` there.

    ``hint`` says what to do, empty if there is nothing.
    """

    part: str
    state: State
    what: str
    found: str
    hint: str = ""

    def as_dict(self) -> dict[str, str]:
        """For programs."""
        return {
            "part": self.part,
            "state": self.state,
            "what": self.what,
            "found": self.found,
            "hint": self.hint,
        }

    def lines(self) -> list[str]:
        """For people; nothing that was found may steer a terminal."""
        shown = [f"{self.state:4}  {self.part:9}  {printable(self.what)}: {printable(self.found)}"]
        return [*shown, f"      hint: {printable(self.hint)}"] if self.hint else shown


def apart(words: str) -> tuple[str, str]:
    """A message of ours as what was found and what to do: the hint stands behind the last `; `."""
    found, semicolon, hint = words.rpartition("; ")
    return (found, hint) if semicolon else (words, "")


def summary(findings: Iterable[Finding]) -> str:
    """How many are in which state."""
    states = [finding.state for finding in findings]
    words = {
        State.FAIL: "failed",
        State.WARN: "to look at",
        State.OK: "well",
        State.SKIP: "left out",
    }
    return ", ".join(f"{states.count(state)} {word}" for state, word in words.items())
