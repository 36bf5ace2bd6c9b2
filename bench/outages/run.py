"""All scenarios, their table and their picture."""

from collections.abc import Iterator
from pathlib import Path

from bench.measuring import say
from bench.outages.consul import one_server, two_servers
from bench.outages.scenarios import Extent, consul_fails, consul_loses_leader, upstreams_fail
from bench.outages.tally import Seen
from tests.lab.consul import find_consul


def run(extent: Extent, which: str) -> list[Seen]:
    """Every scenario once, in the order of the table. Raises LabError."""
    return [*with_upstreams(extent), *with_consul(extent, find_consul(which))]


def with_upstreams(extent: Extent) -> Iterator[Seen]:
    """Both are away, one is away; silent, refusing."""
    for both in (True, False):
        for how in ("silent", "refusing"):
            yield _kept(upstreams_fail(extent, how, both=both))


def with_consul(extent: Extent, binary: Path) -> Iterator[Seen]:
    """Killed, restarted, frozen, without a leader."""
    with one_server(binary) as server:
        yield from map(_kept, consul_fails(extent, server))
    for allow_stale in (True, False):
        with two_servers(binary, allow_stale=allow_stale) as two:
            yield _kept(consul_loses_leader(extent, two))


def _kept(seen: Seen) -> Seen:
    """Say how well the sender kept its time: who does not, measures itself."""
    sending = seen.sending
    say(
        f"{seen.scenario.title}: {sending.sent} sent, {sending.unsent} not, "
        f"{sending.late} more than 10 ms late (the worst {sending.latest_s * 1000:.0f} ms)"
    )
    for outcome in [one for one in seen.outcomes if one.words][:3]:
        say(f"  wrong: {outcome.kind} question, {outcome.at - seen.broken:.2f} s: {outcome.words}")
    return seen
