"""Every command that a page shows: the test that runs it, or why none can."""

import re
import shlex
import subprocess

import pytest

from bench import __main__ as bench
from tests.commands import ROOT
from tests.docs.markdown import pages, read
from tests.pages import all_blocks

_SHOWN = ("sh", "console")
_ACL = "tests/docs/test_acl_and_tls.py"
_IMAGE = "tests/e2e/test_image.py"
_SYSTEMD = "tests/e2e/test_systemd.py"
_LONG = "tests/docs/test_blocks.py::test_what_takes_minutes_is_understood"
# Make is asked whether it knows what stands there.
_TARGETS = "tests/docs/test_readme.py::test_the_make_targets_are_there"
_HOST = "docker run -d --net=host -v /var/run/docker.sock:/var/run/docker.sock"

# Page -> of each block how its first line begins, and the test that runs all lines of it.
BLOCKS = {
    "CONTRIBUTING.md": {"make setup": _TARGETS},
    "README.md": {
        "$ make run": "tests/docs/test_readme.py::test_the_transcript",
        "make run": _TARGETS,
        "make setup": "tests/docs/test_readme.py::test_one_laptop",
        "sudo .venv/bin/seamark up consul://": "tests/docs/test_readme.py::test_one_host_of_many",
    },
    "docs/explanation/cluster-faults.md": {"make bench SUBJECT=cluster": _LONG},
    "docs/explanation/figures.md": {"make bench": _LONG},
    "docs/explanation/outages.md": {"make bench SUBJECT=outages": _LONG},
    "docs/explanation/soak.md": {"make soak": _LONG},
    "docs/explanation/speed.md": {
        "make bench SUBJECT=coherence": _LONG,
        "make bench SUBJECT=speed": _LONG,
        "make bench SUBJECT=isolation": _LONG,
        "make bench SUBJECT=page": _LONG,
        "make bench SUBJECT=catalog": _LONG,
    },
    "docs/how-to/all-containers-of-a-host.md": {
        "seamark up": (
            "tests/e2e/test_all_containers.py::test_every_container_resolves_without_a_word"
        )
    },
    "docs/how-to/beside-systemd-resolved.md": {
        "systemctl restart": f"{_SYSTEMD}::test_systemd_resolved_asks_for_consuls_names_alone"
    },
    "docs/how-to/check-an-installation.md": {
        "$ cat seamark.toml": (
            "tests/docs/test_check_page.py::test_the_settings_of_the_page_are_told_as_there"
        ),
        "$ seamark check consul://": (
            "tests/docs/test_check_page.py::test_what_is_around_them_is_told_as_there"
        ),
        "seamark check --offline --json": (
            "tests/docs/test_check_page.py::test_the_command_for_programs"
        ),
    },
    "docs/how-to/consul-with-acl-and-tls.md": {
        "cd /etc/consul.d": f"{_ACL}::test_all_works_with_the_policies_of_the_page",
        "export CONSUL_HTTP_ADDR": f"{_ACL}::test_all_works_with_the_policies_of_the_page",
        "export CONSUL_HTTP_TOKEN": f"{_ACL}::test_all_works_with_the_policies_of_the_page",
        "dig @127.0.0.1 -p 8600": (
            f"{_ACL}::test_without_the_agents_default_token_all_names_are_denied_in_silence"
        ),
        "consul acl set-agent-token": (
            f"{_ACL}::test_without_the_agents_default_token_all_names_are_denied_in_silence"
        ),
    },
    "docs/how-to/from-one-host-to-a-cluster.md": dict.fromkeys(
        ("seamark export", "consul agent -server -bootstrap", "seamark up consul://"),
        "tests/docs/test_one_host_to_a_cluster.py::test_names_keep_their_answers",
    ),
    "docs/how-to/from-registrator.md": dict.fromkeys(
        ("seamark plan consul://", "registrar -ip 10.0.0.5"),
        "tests/docs/test_registrar_pages.py::test_the_commands_of_the_pages",
    ),
    "docs/how-to/run-in-containers.md": {
        "docker build -t seamark .": f"{_IMAGE}::test_what_an_image_says_of_itself",
        f"{_HOST} seamark up consul://": f"{_IMAGE}::test_both_halves_in_the_hosts_network",
        f"{_HOST} seamark up --advertise": f"{_IMAGE}::test_both_halves_without_a_consul",
        "docker build -t registrar": f"{_IMAGE}::test_the_articles_registrar",
        "docker build -t dnsproxy": f"{_IMAGE}::test_the_dns_proxy_alone",
        "docker run -d --read-only": f"{_IMAGE}::test_it_runs_with_nothing_but_what_it_needs",
        "docker run -d --net=host --read-only": (
            f"{_IMAGE}::test_one_capability_is_enough_for_the_hosts_port_53"
        ),
        "docker run -d --net=host -e DOCKER_HOST": (
            "tests/e2e/test_engine_access.py::test_a_proxy_that_lets_reading_pass_is_enough"
        ),
        "seamark up --docker unix:///run/user": (
            "tests/e2e/test_engine_access.py::test_containers_of_a_rootless_engine_find_each_other"
        ),
        "cd conf/compose": "tests/e2e/test_compose.py::test_the_client_finds_both_services_by_name",
    },
    "docs/how-to/run-under-systemd.md": {
        "make wheel": (
            "tests/seamark/test_wheel.py::test_all_of_the_product_is_in_it_and_nothing_else"
        ),
        "useradd": f"{_SYSTEMD}::test_the_service_starts_when_it_answers_and_ends_well",
        "systemctl edit seamark.service": f"{_SYSTEMD}::test_no_command_of_the_pages_goes_untested",
        "systemctl stop": f"{_SYSTEMD}::test_a_port_that_systemd_holds_is_never_closed",
    },
    "docs/how-to/find-out-why-a-name-does-not-resolve.md": {
        "$ seamark query": "tests/docs/test_why.py::test_the_transcript_is_what_is_printed",
        "seamark plan": "tests/docs/test_why.py::test_the_other_commands_are_understood",
    },
    "docs/how-to/read-the-status-page.md": {
        "ssh -L": (
            "tests/docs/test_status_page.py::test_the_tunnel_leads_to_where_the_page_is_by_itself"
        ),
        "curl -s": "tests/docs/test_status_page.py::test_the_queries_from_a_shell",
    },
    "docs/how-to/shell-completion.md": {
        "mkdir -p ~/.local": "tests/docs/test_shell_completion.py::test_bash_with_the_package",
        "mkdir -p ~/.zsh": "tests/docs/test_shell_completion.py::test_zsh",
        "mkdir -p ~/.config/fish": "tests/docs/test_shell_completion.py::test_fish",
    },
    "docs/how-to/three-hosts.md": {
        "make cluster": (
            "tests/cluster/test_make_cluster.py::"
            "test_it_opens_a_door_to_each_host_and_leaves_nothing"
        ),
        "node1$ dig +short": "tests/cluster/test_cluster.py::test_the_articles_story",
        "ip -n seamark-lan link": "tests/cluster/test_cluster.py::test_a_host_is_cut_off",
    },
    "docs/how-to/watch-with-prometheus-and-grafana.md": dict.fromkeys(
        ("seamark up --http", "promtool check config"),
        "tests/monitoring/test_scrape_lab.py::test_the_commands_of_the_how_to_find_nothing_wrong",
    ),
    "docs/reference/labels.md": {
        "seamark plan": "tests/docs/test_registrar_pages.py::test_the_commands_of_the_pages"
    },
    "docs/reference/settings.md": {
        "$ SEAMARK_UPSTREAM=9.9.9.9 seamark config show": (
            "tests/docs/test_reference.py::"
            "test_what_the_page_shows_of_the_settings_in_force_is_printed"
        )
    },
    "docs/tutorial/first-ten-minutes.md": dict.fromkeys(
        (
            "make setup",
            "$ sudo .venv/bin/seamark up",
            "$ docker run -td -p 8081:8080",
            "$ docker run --rm --dns",
            "$ docker run -td -p 8082:8080",
            "$ docker kill again",
            "$ docker run -d --name quiet",
            "$ curl -s",
            "docker rm -f",
        ),
        "tests/docs/test_first_ten_minutes.py::test_the_first_ten_minutes",
    ),
}
# Lines that stand in one of these blocks, and are not run as they are.
NOT_RUN = {
    "make test": "this run is it",
    "make test-unit": "this run is it, or has it in it",
    "make soak": "an hour; a minute of it is tests/soak and tests/fuzz",
    "make fuzz": "a quarter of an hour; a part of it is tests/fuzz",
    "ssh -L 8053:127.0.0.1:8053 node3": "there is no second host; its addresses are compared",
    "systemctl edit seamark.service": "it opens an editor; a test writes the drop-in",
    "cd /etc/consul.d": "a folder of the test's stands for it",
}


