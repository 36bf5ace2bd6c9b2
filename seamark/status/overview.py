"""``GET /api/overview`` and ``GET /api/history``: what was asked and answered, in numbers."""

import itertools
from collections.abc import Iterable, Mapping
from time import time

from dnsproxy.core.exchange import Source
from dnsproxy.core.querylog import ReplyClass
from dnsproxy.edges.observer import Gauge
from seamark import __version__
from seamark.status import shapes
from seamark.status.parts import Parts
from seamark.status.steps import STEP_S, Sample, Steps, Times

# Answered without asking anybody: from memory, and from the catalog in this process.
_OWN = (Source.MEMORY, Source.EMBEDDED)
_FAILING = ReplyClass.SERVFAIL


def overview(parts: Parts) -> shapes.Overview:
    """The process at a glance."""
    steps = parts.sampler.steps
    return shapes.Overview(
        version=__version__,
        node=parts.node,
        mode="consul" if parts.is_consuls else "embedded",
        started=parts.sampler.started,
        now=time(),
        listen=[str(address) for address in parts.dns.addresses] if parts.dns else [],
        questions=_questions(steps),
        memory=_memory(parts),
        catalog=parts.catalog.size() if parts.catalog else None,
        registrar=_registrar(parts),
        parts={part: why or "ready" for part, why in parts.readiness().items()},
    )


def history(steps: Steps) -> shapes.History:
    """The last hour by columns."""
    whole = steps.whole
    servers = sorted(set(itertools.chain.from_iterable(step.upstreams for step in whole)))
    return shapes.History(
        step_s=STEP_S,
        times=[step.at for step in whole],
        classes=_columns([str(kind) for kind in ReplyClass], [step.classes for step in whole]),
        sources=_columns([str(source) for source in Source], [step.sources for step in whole]),
        answers=shapes.AnswerTimes(*_quantiles(step.times for step in whole)),
        upstreams={
            server: shapes.UpstreamSteps(
                [step.upstreams.get(server, 0) for step in whole],
                *_quantiles(step.answered.get(server, Times()) for step in whole),
            )
            for server in servers
        },
        changes=_columns(("registered", "deregistered"), [step.changes for step in whole]),
    )


def _questions(steps: Steps) -> shapes.Questions:
    found, seconds = steps.recent
    asked = sum(found.classes.values())
    own = sum(found.sources.get(source, 0) for source in _OWN)
    return shapes.Questions(
        per_s=asked / seconds if seconds else 0.0,
        from_memory=own / asked if asked else None,
        failing=found.classes.get(_FAILING, 0) / asked if asked else None,
        p50_s=found.times.quantile(0.5),
        p95_s=found.times.quantile(0.95),
        total=_total(steps.newest),
    )


def _total(newest: Sample) -> int:
    return sum(newest.classes.values())


def _memory(parts: Parts) -> shapes.Memory:
    return shapes.Memory(
        int(sum(parts.gauge(Gauge.MEMORY_BYTES).values())),
        int(sum(parts.gauge(Gauge.MEMORY_ENTRIES).values())),
    )


def _registrar(parts: Parts) -> shapes.RegistrarSize | None:
    if parts.registrar is None:
        return None
    return shapes.RegistrarSize(*parts.registrar.view.count())


def _columns(names: Iterable[str], rows: list[Mapping[str, int]]) -> dict[str, list[int]]:
    return {name: [row.get(name, 0) for row in rows] for name in names}


def _quantiles(times: Iterable[Times]) -> tuple[list[float | None], list[float | None]]:
    found = list(times)
    return [one.quantile(0.5) for one in found], [one.quantile(0.95) for one in found]
