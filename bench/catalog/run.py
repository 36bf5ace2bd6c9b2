"""The embedded catalog with few services and with many: room, time of an answer, time of a reload.

Each size has five instances a service. Rounds go from size to size and begin again, so that a
noisy neighbour is all sizes' neighbour; a figure is the median of its rounds.
"""

import json
import random
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

from bench.measuring import cpu_s, resident_mib, say
from bench.speed.loading import Counted, Load, Native, query, send, write_questions
from catalog.definitions import parse_definitions
from catalog.embedded import EmbeddedCatalog
from catalog.model import Node
from dnsproxy.core.dns_config import DnsConfig
from dnsproxy.core.embedded import EmbeddedDns
from dnsproxy.core.gate import Query, admit
from dnsproxy.core.replies import write
from tests.commands import Running
from tests.lab.shell import LabError, pause, wait_until

_INSTANCES = 5
_NODE = Node(name="host1", address="10.0.0.1")
# Few enough for a turn to be short, many enough that the collector's work is in it.
_ASKED = 4000
_RATE = 500.0
_LIMIT_S = 60.0
_SIZE = 512


@dataclass(frozen=True, slots=True)
class Extent:
    """How many services the catalogs have, how many rounds, and seconds of load in each.

    ``reload_s``: the same while a file is read again; two of them go by before that begins.
    """

    services: tuple[int, ...] = (10, 1_000, 10_000)
    rounds: int = 5
    load_s: float = 3.0
    reload_s: float = 8.0


QUICK = Extent((10, 1_000), 2, 1.0)


@dataclass(slots=True)
class Size:
    """A catalog of so many services, and what was measured of it."""

    services: int
    resident_mib: float = 0.0
    read_s: float = 0.0
    anew_us: list[float] = field(default_factory=list)
    rate: list[float] = field(default_factory=list)
    cpu_us: list[float] = field(default_factory=list)
    reload: Counted | None = None

    @property
    def title(self) -> str:
        """For people."""
        return f"{self.services:,} services, {self.services * _INSTANCES:,} instances"


@dataclass(slots=True)
class _Part:
    """What one size needs: the core in this process, and the command in its own."""

    size: Size
    core: EmbeddedDns
    queries: Sequence[Query]
    running: Running
    questions: Path
    file: Path


