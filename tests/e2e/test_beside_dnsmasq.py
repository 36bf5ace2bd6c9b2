"""The page about a dnsmasq on the same host, with a real one, in a namespace with port 53 free."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.commands import ROOT, Running
from tests.lab.dnsmasq import Dnsmasq
from tests.lab.namespaces import House, house
from tests.lab.shell import run
from tests.pages import all_blocks

pytestmark = pytest.mark.lab
PAGE = (ROOT / "docs/how-to/beside-dnsmasq.md").read_text()
FOUND = all_blocks(PAGE)
(OWN_DNSMASQ, OWN_TOML, FRONT_DNSMASQ, FRONT_TOML) = (text for _, text in FOUND)
# What it knows of the local network, as from DHCP.
LAN = "local=/lan/\nhost-record=printer.lan,10.77.1.9\n"


@pytest.fixture
def around() -> Iterator[House]:
    """A host with a local network (1) and a bridge (2), and a client on each."""
    with house(2) as made:
        yield made


def seamark(around: House, folder: Path, toml: str) -> Running:
    """With the settings of the page, and three static services."""
    settings = folder / "seamark.toml"
    settings.write_text(toml)
    flags = ["--config", str(settings), "--services", "conf/services.json"]
    flags += ["--node", "host1", "--advertise", "10.77.1.1", "--http", "off"]
    return Running("dnsproxy", *flags, prefix=around.host.prefix)


def dig(around: House, network: int, *words: str) -> str:
    """What a client on a network is told by the host, at its address there."""
    prefix = around.clients[network].prefix
    ask = ["dig", f"@10.77.{network}.1", "+short", "+tries=1", "+time=5", *words]
    return run([*prefix, *ask], timeout=20, check=False).stdout.strip()


def test_no_block_of_the_page_goes_untested() -> None:
    """A new one needs a test below."""
    kinds = ["dnsmasq.conf", "toml", "dnsmasq.conf", "toml"]
    assert kinds == [kind for kind, _ in FOUND]


def test_each_has_addresses_of_its_own(around: House, dnsmasq_binary: Path, tmp_path: Path) -> None:
    """Both have port 53; what dnsmasq knows is known to containers too."""
    with (
        Dnsmasq(dnsmasq_binary, LAN, around.host.prefix, where=OWN_DNSMASQ),
        seamark(around, tmp_path, OWN_TOML),
    ):
        assert "10.77.1.1" == dig(around, 2, "svc1.service.consul")
        assert "10.77.1.9" == dig(around, 2, "printer.lan")
        assert "10.77.1.9" == dig(around, 1, "printer.lan")
        assert "" == dig(around, 1, "svc1.service.consul")


def test_seamark_in_front_asks_dnsmasq_for_what_it_knows(
    around: House, dnsmasq_binary: Path, tmp_path: Path
) -> None:
    """Names and addresses of the local network."""
    with (
        Dnsmasq(dnsmasq_binary, LAN, around.host.prefix, where=FRONT_DNSMASQ),
        seamark(around, tmp_path, FRONT_TOML),
    ):
        for network in (1, 2):
            assert "10.77.1.1" == dig(around, network, "svc1.service.consul")
            assert "10.77.1.9" == dig(around, network, "printer.lan")
            assert "printer.lan." == dig(around, network, "-x", "10.77.1.9")


def test_a_dnsmasq_that_has_all_addresses_is_named(
    around: House, dnsmasq_binary: Path, tmp_path: Path
) -> None:
    """What goes wrong without `bind-interfaces`, and how it is told."""
    with Dnsmasq(dnsmasq_binary, LAN, around.host.prefix, where="") as holder:
        with (
            pytest.raises(pytest.fail.Exception) as failure,
            seamark(around, tmp_path, OWN_TOML),
        ):
            pass
        assert f"dnsmasq (pid {holder.pid})" in str(failure.value)
