"""Record what the fake engine replays: `python -m tests.scale.record`, as root, on a lab engine.

One file for each kind of container, with the engine's own words about it: the inspect document and
the entry in the listing. What would tell of the machine it was made on is taken out.
"""

import http.client
import json
import socket
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tests.lab.dockerd import RUN_DIR
from tests.lab.engine import LABEL, Engine, open_engine
from tests.lab.images import dummy_http_image
from tests.lab.shell import cache_dir, say, wait_until

FOLDER = Path(__file__).parent / "recorded"
_NETWORK = "recorded-net"
# Kind -> what `docker run` is given. The ports are what the fake engine puts its own in place of.
_KINDS = {
    "bridge": ("-p", "41001:8080", "-e", "SERVICE_TAGS=a,b", "-e", "SERVICE_REGION=eu"),
    "two": ("-p", "41002:8080", "-p", "41003:9090", "-e", "SERVICE_9090_NAME=admin"),
    "host": ("--network", "host"),
    "user": ("--network", _NETWORK, "-p", "41004:8080", "-l", "SERVICE_NAME=recorded-user"),
    "health": ("-p", "41005:8080", "--health-cmd", "true", "--health-interval", "1s"),
}


def main() -> None:
    """Run one container of each kind, and write down what the engine says of it."""
    FOLDER.mkdir(exist_ok=True)
    with open_engine() as engine:
        image = dummy_http_image(engine)
        engine.docker("network", "create", "--label", LABEL, _NETWORK)
        for kind, flags in _KINDS.items():
            name = f"recorded-{kind}"
            engine.docker("run", "-d", "--label", LABEL, "--name", name, *flags, image, kind)
            if kind == "health":
                wait_until(lambda: _health(engine) == "healthy", timeout=10)
            recorded = {
                "inspect": _ask(engine, f"/containers/{name}/json"),
                "listing": next(
                    entry
                    for entry in _ask(engine, "/containers/json")
                    if f"/{name}" in entry["Names"]
                ),
            }
            text = _anonymous(json.dumps(recorded, indent=1))
            (FOLDER / f"{kind}.json").write_text(text + "\n")
            say(f"recorded {kind}: {len(text)} characters")


def _health(engine: Engine) -> str:
    document = _ask(engine, "/containers/recorded-health/json")
    return str(document["State"]["Health"]["Status"])


def _ask(engine: Engine, path: str) -> Any:
    """The engine's own JSON, not the command line client's rendering of it."""
    connection = http.client.HTTPConnection("localhost", timeout=10)
    connection.sock = socket.socket(socket.AF_UNIX)
    connection.sock.connect(urlsplit(engine.url).path)
    connection.request("GET", path)
    return json.loads(connection.getresponse().read())


def _anonymous(text: str) -> str:
    """Without the paths and the name of this machine, and without the lab's label."""
    usual = {
        str(cache_dir() / "engine"): "/var/lib/docker",
        str(RUN_DIR / "exec"): "/var/run/docker",
        f'"{socket.gethostname()}"': '"host1"',
    }
    for ours, theirs in usual.items():
        text = text.replace(ours, theirs)
    document = json.loads(text)
    document["inspect"]["Config"]["Labels"].pop("seamark.lab", None)
    document["listing"]["Labels"].pop("seamark.lab", None)
    return json.dumps(document, indent=1)


if __name__ == "__main__":
    main()
