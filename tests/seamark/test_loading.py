"""What a process loads: nothing of a half that does not run in it."""

from pathlib import Path

from tests.commands import Running

# Templates of the registrar are its own, and so is the library that they match with.
REGISTRARS = "_re2"


def loaded(running: Running) -> str:
    """The files that a process has mapped."""
    return Path(f"/proc/{running.pid}/maps").read_text()


def test_a_dns_proxy_alone_loads_nothing_of_the_registrar():
    """Its status side tells of a registrar where there is one, and needs none to do so."""
    flags = ["--listen", "127.0.0.1:0", "--http", "off", "--upstream", "127.0.0.1:9"]
    with Running("dnsproxy", *flags, "--consul-dns", "127.0.0.1:9") as proxy:
        assert REGISTRARS not in loaded(proxy)
    with Running("seamark", "up", *flags, "--docker", "unix:///none") as whole:
        assert REGISTRARS in loaded(whole)
