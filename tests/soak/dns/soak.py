"""One DNS soak: the process, all who ask it, what fails around it, and who watches."""

import contextlib
import io
import random
import resource
import socket
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from bench.measuring import cpu_s
from bench.outages.consul import Server, one_server
from tests.commands import Running
from tests.dnsproxy.scripted import forwarder
from tests.lab.shell import pause
from tests.load.packets import SRV, A, query
from tests.load.slow import SlowClients
from tests.load.stream import OpenLoop
from tests.load.upstream import RawUpstream
from tests.soak.dns.clients import Pipelining, pipelining, sending_garbage
from tests.soak.dns.faults import Reloads, Walk
from tests.soak.dns.questions import KNOWN, questions
from tests.soak.dns.report import Report
from tests.soak.dns.watch import look
from tests.soak.process import faults_of

_RATE = 150.0
# Longer than the proxy's own deadline by what a busy machine may take.
_PATIENCE_S = 12.0
_STEP_S = 0.25
_MEMORY_MIB = "4"
_TRACE = 40


def soak(binary: Path, report: Report, *, every_s: float = 10.0) -> None:
    """Run one, into ``report``. ``every_s``: how often to look at what the process holds."""
    draw = random.Random(report.seed)
    with ExitStack() as held:
        folder = Path(held.enter_context(tempfile.TemporaryDirectory(prefix="seamark-soak-")))
        upstreams = [held.enter_context(RawUpstream()) for _ in range(2)]
        server = held.enter_context(one_server(binary))
        reloads = Reloads(folder / "seamark.toml", random.Random(draw.random()))
        # So little memory is full within minutes: what grows later is a leak.
        proxy = forwarder(
            *upstreams,
            consul=server.agent.dns_address,
            flags=[
                *("--config", str(reloads.path)),
                *("--remember", "--query-log", str(folder / "queries.log")),
                *("--consul-http", f"http://{server.agent.http_address}"),
            ],
            SEAMARK_MEMORY_MIB=_MEMORY_MIB,
        )
        # It prints its log, which is long; what matters of it is in the report.
        with contextlib.redirect_stdout(io.StringIO()):
            proxy.__enter__()
        try:
            reloads.pid = proxy.pid
            _walk(proxy, upstreams, server, reloads, report, draw, every_s)
        finally:
            report.broken += _end(proxy)


def _walk(
    proxy: Running,
    upstreams: list[RawUpstream],
    server: Server,
    reloads: Reloads,
    report: Report,
    draw: random.Random,
    every_s: float,
) -> None:
    _ask_once(proxy.port)
    steady, piped, noise = (random.Random(draw.random()) for _ in range(3))
    client = Pipelining(proxy.port, questions(piped, "tcp"), report.keep, _PATIENCE_S)
    stream = OpenLoop(
        proxy.port, questions(steady, "udp"), _RATE, patience_s=_PATIENCE_S, keep=report.keep
    )
    with ExitStack() as held:
        slow = held.enter_context(SlowClients(proxy.port, 0))
        held.enter_context(pipelining(client))
        held.enter_context(sending_garbage(proxy.port, noise))
        held.enter_context(stream)
        walk = Walk(upstreams, server.agent, slow, reloads, draw)
        report.faults, report.sending = walk.done, stream.sending
        start, used, used_by_us = time.monotonic(), cpu_s(proxy.pid), _own_cpu_s()
        look_at = 0.0
        while (now := time.monotonic() - start) < report.seconds and proxy.alive:
            walk.step(now)
            stream.phase = client.phase = walk.phase(time.monotonic() - start)
            if now >= look_at:
                look_at += every_s
                report.points.append(look(proxy, now, stream.phase))
                _tell(report)
            pause(_STEP_S)
        walk.lift(now)
        if proxy.alive:
            report.cpu = ((_own_cpu_s() - used_by_us) / now, (cpu_s(proxy.pid) - used) / now)


def _ask_once(port: int) -> None:
    """Every name of Consul's that is asked later: known before the first fault."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asker:
        asker.settimeout(_PATIENCE_S)
        asker.connect(("127.0.0.1", port))
        for name in KNOWN:
            for qtype in (A, SRV):
                asker.send(query(name, qtype))
                asker.recv(4096)


def _own_cpu_s() -> float:
    spent = resource.getrusage(resource.RUSAGE_SELF)
    return spent.ru_utime + spent.ru_stime


def _end(proxy: Running) -> list[str]:
    """End it; what it said or did that it must not."""
    with contextlib.redirect_stdout(io.StringIO()):
        try:
            proxy.__exit__(None, None, None)
        except AssertionError:
            log = proxy.log_at_end
            return [*faults_of(log), *log.splitlines()[-_TRACE:]]
    return []


def _tell(report: Report) -> None:
    point = report.points[-1]
    print(
        f"soak: {point.at_s:5.0f} of {report.seconds:.0f} s, {report.counts.total()} questions, "
        f"{len(report.bad)} bad, {point.rss_kib} KiB, {point.files} files, "
        f"{point.greenlets} greenlets, {point.phase}",
        flush=True,
    )
