"""What the page on troubleshooting says of symptoms, on a laptop that has them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docs.laptop import Laptop, laptop
from tests.docs.markdown import read
from tests.lab.fixtures import or_fail
from tests.waits import PATIENCE_S, Waits

pytestmark = [pytest.mark.lab, pytest.mark.timeout(300)]
PAGE = read("docs/how-to/troubleshooting.md")
DNS = "--dns 172.17.0.1"
SEARCH = "--dns-search service.consul"
WHOLE = "http://hello.service.consul:8081/"


@pytest.fixture
def host(tmp_path: Path, waits: Waits) -> Iterator[Laptop]:
    """With `seamark up`, and a service `hello`; upstream is nobody."""
    with or_fail(), laptop() as made:
        built = made.shell("docker build -q -t dummy-http examples/dummy-http")
        assert 0 == built.returncode, built.stderr
        log = tmp_path / "log"
        with made.running(".venv/bin/seamark up", log):
            waits.until("up", lambda: "try: " in log.read_text(), PATIENCE_S)
            run = "docker run -d -p 8081:8080 -e SERVICE_NAME=hello --name hello dummy-http hello"
            assert 0 == made.shell(run).returncode
            waits.until("hello", lambda: curl(made, f"{DNS} {SEARCH}", "http://hello:8081/"), 30)
            yield made


def curl(host: Laptop, options: str, url: str) -> str:
    """What it prints in a container."""
    line = f"docker run --rm {options} curlimages/curl -s -m 5 {url}"
    return host.shell(line).stdout


def dig(host: Laptop, words: str) -> str:
    """What it prints on the laptop."""
    return host.shell(f"dig @127.0.0.1 {words}").stdout


def test_symptoms_and_what_they_come_from(host: Laptop) -> None:
    """Each has what the page says against it."""
    assert "" == curl(host, "", WHOLE)
    assert f"`docker run --rm {DNS} ...`" in PAGE
    assert "[hello]" in curl(host, DNS, WHOLE)

    asked = f"docker run --rm {DNS} --entrypoint dig curlimages/curl +short hello.service.consul"
    assert "192.168.1.20" == host.shell(asked).stdout.strip()
    assert "" == curl(host, DNS, "http://hello:8081/")
    assert f"`{SEARCH}`" in PAGE
    assert "[hello]" in curl(host, f"{DNS} {SEARCH}", "http://hello:8081/")

    outside = dig(host, "www.example.com +time=10 +tries=1")
    assert "SERVFAIL" in outside
    assert "EDE: " in outside
    assert "SERVFAIL with a reason in `dig`'s output (`EDE`)" in PAGE

    missing = dig(host, "nobody.service.consul SRV +noall +comments")
    assert "NXDOMAIN" in missing
    plan = host.shell(".venv/bin/seamark plan")
    assert "laptop:hello:8080" in plan.stdout
