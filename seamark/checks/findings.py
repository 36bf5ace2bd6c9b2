"""What a check has found, for people and for programs."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from seamark.colours import Colour, paint
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
_COLOURS = {State.OK: Colour.GREEN, State.WARN: Colour.YELLOW, State.FAIL: Colour.RED}


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

    def lines(self, *, coloured: bool = False) -> list[str]:
        """For people; nothing that was found may steer a terminal."""
        state = f"{self.state:4}"
        if coloured and self.state in _COLOURS:
            state = paint(state, _COLOURS[self.state])
        shown = [f"{state}  {self.part:9}  {printable(self.what)}: {printable(self.found)}"]
        hint = paint("hint:", Colour.CYAN) if coloured else "hint:"
        return [*shown, f"      {hint} {printable(self.hint)}"] if self.hint else shown


def apart(words: str) -> tuple[str, str]:
    """A message of ours as what was found and what to do: the hint stands behind the last `; `."""
    found, semicolon, hint = words.rpartition("; ")
    return (found, hint) if semicolon else (words, "")


def summary(findings: Iterable[Finding]) -> str:
    """How many are in which state."""
    states = [finding.state for finding in findings]
    return ", ".join(f"{states.count(state)} {words}" for state, words in _COUNTED.items())
