"""A first sync of many containers, against what the agent itself takes; and a second look at them.

The bare loop puts the very bodies that the product puts, over one kept connection, into an agent
as fresh as the product's: a product cannot be faster than that for long. They take turns.
"""

import time
from collections.abc import Sequence
from contextlib import ExitStack
from itertools import pairwise
from pathlib import Path
from statistics import median

from bench.figures import Row, Section, spread
from bench.measuring import Kept, Threads, cpu_s, moment, registered, say, step
from bench.registrar.products import REGISTRATOR, SEAMARK, Product, Running
from tests.lab.consul import ConsulAgent
from tests.lab.shell import LabError, pause
from tests.scale.agent import FakeAgent
from tests.scale.engine import FakeEngine
from tests.scale.recorded import services_of
from tests.scale.relay import Call, ConsulRelay

_LIMIT_S = 240.0
_EVERY_S = 0.2
_RESYNC_S = 1


def measure_rate(products: list[Product], engine: FakeEngine, consul: Path, rounds: int) -> Section:
    """Services a second, in turns: bare loop and product, on fresh agents."""
    bodies = {product.name: _bodies(product, engine) for product in products}
    rates: dict[str, list[float]] = {}
    for number in range(rounds):
        for product in products:
            with step(f"first sync, round {number + 1} of {rounds}, {product.name}"):
                if number % 2:  # whoever comes second meets a warmer machine
                    own, cpu = _first_sync(product, engine, consul)
                    bare = _bare_loop(consul, bodies[product.name])
                else:
                    bare = _bare_loop(consul, bodies[product.name])
                    own, cpu = _first_sync(product, engine, consul)
            found = {"bare": bare, "own": own, "ratio": own / bare, "cpu": cpu}
            for key, value in found.items():
                rates.setdefault(f"{product.name} {key}", []).append(value)
    section = Section(
        f"First sync of {len(engine.running):,} containers "
        f"(median of {rounds}, loop and product in turns)"
    )
    for figure, key, words in (
        ("the agent, from a bare loop of the same writes", "bare", "{:.0f} services/s"),
        ("the product", "own", "{:.0f} services/s"),
        ("ratio (smallest - largest)", "ratio", "{:.2f}{}"),
        ("processor time, start of the process included", "cpu", "{:.2f} s"),
    ):
        raw = {product.name: rates[f"{product.name} {key}"] for product in products}
        values = {name: words.format(median(raw[name]), _between(raw[name])) for name in raw}
        section.rows.append(Row(figure, values, raw))
    section.remarks.append("from the first question to the engine to the last service in the agent")
    return section


def _between(values: Sequence[float]) -> str:
    return f" ({min(values):.2f} - {max(values):.2f})" if len(values) > 1 else ""


def _bodies(product: Product, engine: FakeEngine) -> list[bytes]:
    """What the product writes, word for word."""
    with (
        FakeAgent(product.name) as agent,
        ConsulRelay(agent.http_address) as relay,
        Running(product, engine.url, relay.http_address) as running,
    ):
        until_complete(agent.http_address, len(engine.running), running)
        return [call.body for call in relay.writes if call.path.startswith("/v1/agent/service/reg")]


def until_complete(address: str, count: int, running: Running | None = None) -> float:
    """The moment when the agent has so many services."""
    with Kept(address) as agent:

        def complete() -> bool:
            return bool(running is None or running.pid) and agent.services() >= count

        at = moment(complete, _LIMIT_S, _EVERY_S)
        if at is None:
            raise LabError(f"{agent.services()} of {count} services after {_LIMIT_S:.0f} s")
        return at


def _bare_loop(consul: Path, bodies: Sequence[bytes]) -> float:
    """Services a second that a fresh agent takes."""
    with ConsulAgent(consul) as agent, Kept(agent.http_address) as connection:
        watching = Threads()
        # Asked as often as while the product writes, so that it costs the same.
        watching.run("end", lambda: until_complete(agent.http_address, len(bodies)))
        begin = time.monotonic()
        for body in bodies:
            connection.order("PUT", "/v1/agent/service/register", body)
        end: float = watching.wait()["end"]
    return len(bodies) / (end - begin)


def _first_sync(product: Product, engine: FakeEngine, consul: Path) -> tuple[float, float]:
    """Services a second of a product's first sync with a fresh agent; its processor time."""
    engine.journal(forget=True)
    count = len(engine.running)
    with ConsulAgent(consul) as agent:
        with Running(product, engine.url, agent.http_address) as running:
            end = until_complete(agent.http_address, count, running)
            cpu = cpu_s(running.pid)
        check(product, engine, agent.http_address)
    begin = next(asked.begin for asked in engine.journal() if asked.kind == "list")
    return count / (end - begin), cpu


def check(product: Product, engine: FakeEngine, address: str) -> None:
    """Raise LabError if the agent has anything but the truth."""
    truth = services_of(engine.running.values(), product.host)
    ports = {service_id: port for service_id, (_, port) in truth.items()}
    found = registered(address)
    if found != ports:
        wrong = sorted(set(found.items()) ^ set(ports.items()))[:5]
        raise LabError(f"{product.name}: the agent has not what runs; for example {wrong}")


def measure_comparison(
    products: list[Product], engine: FakeEngine, consul: Path, comparisons: int
) -> Section:
    """A full comparison with nothing to do: its writes, its time, its processor time."""
    ours = next(product for product in products if product.name == SEAMARK)
    with ExitStack() as stack, step(f"{comparisons} comparisons with nothing to do"):
        agent = stack.enter_context(ConsulAgent(consul))
        relay = stack.enter_context(ConsulRelay(agent.http_address))
        running = stack.enter_context(
            Running(ours, engine.url, relay.http_address, SEAMARK_RESYNC_S=str(_RESYNC_S))
        )
        until_complete(agent.http_address, len(engine.running), running)
        # The comparison after the sync may still look at what it did not see registered.
        pause(3 * _RESYNC_S)
        engine.journal(forget=True)
        before, cpu = len(relay.writes), cpu_s(running.pid)
        pause((comparisons + 1) * _RESYNC_S)
        used = cpu_s(running.pid) - cpu
        begins = [asked.begin for asked in engine.journal() if asked.kind == "list"]
        calls = relay.calls
        writes = len(relay.writes) - before
    times = _durations(begins, calls)
    say(f"{len(times)} comparisons seen")
    values = {
        "writes": f"{writes}",
        "time (p50 / p99)": spread(times),
        "processor time": f"{used / max(len(begins), 1) * 1000:.0f} ms",
    }
    section = Section(
        f"A full comparison of {len(engine.running):,} containers with nothing to do "
        f"({len(times)} seen)"
    )
    for figure, words in values.items():
        raw = {SEAMARK: times if "p50" in figure else []}
        section.rows.append(Row(figure, {SEAMARK: words, REGISTRATOR: "compares nothing"}, raw))
    section.remarks.append("from the question to the engine to the agent's last answer")
    return section


def _durations(begins: Sequence[float], calls: Sequence[Call]) -> list[float]:
    """How long each comparison but the last took, until the last answer before the next one."""
    found = []
    for begin, after in pairwise(begins):
        # A question that waits for a change is no part of a comparison.
        ends = [
            call.end
            for call in calls
            if begin <= call.begin and call.end < after and "wait=" not in call.path
        ]
        if ends:
            found.append(max(ends) - begin)
    return found
