"""The registrar dies at any moment, and others write into the same catalog."""

import random

import pytest

from tests.faults.stand import NODE, OFTEN_S, Stand
from tests.waits import PATIENCE_S, Waits, pause

pytestmark = pytest.mark.lab


def test_the_registrar_killed_at_random_moments(site: Stand, waits: Waits) -> None:
    """In the middle of its first look, its writes, or its rest; containers come and go meanwhile.

    The delay makes the moments between two writes longer, so that it dies in some of them.
    """
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    rng = random.Random(seed)
    site.register({"ID": "by-hand", "Name": "by-hand", "Port": 1})
    before = site.indexes()
    for number in range(8):
        site.run(f"web{number}")
    site.consul_relay.delay(0.03)
    for number in range(8):
        with site.registrar() as running:
            pause(rng.uniform(0, 0.6))
            name = f"web{number}"
            match rng.randrange(4):
                case 0:
                    site.api.remove(name)
                case 1:
                    site.api.act(name, "rename", name=f"other{number}")
                case 2:
                    site.api.act(name, "pause")
                case _:
                    site.api.act(name, "kill")
                    site.api.act(name, "start")
            pause(rng.uniform(0, 0.3))
            running.kill()
    site.consul_relay.lift()
    with site.registrar():
        site.settle(waits, "true after the last start")
        assert before["by-hand"] == site.indexes()["by-hand"]


def test_a_container_that_starts_during_the_first_comparison(site: Stand, waits: Waits) -> None:
    """After the engine was asked for its list, before Consul has told what it has."""
    site.run("early")
    site.consul_relay.stall()
    with site.registrar():
        waits.until("Consul is asked", lambda: site.consul_relay.count("stalled"), PATIENCE_S)
        site.run("late")
        pause(0.5)
        site.consul_relay.lift()
        site.settle(waits, "both are registered")


def test_somebody_deregisters_one_of_ours(site: Stand, waits: Waits) -> None:
    """No event tells of it: only who watches the catalog can tell."""
    with site.registrar():
        site.run("web0")
        site.run("web1")
        site.settle(waits, "registered")
        before = site.indexes()
        site.agent.put(f"agent/service/deregister/{NODE}:web0:8080")
        site.settle(waits, "registered again")
        assert before[f"{NODE}:web1:8080"] == site.indexes()[f"{NODE}:web1:8080"]


def test_somebody_changes_one_of_ours(site: Stand, waits: Waits) -> None:
    """Name, port and tags, with our marks left as they are."""
    with site.registrar():
        cid = site.run("web")
        site.settle(waits, "registered")
        marks = {"seamark-owner": NODE, "seamark-container": cid}
        site.agent.put(
            "agent/service/register",
            {"ID": f"{NODE}:web:8080", "Name": "x", "Port": 1, "Tags": ["y"], "Meta": marks},
        )
        site.settle(waits, "as it was")


def test_what_only_looks_like_ours_is_left_alone(site: Stand, waits: Waits) -> None:
    """An id in our form without our mark, for a container that does not exist; another's mark."""
    other = {"seamark-owner": "host9", "seamark-container": "0" * 64}
    site.register({"ID": f"{NODE}:ghost:80", "Name": "ghost", "Port": 2})
    site.register({"ID": f"{NODE}:marked:80", "Name": "marked", "Port": 3, "Meta": other})
    site.register({"ID": "host9:web:8080", "Name": "theirs", "Port": 4})
    with site.registrar(OFTEN_S):
        site.run("web")
        site.register({"ID": f"{NODE}:ghost2:81:udp", "Name": "ghost", "Port": 5})
        site.settle(waits, "ours registered")
        before = site.indexes()
        # Two comparisons of everything, and a container that goes.
        pause(2 * OFTEN_S + 0.5)
        site.api.remove("web")
        site.settle(waits, "ours gone")
        del before[f"{NODE}:web:8080"]
        assert before == site.indexes()


def test_the_id_of_a_live_container_is_taken_over(site: Stand, waits: Waits) -> None:
    """Registered without a mark, as registrator did it: adopted, not doubled."""
    with site.registrar():
        site.agent.put("agent/service/register", {"ID": f"{NODE}:web:8080", "Name": "web"})
        site.run("web")
        site.settle(waits, "taken over")


def test_our_own_ghost_is_removed(site: Stand, waits: Waits) -> None:
    """It bears our mark, and names a container that is not there."""
    marks = {"seamark-owner": NODE, "seamark-container": "0" * 64}
    with site.registrar():
        site.run("web")
        site.settle(waits, "registered")
        site.agent.put(
            "agent/service/register", {"ID": f"{NODE}:gone:80", "Name": "gone", "Meta": marks}
        )
        site.settle(waits, "removed")
