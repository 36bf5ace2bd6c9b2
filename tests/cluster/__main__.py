"""The three hosts to play with, until Ctrl-C: `python -m tests.cluster [--servers 3]`."""

import argparse
import os
import shlex
import signal
import sys

from tests.cluster.cluster import Cluster, cluster
from tests.cluster.host import RUN_DIR, Host
from tests.lab.consul import WHICH, find_consul
from tests.lab.shell import LabError, say

_TRY = """\
node3 docker run -td -e SERVICE_NAME=svc4 -p 8084:8080 --name svc4 dummy-http svc4
node2 dig @172.20.20.10 svc4.service.consul SRV
node2 docker run --rm --dns 172.20.20.10 --dns-search service.consul curl curl -s http://svc4:8084/
node3 docker kill svc4
node3 dig +short @172.20.20.10 svc4.service.consul"""


def main() -> int:
    """Keep the hosts up; one clear line and exit code 1 when a part is not to be had."""
    parser = argparse.ArgumentParser(prog="make cluster", description=__doc__)
    parser.add_argument("--servers", type=int, choices=(1, 3), default=1)
    servers = parser.parse_args().servers
    for sign in (signal.SIGINT, signal.SIGTERM):
        signal.signal(sign, signal.default_int_handler)
    which = os.environ.get("SEAMARK_LAB_CONSUL", WHICH[0])
    try:
        with cluster(find_consul(which), servers) as made:
            made.start_services()
            _announce(made)
            signal.pause()
    except KeyboardInterrupt:
        say("the cluster is gone")
    except LabError as error:
        print(f"lab: error: {error}", file=sys.stderr)
        return 1
    return 0


def _announce(made: Cluster) -> None:
    """How to get onto each host, and what to try there."""
    folder = RUN_DIR / "bin"
    folder.mkdir()
    for host in made.hosts.values():
        path = folder / host.node
        path.write_text(_door(host))
        path.chmod(0o755)
        say(f"{host.node}  {host.address}  svc{host.node[-1]}  a shell there: {path}")
    say("try, and end it with Ctrl-C:")
    for line in _TRY.splitlines():
        print(f"  {folder}/{line}", flush=True)


def _door(host: Host) -> str:
    """A script that runs its words on the host, or a shell."""
    ours = {key: value for key, value in host.engine.env.items() if key.startswith("DOCKER_")} | {
        "PS1": f"{host.node}$ "
    }
    lines = [f"export {key}={shlex.quote(value)}" for key, value in sorted(ours.items())]
    shell = "[ $# -gt 0 ] || set -- bash --norc"
    return "\n".join(["#!/bin/sh", *lines, shell, f'exec {shlex.join(host.prefix)} "$@"', ""])


if __name__ == "__main__":
    sys.exit(main())
