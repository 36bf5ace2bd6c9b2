"""A host with two containers, of which one has no port."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.registrar.inspect_output import inspect_output
from tests.small_engine import SmallEngine, running, small_engine

WITH_PORT, WITHOUT = "c" * 64, "d" * 64


@contextmanager
def small_host(path: Path, events: Sequence[object] = ()) -> Iterator[SmallEngine]:
    """Its engine, on a socket at ``path``; each stream of events begins with these."""
    answers = running(
        inspect_output({"80/tcp": [("0.0.0.0", 8080)]}, labels={"SERVICE_NAME": "c1"}),
        inspect_output({}, id=WITHOUT, name="c2"),
    )
    with small_engine(path, answers, events) as engine:
        yield engine