def shown(page: str) -> list[list[str]]:
    """The lines of each block with commands, without remarks."""
    found = [text for language, text in all_blocks(read(page)) if language in _SHOWN]
    return [[_alone(line) for line in text.splitlines()] for text in found]


def _alone(line: str) -> str:
    return re.sub(r"\s+#.*", "", line)


@pytest.mark.parametrize("page", pages())
def test_each_block_of_a_page_has_its_test(page):
    """A new one has to be in the table."""
    known, found = list(BLOCKS.get(page, {})), [block[0] for block in shown(page)]
    assert len(known) == len(found), found
    assert all(map(str.startswith, found, known)), found


@pytest.mark.parametrize("page", BLOCKS)
def test_the_tests_are_there_and_one_reads_the_page(page):
    """What stands on it is what they run; that a line is missing is theirs to see."""
    named = [test.partition("::") for test in BLOCKS[page].values()]
    for file, _, test in named:
        assert re.search(rf"^def {test}\(", read(file), re.MULTILINE), f"{file}::{test}"
    assert _LONG in BLOCKS[page].values() or any(page in read(file) for file, _, _ in named)


def test_what_is_not_run_is_on_a_page():
    """Nobody is excused whom nobody asks for."""
    lines = {line for page in pages() for block in shown(page) for line in block}
    assert set(NOT_RUN) <= lines


MINUTES = sorted(
    {
        line
        for page, blocks in BLOCKS.items()
        for block, test in zip(shown(page), blocks.values(), strict=False)
        if test == _LONG
        for line in block
    }
)


@pytest.mark.parametrize("line", MINUTES)
def test_what_takes_minutes_is_understood(line, monkeypatch):
    """By make, and by the bench as far as its command line goes; tests/bench runs each in short."""
    done = subprocess.run(
        [*shlex.split(line), "-n"], capture_output=True, check=True, cwd=ROOT, text=True
    )
    commands = re.findall(r"\S+python -m (\S+)(.*)", done.stdout)
    if line.startswith("make soak"):
        assert ["tests.soak", "tests.soak.dns"] == [m for m, _ in commands if "soak" in m]
        return
    ((_, words),) = [found for found in commands if found[0] == "bench"]
    asked = []

    def measure(given: object, _: str) -> str:
        asked.append(given)
        return ""

    for subject in bench._SUBJECTS:
        monkeypatch.setitem(bench._SUBJECTS, subject, measure)
    monkeypatch.setattr("sys.argv", ["bench", *shlex.split(words)])
    assert 0 == bench.main()
    assert 1 == len(asked)
