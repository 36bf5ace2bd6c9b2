"""The soak: operations and faults at random, and every so often a quiet point that must be true."""

import random
import tempfile
import time
from collections import deque
from pathlib import Path

from tests.faults.stand import NODE, OFTEN_S, QUIET_S, STAYS_S, Stand, stand
from tests.faults.truth import Verdict
from tests.lab.consul import ConsulAgent
from tests.lab.engine import Engine
from tests.soak.injector import Injector
from tests.soak.neighbours import Neighbours
from tests.soak.process import RegistrarProcess
from tests.soak.report import Quiet, Report
from tests.soak.walk import Walk
from tests.waits import pause

# The registrar's memory is measured over its last life: from this part of the time on, none ends.
_LIVES_END = 0.35
# Enough to see how it came to what is wrong.
_TRACE = 60


class Soak:
    """One run over a stand; ``report`` is filled as it goes on."""

    def __init__(self, made: Stand, report: Report, quiet_every_s: float) -> None:
        self._stand = made
        self._report = report
        self._quiet_every_s = quiet_every_s
        # One for each part: what one of them draws does not depend on the others.
        seeds = random.Random(report.seed)
        walk_rng, neighbours_rng, faults_rng = (random.Random(seeds.random()) for _ in range(3))
        self._registrar = RegistrarProcess(lambda: made.registrar(OFTEN_S))
        self._walk = Walk(made, report.places, walk_rng)
        self._neighbours = Neighbours(made, neighbours_rng)
        self._injector = Injector(made, self._walk, self._neighbours, self._registrar, faults_rng)
        report.operations = self._walk.done
        report.faults = self._injector.done
        report.touched = self._neighbours.touched
        report.broken = self._registrar.broken
        self._trace: deque[str] = deque(maxlen=_TRACE)
        self._start = time.monotonic()

    def run(self) -> None:
        """Go on until the time is up or something is wrong."""
        report = self._report
        for _ in range(8):
            self._neighbours.come()
        self._registrar.start()
        try:
            print(f"soak: starting {report.places} containers", flush=True)
            self._walk.fill()
            self._quiet()
            self._start = time.monotonic()
            engine_dies_s = report.seconds / 2
            while self._passed() < report.seconds and not report.wrong and not report.touched:
                self._injector.registrar_may_end = self._passed() < _LIVES_END * report.seconds
                self._until_quiet()
                if self._passed() > engine_dies_s:
                    engine_dies_s = float("inf")
                    self._injector.kill_engine()
                    self._note("dockerd killed and restarted")
                self._quiet()
        finally:
            self._injector.lift()
            if report.wrong:
                report.trace = [*self._trace, *self._registrar.log.splitlines()[-_TRACE:]]
            self._registrar.stop()

    def _passed(self) -> float:
        return time.monotonic() - self._start

    def _note(self, what: str) -> None:
        if what:
            self._trace.append(f"{self._passed():7.2f} s  {what}")

    def _until_quiet(self) -> None:
        """Operations and faults."""
        end = time.monotonic() + self._quiet_every_s
        while time.monotonic() < end:
            self._note(self._walk.step())
            self._note(self._injector.step())

    def _quiet(self) -> None:
        """Lift all faults; from then on the catalog has its time to become true."""
        self._injector.lift()
        self._note("quiet")
        start = time.monotonic()
        verdict = self._stand.verdict()
        while not verdict and time.monotonic() - start < QUIET_S:
            pause(0.02)
            verdict = self._stand.verdict()
        healed_s = time.monotonic() - start
        if verdict:
            pause(STAYS_S)
            verdict = self._stand.verdict()
        self._report.wrong += verdict.wrong
        self._neighbours.check()
        self._neighbours.note()
        figures = self._registrar.figures()
        point = Quiet(
            self._passed() if self._report.quiet else 0, healed_s, self._registrar.lives, figures
        )
        self._report.quiet.append(point)
        self._tell(point, verdict)

    def _tell(self, point: Quiet, verdict: Verdict) -> None:
        report = self._report
        print(
            f"soak: {point.at_s:4.0f} of {report.seconds:.0f} s, "
            f"{report.operations.total()} operations, {report.faults.total()} faults: "
            f"{'true' if verdict else 'WRONG'} after {point.healed_s:.2f} s, "
            f"{point.figures.rss_kib} KiB, {point.figures.files} files",
            flush=True,
        )


def soak(
    engine: Engine, consul: Path, image: str, report: Report, quiet_every_s: float = 20.0
) -> None:
    """Run one soak on an engine and a Consul of its own, into ``report``."""
    with (
        tempfile.TemporaryDirectory(prefix="seamark-soak-") as folder,
        ConsulAgent(consul, node=NODE, advertise=engine.bridge_address) as agent,
        stand(engine, agent, image, Path(folder)) as made,
    ):
        Soak(made, report, quiet_every_s).run()