def run(extent: Extent) -> list[Size]:
    """Measure all sizes. Raises LabError."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        native = Native.compiled(folder)
        parts = [_part(count, folder, native, stack) for count in extent.services]
        for number in range(extent.rounds):
            say(f"round {number + 1} of {extent.rounds}")
            for part in parts:
                part.size.anew_us.append(_anew(part))
                _answer(part, native, extent.load_s)
        for part in parts:
            say(f"reload of {part.size.title}")
            part.size.reload = _reload(part, native, extent.reload_s)
    return [part.size for part in parts]


def _part(count: int, folder: Path, native: Native, stack: ExitStack) -> _Part:
    size = Size(count)
    say(size.title)
    file = folder / f"{count}.json"
    text = json.dumps({"services": list(_definitions(count))})
    file.write_text(text)
    begin = time.perf_counter()
    services = parse_definitions(text).services
    catalog = EmbeddedCatalog(_NODE, services)
    size.read_s = time.perf_counter() - begin
    names = [f"s{random.randrange(count)}.service.consul" for _ in range(_ASKED)]
    flags = ["--services", str(file), "--listen", "127.0.0.1:0", "--http", "off"]
    flags += ["--upstream", "127.0.0.1:9", "--node", "host1", "--advertise", "10.0.0.1"]
    with native.others_elsewhere():
        running = stack.enter_context(Running("dnsproxy", *flags))
    size.resident_mib = resident_mib(running.pid)
    return _Part(
        size,
        EmbeddedDns(catalog, [(b"consul",)], DnsConfig(), random.shuffle),
        list(_queries(names)),
        running,
        write_questions(folder / f"{count}.questions", names),
        file,
    )


def _definitions(count: int) -> Iterator[dict[str, Any]]:
    for service in range(count):
        for number in range(_INSTANCES):
            yield {
                "id": f"s{service}-{number}",
                "name": f"s{service}",
                "address": f"10.{service >> 8 & 255}.{service & 255}.{number + 1}",
                "port": 8000 + number,
                "tags": ["blue"],
            }


def _queries(names: Sequence[str]) -> Iterator[Query]:
    for name in names:
        found = admit(query(name))
        assert isinstance(found, Query)
        yield found


def _anew(part: _Part) -> float:
    """Microseconds of an answer that nobody has kept: looked up, made and written."""
    begin = time.perf_counter()
    for asked in part.queries:
        write(asked, part.core.answer(asked.question, 0.0), _SIZE)
    return (time.perf_counter() - begin) / len(part.queries) * 1e6


def _answer(part: _Part, native: Native, seconds: float) -> None:
    """The same over UDP, as the command does it: who is asked for again is ready."""
    before = cpu_s(part.running.pid)
    counted = send(native, part.running.port, Load(part.questions, seconds))
    used = cpu_s(part.running.pid) - before
    if counted.bad or not counted.answered:
        raise LabError(f"{part.size.title}: {counted.bad} bad answers of {counted.answered}")
    part.size.rate.append(counted.rate)
    part.size.cpu_us.append(used / counted.answered * 1e6)


def _reload(part: _Part, native: Native, seconds: float) -> Counted:
    """Latencies while all of the file is read again and one service in ten has moved."""
    document = json.loads(part.file.read_text())
    for definition in document["services"][::10]:
        definition["port"] += 1000
    text = json.dumps(document)
    with ThreadPoolExecutor(1) as threads:
        loaded = threads.submit(_ask_steadily, part, native, seconds)
        pause(0.3)
        part.file.write_text(text)
        counted = loaded.result()
    # Whatever a busy machine takes; of it only what was under load is in the figures.
    if not wait_until(lambda: "reloaded (" in part.running.log, _LIMIT_S):
        raise LabError(f"{part.size.title}: not reloaded in time; {part.running.log}")
    return counted


def _ask_steadily(part: _Part, native: Native, seconds: float) -> Counted:
    # A file is looked at each second, and taken for written when it is the same the second time.
    return send(native, part.running.port, Load(part.questions, seconds, rate=_RATE))


def table(sizes: Sequence[Size]) -> str:
    """A line a size."""
    head = ("made anew", "over UDP", "CPU each", "resident", "file read", "reload p50", "p99")
    lines = [f"{'':<36}" + "".join(f"{word:>12}" for word in head)]
    for size in sizes:
        assert size.reload is not None
        cells = (
            f"{median(size.anew_us):.0f} us",
            f"{median(size.rate) / 1000:.0f}k/s",
            f"{median(size.cpu_us):.1f} us",
            f"{size.resident_mib:.0f} MiB",
            f"{size.read_s:.2f} s",
            f"{size.reload.p50_us / 1000:.2f} ms",
            f"{size.reload.p99_us / 1000:.1f} ms",
        )
        lines.append(f"{size.title:<36}" + "".join(f"{cell:>12}" for cell in cells))
    least, most = sizes[0], sizes[-1]
    ratio = median(most.anew_us) / median(least.anew_us)
    lines.append(
        f"an answer with {most.services:,} services costs {ratio:.2f} of one with {least.services}"
    )
    return "\n".join(lines)


def raw(sizes: Sequence[Size]) -> list[dict[str, Any]]:
    """What was measured, for other programs."""
    return [
        {
            "services": size.services,
            "anew_us": size.anew_us,
            "rate": size.rate,
            "cpu_us": size.cpu_us,
            "resident_mib": size.resident_mib,
            "read_s": size.read_s,
        }
        for size in sizes
    ]
