"""The lab as pytest fixtures: load with `pytest_plugins = ["tests.lab.fixtures"]`.

A part that cannot be had fails the test that asks for it; nothing is ever skipped for it.
"""

import os
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.lab.bind import BIND
from tests.lab.consul_binary import consul_version, find_consul, known_consul
from tests.lab.dnsmasq import DNSMASQ
from tests.lab.engine import LABEL, Engine, open_engine, running_engine
from tests.lab.images import base_image as make_base_image, dummy_http_image
from tests.lab.prometheus import PROMETHEUS, PROMTOOL
from tests.lab.shell import LabError, tool
from tests.lab.unbound import UNBOUND


class Containers:
    """Containers of one test; all of them are removed when it ends."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._started: list[str] = []

    def run(
        self,
        image: str,
        *args: str,
        name: str | None = None,
        ports: Sequence[str] = (),
        env: Mapping[str, str] | None = None,
        dns: Sequence[str] = (),
        options: Sequence[str] = (),
    ) -> str:
        """Start a container in the background and return its id; options go to docker run."""
        flags = [*_flags(name, ports, env, dns), *options]
        started = self.engine.docker("run", "-d", *flags, image, *args).stdout.strip()
        self._started.append(started)
        return started

    def output(
        self,
        image: str,
        *args: str,
        env: Mapping[str, str] | None = None,
        dns: Sequence[str] = (),
        options: Sequence[str] = (),
        check: bool = True,
        timeout: float = 60,
    ) -> subprocess.CompletedProcess[str]:
        """Run a command in a container to its end, and return what it said."""
        flags = [*_flags(None, (), env, dns), *options]
        return self.engine.docker("run", "--rm", *flags, image, *args, check=check, timeout=timeout)

    def remove_all(self) -> None:
        """Remove what run() started, gone already or not."""
        if self._started:
            self.engine.docker("rm", "-f", "-v", *self._started, check=False)
        self._started.clear()


def _flags(
    name: str | None,
    ports: Sequence[str],
    env: Mapping[str, str] | None,
    dns: Sequence[str],
) -> list[str]:
    """Spell out docker run's flags; everything carries the lab's label."""
    flags = ["--label", LABEL]
    flags += ["--name", name] if name else []
    flags += [word for port in ports for word in ("-p", port)]
    flags += [word for item in (env or {}).items() for word in ("-e", "=".join(item))]
    flags += [word for server in dns for word in ("--dns", server)]
    return flags


@contextmanager
def or_fail() -> Iterator[None]:
    """Turn a missing part into a plain failure: the message says it all, a traceback nothing."""
    try:
        yield
    except LabError as error:
        pytest.fail(f"lab: {error}", pytrace=False)


@pytest.fixture(scope="session")
def engine() -> Iterator[Engine]:
    """The container engine of this run."""
    with or_fail(), open_engine() as opened:
        yield opened


@pytest.fixture(scope="session")
def consul_binary() -> Path:
    """The Consul of this run: SEAMARK_LAB_CONSUL says which."""
    with or_fail():
        return find_consul(_which())


@pytest.fixture(scope="session")
def unbound_binary() -> Path:
    """Debian's unbound."""
    with or_fail():
        return UNBOUND.find()


@pytest.fixture(scope="session")
def bind_binary() -> Path:
    """Debian's named."""
    with or_fail():
        return BIND.find()


@pytest.fixture(scope="session")
def dnsmasq_binary() -> Path:
    """Debian's dnsmasq."""
    with or_fail():
        return DNSMASQ.find()


@pytest.fixture(scope="session")
def prometheus_binary() -> Path:
    """Debian's prometheus."""
    with or_fail():
        return PROMETHEUS.find()


@pytest.fixture(scope="session")
def promtool() -> Path:
    """The tool that comes with it."""
    with or_fail():
        return PROMTOOL.find()


@pytest.fixture(scope="session")
def base_image(engine: Engine) -> str:
    """The tag of a small Debian with python3, curl, getent, dig, kdig and drill."""
    with or_fail():
        return make_base_image(engine)


@pytest.fixture(scope="session")
def dummy_image(engine: Engine) -> str:
    """The tag of examples/dummy-http, built on the base image."""
    with or_fail():
        return dummy_http_image(engine)


@pytest.fixture
def containers(engine: Engine) -> Iterator[Containers]:
    """Run containers that are gone after the test."""
    started = Containers(engine)
    yield started
    started.remove_all()


def pytest_report_header() -> list[str]:
    """Say on which engine and which Consul this run stands, without fetching either."""
    return [f"lab: engine {_engine_words()}; Consul {_consul_words()}"]


def _engine_words() -> str:
    found = running_engine()
    if found is not None:
        return f"{found[1]} at {found[0]}"
    return f"of the lab's own ({tool('dockerd') or 'dockerd is not installed'})"


def _consul_words() -> str:
    try:
        path = known_consul(_which())
        return f"{consul_version(path)} ({path})" if path else f"{_which()}, not fetched yet"
    except LabError as error:
        return str(error)


def _which() -> str:
    return os.environ.get("SEAMARK_LAB_CONSUL", "debian")
