"""What was done to answer one question, step by step, for somebody who asks why.

It is asked for with an option of EDNS, and told in the same one (RFC 6891 9: codes for local use).
"""

import json

from dnsproxy.core import edns

_json = json.JSONEncoder(separators=(",", ":")).encode

# Beside the one of dnsproxy.core.mark; a server that does not know it ignores it (6.1.2).
CODE = 65318
# An OPT, and with it a message, has room for less than this.
_MAX_BYTES = 32_000

Fact = str | float | bool
Step = dict[str, Fact]


class Trace:
    """Steps in the order in which they were done. ``what`` is of a fixed set, see the docs.

    Durations are milliseconds, names are escaped as :func:`~dnsproxy.core.names.to_text` does.
    """

    def __init__(self) -> None:
        self.steps: list[Step] = []

    def note(self, what: str, **facts: Fact) -> None:
        """One more. Facts that are empty are left out."""
        step: Step = {"what": what}
        self.steps.append(step | {key: fact for key, fact in facts.items() if fact != ""})

    def option(self, **facts: Fact) -> bytes:
        """The explanation as an option of EDNS: ASCII JSON, ``facts`` first, then the steps.

        What is too much for a message is left out from the end.
        """
        told = _json(facts | {"steps": []})
        room = _MAX_BYTES - len(told)
        steps = []
        for step in map(_json, self.steps):
            room -= len(step) + 1
            if room < 0:
                break
            steps.append(step)
        return edns.option(CODE, f"{told[:-2]}{','.join(steps)}]}}".encode())


def milliseconds(seconds: float) -> float:
    """With three digits behind the point: more is noise."""
    return round(seconds * 1000, 3)
