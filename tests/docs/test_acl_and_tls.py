"""The page about ACLs and TLS, on a real Consul: its commands as they stand, and each rule."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.asking import ask, rcode, records
from tests.commands import ROOT, Running
from tests.e2e.registering import HOST, run_web
from tests.lab.consul import ConsulAgent, free_ports
from tests.lab.engine import Engine
from tests.lab.fixtures import Containers
from tests.pages import blocks
from tests.waits import PATIENCE_S, Waits

pytestmark = pytest.mark.lab
PAGE = (ROOT / "docs/how-to/consul-with-acl-and-tls.md").read_text()
FOLDER = "/etc/consul.d"


AGENT, SEAMARK_RULES, NAMES_RULES = blocks(PAGE, "hcl")
CERTIFICATES, POLICIES, START, LOOK, MEND = blocks(PAGE, "sh")
RULES = SEAMARK_RULES.splitlines()


class Site:
    """An agent as the page has it, in a folder that stands for /etc/consul.d."""

    def __init__(self, binary: Path, folder: Path, bridge: str) -> None:
        self.folder = folder
        (self.https,) = free_ports(1)
        self.dns = 8600
        (folder / "consul").symlink_to(binary)
        self.shell(CERTIFICATES)
        for name, rules in (("seamark", SEAMARK_RULES), ("names", NAMES_RULES)):
            (folder / f"{name}.hcl").write_text(rules)
        secure = folder / "secure.hcl"
        secure.write_text(self._here(AGENT))
        # It keeps its tokens in a file, without a folder of its own wherever it was started.
        data = {"data_dir": str(folder / "data")}
        self.agent = ConsulAgent(
            binary, node=HOST, advertise=bridge, config=data, config_files=[secure]
        )
        self.dns = self.agent.ports["dns"]

    def shell(self, script: str, **variables: str) -> str:
        """Run lines of the page in one shell; what they print. Each has to work."""
        done = subprocess.run(
            ["bash", "-e", "-o", "pipefail", "-c", self._here(script)],
            capture_output=True,
            check=False,
            cwd=self.folder,
            env={"PATH": f"{self.folder}:/usr/bin:/bin", **variables},
            text=True,
            timeout=60,
        )
        assert 0 == done.returncode, done.stderr
        return done.stdout

    def token(self, name: str, rules: str) -> Path:
        """A token that may do what the rules say, made as the page makes its own."""
        (self.folder / f"{name}.hcl").write_text(rules)
        lines = POLICIES.splitlines()
        made = [line.replace("seamark", name) for line in (lines[4], lines[6])]
        self.shell("\n".join([*lines[:2], lines[3], *made]))
        return self.folder / f"{name}.token"

    def seamark(self, engine: Engine, token: Path, *flags: str) -> Running:
        """`seamark up` of the page, with its variables."""
        export, command = START.splitlines()
        assert "export CONSUL_HTTP_TOKEN_FILE=seamark.token" == export
        program, *words = self._here(command).split()
        variables: list[tuple[str, str]] = re.findall(r"(CONSUL_(?!HTTP)\w+)=(\S+)", POLICIES)
        ours = {key: str(self.folder / file) for key, file in variables}
        given = ["--docker", engine.url, "--listen", "127.0.0.1:0", "--http", "off"]
        given += ["--upstream", "127.0.0.1:9", "--consul-dns", self.agent.dns_address, *flags]
        env = ["env", f"CONSUL_HTTP_TOKEN_FILE={token}", *map("=".join, ours.items())]
        return Running(program, *words, *given, prefix=env)

    def _here(self, text: str) -> str:
        here = text.replace(FOLDER, str(self.folder)).replace("host1", HOST)
        return here.replace("8501", str(self.https)).replace("8600", str(self.dns))


@pytest.fixture
def site(engine: Engine, consul_binary: Path, tmp_path: Path, waits: Waits) -> Iterator[Site]:
    """With tokens and policies."""
    made = Site(consul_binary, tmp_path, engine.bridge_address)
    made.agent.launch()
    try:
        lines = POLICIES.splitlines(keepends=True)

        def bootstrapped() -> bool:
            try:
                made.shell("".join(lines[:3]))
            except AssertionError:
                return False
            return True

        waits.until("an agent that leads", bootstrapped, PATIENCE_S)
        made.shell("".join([*lines[:2], *lines[3:]]))
        assert (tmp_path / "data" / "acl-tokens.json").exists()
        assert not (ROOT / "acl-tokens.json").exists()
        yield made
    finally:
        made.agent.close()


def test_all_works_with_the_policies_of_the_page(
    site: Site, engine: Engine, containers: Containers, dummy_image: str, waits: Waits
) -> None:
    """A container is registered, and its name answered, from a watch too."""
    with site.seamark(engine, site.folder / "seamark.token") as running:
        run_web(containers, dummy_image)
        srv = "dummy-http.service.consul"
        waits.until("web", lambda: len(records(ask(running.port, srv, "SRV"))) == 1, PATIENCE_S)
        engine.docker("kill", "web")
        waits.until("web is gone", lambda: not records(ask(running.port, srv, "SRV")))
    assert "needs" not in running.log_at_end
    assert "refused" not in running.log_at_end


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.split()[0])
def test_each_rule_is_needed_and_named_when_it_is_missing(
    site: Site, engine: Engine, containers: Containers, dummy_image: str, waits: Waits, rule: str
) -> None:
    """What Seamark says is what to add."""
    rest = "\n".join(other for other in RULES if other != rule)
    token = site.token("less", rest)
    run_web(containers, dummy_image)
    kind = rule.partition("_prefix")[0]
    with site.seamark(engine, token) as running:
        named = re.compile(rf'(needs|has the token no) (\S+ )*{kind}(_prefix)? "')
        waits.until(rule, lambda: named.search(running.log), PATIENCE_S)


def test_without_the_agents_default_token_all_names_are_denied_in_silence(
    site: Site, engine: Engine, containers: Containers, dummy_image: str, waits: Waits
) -> None:
    """As the page says: seen by asking with a token and without, and mended by one line."""
    with_tls = "".join(POLICIES.splitlines(keepends=True)[:2])
    export = "export CONSUL_HTTP_TOKEN_FILE=management.token\n"
    site.shell(f'{with_tls}{export}consul acl set-agent-token default ""')
    as_dns, as_agent, with_token = (f"{with_tls}{export}{line}" for line in LOOK.splitlines())
    run_web(containers, dummy_image)
    with site.seamark(engine, site.folder / "seamark.token") as running:
        waits.until("denied", lambda: "NXDOMAIN" in site.shell(as_dns), PATIENCE_S)
        waits.until("seen", lambda: "dummy-http" in site.shell(with_token), PATIENCE_S)
        assert "consul" in site.shell(with_token).split()
        assert "consul" not in site.shell(as_agent).split()
        srv = "dummy-http.service.consul"
        assert "NXDOMAIN" == rcode(ask(running.port, srv, "SRV"))
        site.shell(f"{with_tls}{export}{MEND}")
        waits.until("mended", lambda: records(ask(running.port, srv, "SRV")), PATIENCE_S)
        assert "NOERROR" in site.shell(as_dns)
    assert "WARNING" not in running.log_at_end
