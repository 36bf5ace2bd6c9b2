"""Many containers that just run: memory, idle processor time, and what somebody broke in Consul."""

import time
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from bench.figures import Row, Section, quantile
from bench.measuring import Kept, Threads, cpu_s, moment, resident_mib, step
from bench.registrar.products import Product, Running
from bench.registrar.sync import check, until_complete
from tests.lab.consul import ConsulAgent
from tests.lab.shell import pause
from tests.scale.agent import FakeAgent
from tests.scale.engine import FakeEngine
from tests.scale.recorded import made_of

# A comparison comes every ten seconds; registrator has none to come.
_HEALED_LIMIT_S = 15.0
_DRIFTS_LIMIT_S = 60.0
_EVERY_S = 0.005
_SETTLE_S = 3.0
# Far apart in the list of containers.
_STEP = 89


def measure(
    products: list[Product], engine: FakeEngine, consul: Path, idle_s: int, drifts: int
) -> list[Section]:
    """Both products at rest over the same containers, each with a real agent of its own."""
    with ExitStack() as stack, step(f"{len(engine.running):,} containers at rest"):
        agents, running = {}, {}
        for product in products:
            agent = stack.enter_context(ConsulAgent(consul, node=product.name))
            agents[product] = agent.http_address
            running[product] = stack.enter_context(Running(product, engine.url, agent.http_address))
        for product, address in agents.items():
            until_complete(address, len(engine.running), running[product])
            check(product, engine, address)
        pause(_SETTLE_S)
        return [
            _at_rest(running, len(engine.running), idle_s),
            _drift(agents, engine, drifts),
        ]


def _at_rest(running: dict[Product, Running], count: int, idle_s: int) -> Section:
    """Memory, and processor time over a while in which nothing happens."""
    before = {product.name: cpu_s(process.pid) for product, process in running.items()}
    pause(idle_s)
    memory = {product.name: [resident_mib(process.pid)] for product, process in running.items()}
    idle = {
        product.name: [100 * (cpu_s(process.pid) - before[product.name]) / idle_s]
        for product, process in running.items()
    }
    section = Section(f"At rest with {count:,} containers and a real agent")
    section.rows += [
        Row("memory", {name: f"{value:.0f} MiB" for name, (value,) in memory.items()}, memory),
        Row(
            f"processor, idle ({idle_s} s)",
            {name: f"{value:.2f} % of a core" for name, (value,) in idle.items()},
            idle,
        ),
    ]
    return section


def _drift(agents: dict[Product, str], engine: FakeEngine, drifts: int) -> Section:
    """Deregister services behind the products' backs, and see when they are back."""
    containers = list(engine.running.values())
    names = [containers[_STEP * number % len(containers)].name for number in range(drifts)]
    threads = Threads()
    for product, address in agents.items():
        ids = [f"{product.host}:{name}:8080" for name in names]
        threads.run(product.name, _break_each, address, ids)
    found: dict[str, list[float]] = threads.wait()
    section = Section("Drift: a service deregistered behind the back, again and again, one by one")
    section.rows.append(
        Row(
            "back in Consul (p50 / longest)",
            {name: _healed_words(times) for name, times in found.items()},
            {
                name: [took for took in times if took < _HEALED_LIMIT_S]
                for name, times in found.items()
            },
        )
    )
    return section


def _break_each(address: str, ids: list[str]) -> list[float]:
    """Seconds until each was back; the first that is not ends it, and so does the time."""
    times: list[float] = []
    begin = time.monotonic()
    with Kept(address) as agent:
        for number, service_id in enumerate(ids):
            # Not in step with a product's own beat.
            pause(0.2 + number % 4 * 0.3)
            broken = time.monotonic()
            agent.order("PUT", f"/v1/agent/service/deregister/{service_id}")
            back = moment(partial(agent.has_service, service_id), _HEALED_LIMIT_S, _EVERY_S)
            times.append(_HEALED_LIMIT_S if back is None else back - broken)
            if back is None or time.monotonic() - begin > _DRIFTS_LIMIT_S:
                break
    return times


def _healed_words(times: list[float]) -> str:
    if max(times) >= _HEALED_LIMIT_S:
        return f"not within {_HEALED_LIMIT_S:.0f} s"
    words = f"{quantile(times, 0.5) * 1000:.0f} / {max(times) * 1000:.0f} ms"
    return f"{words} ({len(times)} times)"


def measure_memory(products: list[Product], count: int) -> Section:
    """Memory with more containers than a real agent takes in minutes: the agent is a fake too."""
    with ExitStack() as stack, step(f"memory at {count:,} containers"):
        engine = stack.enter_context(FakeEngine())
        engine.start(made_of(count), quiet=True)
        memory = {}
        for product in products:
            with (
                FakeAgent(product.name) as agent,
                Running(product, engine.url, agent.http_address) as running,
            ):
                until_complete(agent.http_address, count, running)
                pause(_SETTLE_S)
                memory[product.name] = [resident_mib(running.pid)]
                check(product, engine, agent.http_address)
    section = Section(f"With {count:,} containers and a fake agent")
    values = {name: f"{value:.0f} MiB" for name, (value,) in memory.items()}
    section.rows.append(Row("memory", values, memory))
    return section
