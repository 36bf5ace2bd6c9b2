"""Reloads that the host has a say in: its resolver, its addresses, who the process is by then."""

import re
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.asking import addresses
from tests.commands import Running
from tests.dnsproxy.addressing import FLAGS, held, is_answered, proxy
from tests.lab.namespaces import Namespace, house
from tests.seamark.test_reload import free_port, is_open
from tests.seamark.written import Written, root, upstream
from tests.small_engine import SmallEngine
from tests.waits import PATIENCE_S, Waits


@pytest.fixture
def host() -> Iterator[tuple[Namespace, Path]]:
    """A host on one network, and the resolv.conf that its processes see."""
    with house(1) as made:
        folder = Path("/etc/netns", made.host.name)
        folder.mkdir(parents=True)
        file = folder / "resolv.conf"
        file.write_text("nameserver 198.51.100.1\n")
        try:
            yield made.host, file
        finally:
            file.unlink()
            folder.rmdir()


@pytest.mark.lab
def test_a_change_of_resolv_conf_changes_who_is_asked(host, waits: Waits):
    """Where nobody is named: another network has other nameservers. Nobody sends a signal."""
    namespace, file = host
    with Running("dnsproxy", *FLAGS, prefix=namespace.prefix) as running:
        assert "all else -> 198.51.100.1:53" in running.log
        file.write_text("nameserver 198.51.100.2\n")
        line = "reloaded (/etc/resolv.conf has changed): all else -> 198.51.100.2:53"
        waits.until("it is seen", lambda: line in running.log, PATIENCE_S)


@pytest.mark.lab
def test_resolv_conf_is_nothing_to_who_is_told_whom_to_ask(host, waits: Waits):
    """The reload that comes is that of the signal."""
    namespace, file = host
    with proxy(namespace) as running:
        file.write_text("nameserver 198.51.100.2\n")
        running.send(signal.SIGHUP)
        waits.until("reloaded", lambda: "reloaded (" in running.log, PATIENCE_S)
        assert ["SIGHUP"] == re.findall(r"reloaded \((.*?)\)", running.log)


@pytest.mark.lab
def test_an_address_that_we_answer_on_is_no_upstream_after_a_reload_either(host, waits: Waits):
    """Where we listen on each address by itself, we hold it: that somebody does proves nothing."""
    namespace, file = host
    file.write_text("nameserver 10.77.1.1\nnameserver 198.51.100.1\n")
    with (
        held(namespace, "127.0.0.53"),
        Running("dnsproxy", *FLAGS, prefix=namespace.prefix) as running,
    ):
        assert "10.77.1.1:53" in running.log
        assert "all else -> 198.51.100.1:53" in running.log
        running.send(signal.SIGHUP)
        waits.until("reloaded", lambda: "reloaded (SIGHUP): " in running.log, PATIENCE_S)
        assert "reloaded (SIGHUP): nothing has changed" in running.log
        assert is_answered(namespace, "10.77.1.1")


def test_one_address_takes_the_place_of_all_after_root_is_left_too(waits: Waits):
    """A socket is joined by one of the same user only, and the first one was bound by root."""
    port = free_port()
    flags = ("--http", "off", "--upstream", "127.0.0.1:9", "--consul-dns", "127.0.0.1:9")
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        file = Path(name, "s.toml")
        file.write_text(f'user = "nobody"\n[dns]\nlisten = ["0.0.0.0:{port}"]\n')
        with Running("dnsproxy", *flags, "--config", str(file)) as running:
            text = f'user = "nobody"\n[dns]\nlisten = ["127.0.0.1:{port}"]\n'
            assert "dns.listen" in Written(file, running).reload(text, waits)
            assert {"127.0.0.1"} == addresses(port, "localhost")
            waits.until("all others are left", lambda: not is_open(port, "127.0.0.2"), PATIENCE_S)
            assert {"127.0.0.1"} == addresses(port, "localhost")


def test_both_halves_in_one_process_take_on_what_they_can(
    tmp_path: Path, engine_without_containers: SmallEngine, waits: Waits
):
    """The DNS half changes; the registrar goes on, and is said to need a restart."""
    file = tmp_path / "s.toml"
    with upstream("192.0.2.1") as one, upstream("192.0.2.2") as two:
        file.write_text(root(one))
        flags = ("--listen", "127.0.0.1:0", "--http", "off", "--config", str(file))
        docker = ("--docker", f"unix://{engine_without_containers.path}")
        with Running("seamark", "up", *flags, *docker, "--advertise", "10.1.0.1") as running:
            assert {"192.0.2.1"} == addresses(running.port, "www.example")
            text = root(two) + "[registrar]\ninternal = true\n"
            line = Written(file, running).reload(text, waits)
            assert "needs a restart: registrar.internal" in line
            assert {"192.0.2.2"} == addresses(running.port, "www.example")
