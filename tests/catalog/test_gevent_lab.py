"""The edges in a process of gevent's, as the product is one: nothing stops the loop."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.catalog.certificates import Authority
from tests.lab import consul as lab

pytestmark = pytest.mark.lab

_SCRIPT = """
from gevent import monkey; monkey.patch_all()
import sys, time
import gevent
from catalog.agent import ConsulAgent
from catalog.model import Service
from catalog.uri import parse_registry_uri

def turn():
    global longest
    while True:
        began = time.monotonic()
        gevent.sleep(0.01)
        longest = max(longest, time.monotonic() - began)

for uri in sys.argv[2:]:
    longest = 0
    turning = gevent.spawn(turn)
    environment = {"CONSUL_CACERT": sys.argv[1]}
    catalog = ConsulAgent(parse_registry_uri(uri, environment).address, environment)
    index = catalog.wait_for_change(0)
    waiting = gevent.spawn(catalog.wait_for_change, index)
    gevent.sleep(0.3)
    for number in range(20):
        catalog.register(Service(id=f"s{number}", name="web", port=number))
    # A wait that nothing wakes ends by itself after 30 s.
    assert waiting.get(timeout=20) > index
    waiting = gevent.spawn(catalog.wait_for_change, 1 << 60)
    gevent.sleep(0.3)
    together = [gevent.spawn(catalog.deregister, f"s{number}") for number in range(20)]
    gevent.joinall(together, timeout=20, raise_error=True)
    assert catalog.services() == {}
    waiting.kill(timeout=20)
    assert waiting.ready()
    turning.kill()
    print(uri, "longest turn", round(longest, 3))
"""


def test_every_transport_is_cooperative(consul_binary: Path, tmp_path: Path):
    """Waits, and more calls at once than there are connections, while the loop goes on turning."""
    authority = Authority(tmp_path)
    certificate, key = authority.sign("server", "DNS:localhost")
    (port,) = lab.free_ports(1)
    socket = tmp_path / "consul.sock"
    config = {
        "ports": {"https": port},
        "cert_file": str(certificate),
        "key_file": str(key),
        "addresses": {"http": f"127.0.0.1 unix://{socket}"},
    }
    with lab.ConsulAgent(consul_binary, config=config) as agent:
        uris = [
            f"consul://{agent.http_address}",
            f"consul-tls://localhost:{port}",
            f"consul-unix://{socket}",
        ]
        done = subprocess.run(
            [sys.executable, "-c", _SCRIPT, str(authority.certificate), *uris],
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    print(done.stdout)
    assert len(uris) == len(done.stdout.splitlines())
