"""Pictures of the page for the documentation: `python -m tests.page.shots`, as root.

A process beside a real engine, with containers that come and go, is asked for five minutes as a
busy host would ask; then docs/pictures/status-{light,dark,phone}.png are taken of its page.
"""

import argparse
import math
import random
import tempfile
import threading
import time
from contextlib import ExitStack
from pathlib import Path

import dns.message
import dns.query
from PIL import Image
from playwright.sync_api import Browser, FloatRect

from tests.commands import ROOT
from tests.lab.engine import open_engine
from tests.lab.fixtures import Containers
from tests.lab.images import dummy_http_image
from tests.page.browser import PHONE, Visit, chromium, visit
from tests.page.stand import Stand, answers
from tests.upstream import ScriptedUpstream
from tests.waits import pause

FOLDER = ROOT / "docs" / "pictures"
BYTES_MAX = 200_000
ZONE = '[[dns.zone]]\nname = "corp.example"\nupstream = ["{}"]\n'
# Name -> how many of them run; two that nobody can reach come besides.
SERVICES = {"api": 3, "web": 2, "billing": 1, "cache": 1, "search": 2}
ASKED = {
    "api.service.consul": 30,
    "web.service.consul": 20,
    "cache.service.consul": 15,
    "search.service.consul": 10,
    "billing.service.consul": 5,
    "www.example.com": 6,
    "registry.example.com": 4,
    "git.corp.example": 4,
    "ldap.corp.example": 2,
    "nowhere.example.com": 3,
    "old-name.service.consul": 2,
}
# When an upstream breaks, as shares of the whole time.
_BROKEN = (0.62, 0.68)
_A_SECOND = 120
_WIDE, _HEIGHT_MAX = (1200, 900), 1200.0


class Load:
    """Questions of several clients, more and fewer in waves; a context manager."""

    def __init__(self, port: int, seconds: float) -> None:
        self._port, self._seconds = port, seconds
        self._begin = time.monotonic()
        self._threads = [threading.Thread(target=self._ask, args=(number,)) for number in range(4)]

    def __enter__(self) -> None:
        for thread in self._threads:
            thread.start()

    def __exit__(self, *ignored: object) -> None:
        self._seconds = 0
        for thread in self._threads:
            thread.join()

    def _ask(self, number: int) -> None:
        chance = random.Random(number)
        client = f"127.0.0.{number + 2}"
        while (now := time.monotonic() - self._begin) < self._seconds:
            wave = 1 + 0.5 * math.sin(now / 23) + 0.2 * math.sin(now / 5)
            pause(len(self._threads) / (_A_SECOND * wave))
            (name,) = chance.choices(list(ASKED), list(ASKED.values()))
            if _BROKEN[0] < now / self._seconds < _BROKEN[1] and "corp" in name:
                name = f"broken.{name}"
            query = dns.message.make_query(name, chance.choice(["A", "A", "AAAA"]))
            dns.query.udp(query, "127.0.0.1", port=self._port, source=client, timeout=10)


def slow(milliseconds: float) -> ScriptedUpstream:
    """An upstream at some distance."""
    chance = random.Random(milliseconds)

    def script(query: dns.message.Message) -> list[bytes]:
        pause(milliseconds / 1000 * chance.lognormvariate(0, 0.4))
        return answers(query)

    return ScriptedUpstream(script)


def start(containers: Containers, image: str) -> None:
    """What a host runs; not all of it can be a service."""
    for name, number in SERVICES.items():
        for each in range(1, number + 1):
            env = {"SERVICE_NAME": name, "SERVICE_TAGS": "blue,v2" if each == 1 else "green,v3"}
            containers.run(image, name, name=f"{name}-{each}", ports=["8080"], env=env)
    containers.run(image, "db", name="db-1")
    typo = {"SERVICE_8080_CHEK_HTTP": "/", "SERVICE_9090_IGNORE": "yes", "SERVICE_NAME": "shop"}
    containers.run(image, "shop", name="shop-1", ports=["8080", "9090"], env=typo)


def live(containers: Containers, seconds: float) -> None:
    """Let time go by; now and then a container is started anew."""
    chance = random.Random(1)
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        pause(min(chance.uniform(8, 30), max(end - time.monotonic(), 0)))
        name, number = chance.choice(list(SERVICES.items()))
        containers.engine.docker("restart", "--time", "0", f"{name}-{chance.randint(1, number)}")


def take(browser: Browser, url: str) -> None:
    """The three pictures."""
    FOLDER.mkdir(exist_ok=True)
    # What the picture begins and ends with.
    for name, size, begin, end in (
        ("light", _WIDE, "header.top", "#containers"),
        ("dark", _WIDE, "#services", "#log"),
        ("phone", PHONE, "header.top", "#chart-latency"),
    ):
        seen = visit(browser, url, size, is_dark=name == "dark")
        seen.open()
        seen("#chart-changes canvas").wait_for()
        seen("#log-rows tr").nth(20).wait_for()
        file = FOLDER / f"status-{name}.png"
        seen.page.screenshot(
            path=file,
            animations="disabled",
            full_page=True,
            clip=_between(seen, begin, end, size[0]),
        )
        seen.close()
        # A third of the bytes: a page has few colours, and none of them gets lost.
        few = Image.open(file).convert("RGB").quantize(256, Image.Quantize.MAXCOVERAGE)
        few.save(file, optimize=True)
        print(f"{file.relative_to(ROOT)}: {file.stat().st_size // 1000} KB")
        if file.stat().st_size > BYTES_MAX:
            raise SystemExit(f"error: {file} is larger than {BYTES_MAX // 1000} KB")


def _between(seen: Visit, begin: str, end: str, width: int) -> FloatRect:
    first, last = seen(begin).bounding_box(), seen(end).bounding_box()
    assert first is not None
    assert last is not None
    top = max(first["y"] - 12, 0)
    bottom = min(last["y"] + last["height"] + 12, top + _HEIGHT_MAX)
    return {"x": 0, "y": top, "width": width, "height": bottom - top}


def main() -> None:
    """All of it."""
    parser = argparse.ArgumentParser(prog="python -m tests.page.shots", description=__doc__)
    parser.add_argument("--seconds", type=float, default=330)
    seconds = parser.parse_args().seconds
    with ExitStack() as stack:
        engine = stack.enter_context(open_engine())
        containers = Containers(engine)
        stack.callback(containers.remove_all)
        near, far = stack.enter_context(slow(3)), stack.enter_context(slow(14))
        file = Path(stack.enter_context(tempfile.TemporaryDirectory())) / "seamark.toml"
        file.write_text(ZONE.format(far.address))
        flags = ["--docker", engine.url, "--upstream", near.address, "--config", str(file)]
        flags += ["--advertise", "172.20.20.30"]
        stand = stack.enter_context(Stand(*flags))
        start(containers, dummy_http_image(engine))
        browser = stack.enter_context(chromium())
        with Load(stand.port, seconds + 60):
            live(containers, seconds)
            take(browser, stand.url)


if __name__ == "__main__":
    main()
