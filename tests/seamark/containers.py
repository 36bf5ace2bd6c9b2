"""A small engine with containers that only its API knows, for the status side to tell of."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.registrar.inspect_output import inspect_output
from tests.small_engine import SmallEngine

SVC4 = inspect_output(
    {"8080/tcp": [("0.0.0.0", 8084)]}, id="4" * 64, name="svc4", env=["SERVICE_NAME=svc4"]
)
HIDDEN = inspect_output({"80/tcp": None}, id="5" * 64, name="hidden", image="nginx")
ODD = inspect_output(
    {"80/tcp": [("0.0.0.0", 8085)]},
    id="6" * 64,
    name="odd",
    env=["SERVICE_NAME=<script>alert(1)</script>", "SERVICE_TAGS==cmd"],
)


@contextmanager
def engine_with(path: Path, *documents: dict[str, Any]) -> Iterator[str]:
    """Its URL; the documents are those of ``docker inspect``."""
    with SmallEngine(path) as server:
        tell(server, *documents)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"unix://{path}"
        finally:
            server.ending.set()
            server.shutdown()


def tell(server: SmallEngine, *documents: dict[str, Any]) -> None:
    """From now on these containers run."""
    server.answers["json"] = [
        {
            "Id": document["Id"],
            "Names": [document["Name"]],
            "Image": document["Config"]["Image"],
            "State": "running",
            "Status": "Up 2 seconds",
        }
        for document in documents
    ]
    for document in documents:
        server.answers[f"{document['Id']}/json"] = document
