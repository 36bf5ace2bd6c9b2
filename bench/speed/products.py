"""The servers that are measured, each told to do the same as well as it can on one thread."""

import contextlib
import io
import os
import platform
import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.measuring import say
from bench.speed.behind import Server, Started
from bench.speed.loading import Native
from tests.commands import ROOT, command_line
from tests.lab.coredns import VERSION as COREDNS_VERSION, Coredns, find_coredns
from tests.lab.dnsdist import DNSDIST, Dnsdist
from tests.lab.dnsmasq import DNSMASQ, Dnsmasq
from tests.lab.resolver import Resolver
from tests.lab.shell import LabError, run
from tests.lab.unbound import UNBOUND, Unbound

SEAMARK, CONSUL, FLOOR = "seamark", "consul", "floor"
# In the order of the table, between our own and what is no product.
OTHERS = ("dnsmasq", "unbound", "dnsdist", "coredns")
NAMES = (SEAMARK, *OTHERS, CONSUL, FLOOR)
# What each cache has room for: more than any workload has names.
_ENTRIES = 200_000
_OURS = f"this checkout, Python {platform.python_version()}"


@dataclass(frozen=True, slots=True)
class Product:
    """One server: how it is started in front of another, and which one it is.

    ``answers`` is how many records a good reply of it has at least.
    """

    name: str
    version: str
    start: Callable[[Server], AbstractContextManager[Server]]
    answers: int = 1


def find_products(native: Native, wanted: tuple[str, ...]) -> tuple[list[Product], dict[str, str]]:
    """Those of the wanted that are to be had, and why the others are not."""
    makers: dict[str, Callable[[], Product]] = {
        SEAMARK: lambda: Product(SEAMARK, _OURS, seamark),
        "dnsmasq": _dnsmasq,
        "unbound": _unbound,
        "dnsdist": _dnsdist,
        "coredns": _coredns,
        CONSUL: lambda: Product(CONSUL, "asked directly", contextlib.nullcontext),
        FLOOR: lambda: Product(FLOOR, "echo with recvmmsg, sendmmsg", _floor(native), answers=0),
    }
    found, missing = [], {}
    for name in wanted:
        try:
            found.append(makers[name]())
        except LabError as error:
            missing[name] = str(error).splitlines()[0]
            say(f"{name} is not to be had: {error}")
    return found, missing


@contextmanager
def seamark(behind: Server, memory_mib: int = 64) -> Iterator[Server]:
    """Our proxy as its command starts it, with no setting that is not needed to reach the others.

    ``memory_mib`` is the default's.
    """
    flags = ["--listen", "127.0.0.1:{port}", "--http", "off"]
    if behind.consul_http:
        flags += ["--upstream", "127.0.0.1:9", "--consul-dns", f"127.0.0.1:{behind.port}"]
        flags += ["--consul-http", behind.consul_http]
    else:
        # Names below consul. are this upstream's as well: there is no Consul.
        flags += ["--upstream", f"127.0.0.1:{behind.port}", "--consul-http", "off"]
        flags += ["--consul-dns", f"127.0.0.1:{behind.port}"]
    foreign = [key for key in os.environ if key.startswith(("SEAMARK_", "CONSUL_", "DOCKER_"))]
    words = [word for key in foreign for word in ("-u", key)]
    given = [f"PYTHONPATH={ROOT}", f"SEAMARK_MEMORY_MIB={memory_mib}"]
    command = ["env", *words, *given, *command_line("dnsproxy", *flags)]
    with Started(command) as running:
        yield running.server


def _floor(native: Native) -> Callable[[Server], AbstractContextManager[Server]]:
    @contextmanager
    def start(_: Server) -> Iterator[Server]:
        with Started([native.responder, "{port}"]) as running:
            yield running.server

    return start


@contextmanager
def _quietly(resolver: Resolver) -> Iterator[Server]:
    """A resolver of the lab's; what it said is shown by the lab when it ends, and is not wanted."""
    with contextlib.redirect_stdout(io.StringIO()), resolver:
        yield Server(resolver.port, resolver.pid)


def _version(binary: Path, *flags: str) -> str:
    """The first number with a point in it that a program says of itself."""
    environment = {**os.environ, "LD_LIBRARY_PATH": str(binary.parent)}
    done = run([binary, *flags], timeout=30, env=environment, check=False)
    found = re.search(r"\d+\.\d[\w.]*", done.stdout + done.stderr)
    return found.group() if found else "unknown"


def _dnsmasq() -> Product:
    binary = DNSMASQ.find()

    def start(behind: Server) -> AbstractContextManager[Server]:
        # More than 10000 entries are refused; more questions under way than it takes by default.
        config = f"server=127.0.0.1#{behind.port}\ncache-size=10000\ndns-forward-max=10000\n"
        return _quietly(Dnsmasq(binary, config))

    return Product("dnsmasq", _version(binary, "--version"), start)


def _unbound() -> Product:
    binary = UNBOUND.find()
    server = """
        do-not-query-localhost: no
        msg-cache-size: 128m
        rrset-cache-size: 256m
        outgoing-range: 4096
        num-queries-per-thread: 4096
        so-rcvbuf: 4m
        so-sndbuf: 4m
        incoming-num-tcp: 100
    """

    def start(behind: Server) -> AbstractContextManager[Server]:
        clause = f'forward-zone:\n    name: "."\n    forward-addr: 127.0.0.1@{behind.port}\n'
        return _quietly(Unbound(binary, server, clause))

    return Product("unbound", _version(binary, "-V"), start)


def _dnsdist() -> Product:
    binary = DNSDIST.find()

    def start(behind: Server) -> AbstractContextManager[Server]:
        # By default it sends nothing to a server that does not know its own test name.
        config = f"""
            newServer("127.0.0.1:{behind.port}"):setUp()
            setMaxUDPOutstanding(10000)
            setUDPSocketBufferSizes(4194304, 4194304)
            getPool(""):setCache(newPacketCache({_ENTRIES}, {{minTTL=1}}))
        """
        return _quietly(Dnsdist(binary, config))

    return Product("dnsdist", _version(binary, "--version"), start)


def _coredns() -> Product:
    binary = find_coredns()

    def start(behind: Server) -> AbstractContextManager[Server]:
        # The last 0: by default it would keep for 5 s what has TTL 0.
        block = f"cache {{\n    success {_ENTRIES} 3600 0\n}}\nforward . 127.0.0.1:{behind.port}\n"
        return _quietly(Coredns(binary, block))

    return Product("coredns", COREDNS_VERSION, start)
