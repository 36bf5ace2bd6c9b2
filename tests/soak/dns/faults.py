"""Faults at random, at most one at each place, with time for calm between them."""

import os
import random
import signal
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from tests.lab.consul import ConsulAgent
from tests.load.slow import SlowClients
from tests.load.upstream import Lie, RawUpstream, late, mismatching, truncated

_SLOW = 60
_LONGEST_S = 8.0
# So often a second one is begun somewhere: much of the time nothing is wrong.
_RATE = 0.12
# What was asked shortly after the end of a fault may still have met it.
_GRACE_S = 1.0


@dataclass(frozen=True, slots=True)
class _Fault:
    begin: Callable[[], object]
    end: Callable[[], object]


class Reloads:
    """A settings file that is written anew while the process runs, with what harms no answer."""

    def __init__(self, path: Path, rng: random.Random) -> None:
        self.path = path
        self._rng = rng
        self.pid = 0
        self.change()

    def hang_up(self) -> None:
        """All files are read again."""
        os.kill(self.pid, signal.SIGHUP)

    def change(self) -> None:
        """Another order of upstreams, another number of them at once."""
        policy = self._rng.choice(["sequential", "random", "fastest"])
        hedge = self._rng.choice(["true", "false"])
        self.path.write_text(f'[dns]\npolicy = "{policy}"\nhedge = {hedge}\n')

    def spoil(self) -> None:
        """No settings at all: those before it stay."""
        self.path.write_text("[dns\n")


class Walk:
    """Begins and ends faults as time goes by; ``done`` counts them by kind."""

    def __init__(
        self,
        upstreams: Sequence[RawUpstream],
        consul: ConsulAgent,
        slow: SlowClients,
        process: Reloads,
        rng: random.Random,
    ) -> None:
        self._rng = rng
        self._active: dict[str, tuple[float, str, _Fault]] = {}
        self._calm_since = 0.0
        self._at = 0.0
        self.done: Counter[str] = Counter()
        self._kinds: dict[str, dict[str, _Fault]] = {
            f"upstream {number}": _upstream(one) for number, one in enumerate(upstreams, start=1)
        }
        self._kinds["consul"] = {
            "killed": _Fault(consul.kill, consul.start),
            "frozen": _Fault(
                partial(consul.signal, signal.SIGSTOP), partial(consul.signal, signal.SIGCONT)
            ),
        }
        self._kinds["clients"] = {
            f"{_SLOW} slow over TCP": _Fault(
                partial(setattr, slow, "wanted", _SLOW), partial(setattr, slow, "wanted", 0)
            )
        }
        self._kinds["process"] = {
            "SIGHUP": _Fault(process.hang_up, lambda: None),
            "other settings": _Fault(process.change, lambda: None),
            "broken settings": _Fault(process.spoil, process.change),
        }

    def step(self, now: float) -> None:
        """What is due, in seconds since the start."""
        for place, (due, _, _) in list(self._active.items()):
            if due <= now:
                self._end(place, now)
        if self._rng.random() < _RATE * (now - self._at):
            self._begin(now)
        self._at = now

    def phase(self, now: float) -> str:
        """The places where something is wrong, or `calm`."""
        if self._active or now < self._calm_since + _GRACE_S:
            return "+".join(sorted(self._active)) or "just over"
        return "calm"

    def lift(self, now: float) -> None:
        """End all of them."""
        for place in list(self._active):
            self._end(place, now)

    def _begin(self, now: float) -> None:
        place = self._rng.choice(sorted(self._kinds))
        kind = self._rng.choice(sorted(self._kinds[place]))
        lasts = self._rng.uniform(1, _LONGEST_S)
        if place in self._active:
            return
        fault = self._kinds[place][kind]
        fault.begin()
        self.done[f"{place} {kind}"] += 1
        self._active[place] = now + lasts, kind, fault

    def _end(self, place: str, now: float) -> None:
        _, _, fault = self._active.pop(place)
        fault.end()
        self._calm_since = now


def _upstream(server: RawUpstream) -> dict[str, _Fault]:
    def tell(lie: Lie) -> None:
        server.lie = lie

    def fall_silent() -> None:
        server.answering = False

    lies = {"late": late, "mismatching": mismatching, "truncated": truncated}
    return {
        "silent": _Fault(fall_silent, server.come_back),
        "refusing": _Fault(server.vanish, server.come_back),
        **{kind: _Fault(partial(tell, lie), server.come_back) for kind, lie in lies.items()},
    }
