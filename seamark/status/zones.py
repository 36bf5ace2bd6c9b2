"""``GET /api/zones``: where names are asked, and how those are who are asked."""

from collections.abc import Iterable

from dnsproxy.edges.observer import Gauge
from seamark.status import shapes
from seamark.status.parts import Parts
from seamark.status.steps import Times

_FAILED = {"timeout", "unreachable", "SERVFAIL"}


def zones(parts: Parts) -> shapes.Zones:
    """All zones and upstreams, and how many watches there are."""
    routes = parts.dns.routes if parts.dns is not None else []
    told = [
        shapes.ZoneTold(
            zone, route.kind.value, list(route.servers), list(route.clients), route.policy
        )
        for route in routes
        for zone in route.zones
    ]
    servers = dict.fromkeys(server for route in routes for server in route.servers)
    watches = {kind: int(count) for kind, count in parts.gauge(Gauge.WATCHES).items()}
    return shapes.Zones(told, _upstreams(parts, servers), watches)


def _upstreams(parts: Parts, servers: Iterable[str]) -> list[shapes.UpstreamTold]:
    sick, looped = parts.gauge(Gauge.UPSTREAM_SICK), parts.gauge(Gauge.UPSTREAM_LOOPED)
    outcomes = parts.observer.tally.outcomes if parts.observer is not None else {}
    found = []
    for server in servers:
        own = {outcome: count for (asked, outcome), count in outcomes.items() if asked == server}
        times = _times(parts, server)
        state: shapes.UpstreamState = "failing" if sick.get(server) else "well"
        if looped.get(server):
            state = "loop"
        found.append(
            shapes.UpstreamTold(
                server=server,
                state=state,
                questions=sum(own.values()),
                failed=sum(count for outcome, count in own.items() if outcome in _FAILED),
                p50_s=times.quantile(0.5),
                p95_s=times.quantile(0.95),
                outcomes=own,
            )
        )
    return found


def _times(parts: Parts, server: str) -> Times:
    """Of the last hour, what is not a whole step yet included."""
    steps = parts.sampler.steps
    found = [step.answered.get(server, Times()).counts for step in (*steps.whole, steps.open)]
    return Times(tuple(map(sum, zip(*filter(None, found), strict=True))))
