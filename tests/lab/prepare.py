"""Put real parts on this machine: `python -m tests.lab.prepare [--tests] [--consul WHICH]`.

Run as root by `make`, before what needs them. What is there already is left as it is.
"""

import argparse
import os
import sys
import time

from tests.lab import debian
from tests.lab.bind import BIND
from tests.lab.compose_build import find_compose
from tests.lab.consul_binary import WHICH, consul_version, find_consul
from tests.lab.dnsmasq import DNSMASQ
from tests.lab.engine import running_engine
from tests.lab.haproxy import HAPROXY
from tests.lab.images import base_tarball, build_tarball, host_tarball
from tests.lab.prometheus import PROMETHEUS, PROMTOOL
from tests.lab.registrator_build import find_registrator
from tests.lab.shell import LabError, say, tool
from tests.lab.unbound import UNBOUND

# command: packages that bring it. docker-cli is skipped where docker.io has the client inside.
_ALWAYS = {
    "dig": ("bind9-dnsutils",),
    "docker": ("docker.io", "docker-cli"),
    "ip": ("iproute2",),
}
_FOR_BASE_IMAGE = {"debootstrap": ("debootstrap",)}
# podman also where an engine runs already: one with Docker's API is tested beside it.
_FOR_TESTS = {
    "docker-compose": ("docker-compose",),
    "musl-gcc": ("musl-tools", "gcc"),
    "podman": ("podman", "netavark"),
    "newuidmap": ("uidmap",),
    "runc": ("runc",),
    "slirp4netns": ("slirp4netns",),
    "iptables": ("iptables",),
    # Without a font nothing is wide, and nothing is cut off.
    "chromium": ("chromium", "fonts-dejavu-core"),
    "zsh": ("zsh",),
    "fish": ("fish",),
}
_FOR_OWN_ENGINE = {"dockerd": ("docker.io",), "iptables": ("iptables",)}


def prepare(which: str, *, tests: bool) -> None:
    """Install, fetch and build what is missing, one line per step; some only the tests use."""
    start = time.monotonic()
    commands = _ALWAYS | _FOR_BASE_IMAGE | (_FOR_TESTS if tests else {})
    debian.install(debian.missing(commands))
    found = running_engine()
    if found is None:
        debian.install(debian.missing(_FOR_OWN_ENGINE))
        say(f"engine: {tool('dockerd')}, to be started by the tests")
    else:
        say(f"engine: {found[1]} runs at {found[0]}")
    consul = find_consul(which)
    say(f"Consul: {consul_version(consul)} ({consul})")
    for resolver in (UNBOUND, BIND, DNSMASQ):
        say(f"{resolver.command}: {resolver.find()}")
    say(f"base image: {base_tarball()}")
    if tests:
        say(f"build image: {build_tarball()}")
        say(f"host image: {host_tarball()}")
        say(f"HAProxy: {HAPROXY.find()}")
        say(f"Compose: {find_compose() or 'no Go here to build it with'}")
        for program in (PROMETHEUS, PROMTOOL):
            say(f"{program.command}: {program.find()}")
        say(f"registrator: {find_registrator() or 'no Go here to build it with'}")
    say(f"ready ({time.monotonic() - start:.0f} s)")


def main() -> int:
    """Prepare the machine; one clear line and exit code 1 when a part cannot be had."""
    parser = argparse.ArgumentParser(prog="python -m tests.lab.prepare", description=__doc__)
    parser.add_argument(
        "--consul", choices=WHICH, default=os.environ.get("SEAMARK_LAB_CONSUL", WHICH[0])
    )
    parser.add_argument("--tests", action="store_true", help="also what only the tests use")
    given = parser.parse_args()
    try:
        prepare(given.consul, tests=given.tests)
    except LabError as error:
        print(f"lab: error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
