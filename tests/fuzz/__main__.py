"""`python -m tests.fuzz [--seconds 60] [--target NAME] [--keep]`: fuzz every target in turn.

What is found goes to ~/.cache/seamark/fuzz and is where the next run starts from; ``--keep`` adds
to the kept corpus what reaches code that nothing there does.
"""

import argparse
import re
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

from tests.commands import ROOT
from tests.fuzz.seeds import CORPUS
from tests.fuzz.targets import TARGETS

CACHE = Path.home() / ".cache" / "seamark" / "fuzz"
# One input may take so long, and a target so much more than its share, before it counts as hanging.
_INPUT_S = 10
_GRACE_S = 60


class Outcome(NamedTuple):
    """What a target came to; ``crash`` is the input on which it failed, if it did."""

    target: str
    executions: int
    coverage: int
    corpus: int
    finds: int
    crash: Path | None
    words: str

    @property
    def ok(self) -> bool:
        """Whether it ran, and found nothing wrong."""
        return self.crash is None and self.executions > 0


def fuzz(target: str, seconds: int, *, keep: bool = False) -> Outcome:
    """Run one target in a process of its own."""
    found, crashes = CACHE / target, CACHE / "crashes"
    for folder in (found, crashes):
        folder.mkdir(parents=True, exist_ok=True)
    before = {path.name for path in found.iterdir()}
    done = _run(
        target,
        *(str(found), str(CORPUS / target), f"-artifact_prefix={crashes}/{target}-"),
        *(f"-max_total_time={seconds}", f"-timeout={_INPUT_S}", "-max_len=4096"),
        *("-print_final_stats=1", "-rss_limit_mb=1024", "-verbosity=1"),
        limit_s=seconds + _GRACE_S,
    )
    if keep:
        _run(target, "-merge=1", str(CORPUS / target), str(found), limit_s=600)
    words = done.stdout + done.stderr
    crash = re.search(r"Test unit written to (\S+)", words)
    return Outcome(
        target,
        _last(r"stat::number_of_executed_units:\s*(\d+)", words),
        _last(r"cov: (\d+)", words),
        _last(r"corp: (\d+)", words),
        len({path.name for path in found.iterdir()} - before),
        Path(crash[1]) if crash else None,
        "" if done.returncode == 0 else words[-4000:],
    )


def _run(target: str, *arguments: str, limit_s: int) -> subprocess.CompletedProcess[str]:
    words = [sys.executable, "-m", "tests.fuzz.one", target, *arguments]
    return subprocess.run(
        words, cwd=ROOT, capture_output=True, check=False, text=True, timeout=limit_s
    )


def _last(pattern: str, words: str) -> int:
    return int((re.findall(pattern, words) or ["0"])[-1])


def report(outcome: Outcome) -> str:
    """One line, and how to see a failure again."""
    line = (
        f"{outcome.target:10}{outcome.executions:12,} executions  coverage {outcome.coverage:5}"
        f"  corpus {outcome.corpus:4}  new {outcome.finds:4}"
    )
    if outcome.crash is not None:
        again = f"{sys.executable} -m tests.fuzz.one {outcome.target} {outcome.crash}"
        line += f"\n{outcome.words}\nfailed on {outcome.crash}; again: {again}"
    elif not outcome.ok:
        line += f"\n{outcome.words}\ndid not run"
    return line


def main() -> int:
    """Fuzz, print a line a target; exit code 1 if any failed."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--target", choices=TARGETS, action="append")
    parser.add_argument("--keep", action="store_true")
    given = parser.parse_args()
    targets = given.target or list(TARGETS)
    share = max(given.seconds // len(targets), 1)
    failed = False
    for target in targets:
        outcome = fuzz(target, share, keep=given.keep)
        failed |= not outcome.ok
        print(report(outcome), flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
