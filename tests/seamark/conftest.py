"""Fixtures of the command's tests."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.small_engine import SmallEngine


@pytest.fixture
def engine_without_containers(tmp_path: Path) -> Iterator[SmallEngine]:
    """An engine that answers."""
    with SmallEngine(tmp_path / "engine.sock") as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield server
        server.ending.set()
        server.shutdown()
        thread.join()
