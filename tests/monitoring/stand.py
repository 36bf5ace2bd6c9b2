"""Real processes under some questions, and a real Prometheus that scrapes them.

Everything happens once that there is a figure for: answers and failures, an upstream that is away,
a packet that is no reply, a container that is registered and one that is left out.
"""

import contextlib
import itertools
import shutil
import threading
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import dns.exception
import dns.message

from tests.asking import ask
from tests.commands import Running
from tests.lab.consul import ConsulAgent, free_ports
from tests.lab.prometheus import Prometheus
from tests.monitoring.small_host import small_host
from tests.upstream import ScriptedUpstream, reply_to
from tests.waits import PATIENCE_S, Waits

SCRAPES = 5
NAMES = ("svc1.service.consul", "c1.service.consul", "www.example", "none.example", "bad.example")
_AWAY = "127.0.0.1:9"


@dataclass(frozen=True)
class Stand:
    """The status sides by what they are of, and who scrapes them."""

    pages: dict[str, str]
    prometheus: Prometheus

    def metrics(self, which: str) -> str:
        """What one of them is scraped of."""
        with urllib.request.urlopen(f"{self.pages[which]}/metrics", timeout=10) as answer:
            return str(answer.read().decode())


@contextlib.contextmanager
def stand(consul: Path, prometheus: Path, folder: Path) -> Iterator[Stand]:
    """An embedded one and one in front of Consul, scraped each second."""
    with ExitStack() as parts:
        engine = parts.enter_context(small_host(folder / "engine.sock"))
        upstream = parts.enter_context(ScriptedUpstream(_script))
        agent = parts.enter_context(ConsulAgent(consul, node="n1"))
        common = ["--listen", "127.0.0.1:0", "--node", "n1", "--docker", f"unix://{engine.path}"]
        common += ["--upstream", upstream.address, "--upstream", _AWAY]
        kinds = {
            "embedded": ["--services", "conf/services.json", "--advertise", "127.0.0.1"],
            "consul": [
                f"consul://{agent.http_address}",
                *("--consul-dns", agent.dns_address),
            ],
        }
        proxies, pages = [], {}
        for kind, words in kinds.items():
            (http,) = free_ports(1)
            words += ["--http", f"127.0.0.1:{http}", "--query-log", str(folder / f"{kind}.log")]
            proxies.append(parts.enter_context(Running("seamark", "up", *words, *common)))
            pages[kind] = f"http://127.0.0.1:{http}"
        shutil.copy("conf/prometheus/alerts.yaml", folder)
        targets = [page.removeprefix("http://") for page in pages.values()]
        scraper = Prometheus(prometheus, _config(targets), folder)
        with _questions([proxy.port for proxy in proxies]), scraper:
            _wait_for_scrapes(scraper, targets)
            yield Stand(pages, scraper)


def _config(targets: Sequence[str]) -> str:
    """The file that is shipped, but for who is asked, and how often."""
    text = Path("conf/prometheus/prometheus.yml").read_text()
    for shipped, ours in (("15s", "1s"), ('["127.0.0.1:8053"]', str(list(targets)))):
        assert shipped in text
        text = text.replace(shipped, ours)
    return text


def _script(query: dns.message.Message) -> list[bytes]:
    name = str(query.question[0].name).lower()
    if name.endswith("slow.example."):
        return []
    if name.endswith("bad.example."):
        return [reply_to(query, rcode=2).to_wire()]
    if name.endswith("none.example."):
        return [reply_to(query, rcode=3).to_wire()]
    good = reply_to(query, f"{name} 60 A 192.0.2.1")
    guess = reply_to(query)
    guess.id ^= 1
    return [guess.to_wire(), good.to_wire()]


@contextlib.contextmanager
def _questions(ports: Sequence[int]) -> Iterator[None]:
    """Somebody asks, again and again, some of it anew each time."""
    over = threading.Event()

    def run() -> None:
        for number in itertools.count():
            if over.wait(0.02):
                return
            for port in ports:
                names = (*NAMES, f"n{number}.example", f"n{number}.bad.example")
                for name in (*names, f"n{number}.slow.example") if number % 50 == 0 else names:
                    with contextlib.suppress(dns.exception.Timeout):
                        ask(port, name, timeout=0.5)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _wait_for_scrapes(scraper: Prometheus, targets: Sequence[str]) -> None:
    def enough() -> bool:
        found = scraper.query(f"count_over_time(up[5m]) >= {SCRAPES}")
        return len(found) == len(targets)

    def seen() -> bool:
        return bool(scraper.query('seamark_dns_upstream_questions_total{outcome="timeout"}'))

    Waits().until("enough was scraped", lambda: enough() and seen(), PATIENCE_S)
