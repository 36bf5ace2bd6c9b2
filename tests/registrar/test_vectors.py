"""Registrator's compatibility table, on the core and through the command that prints it."""

import dataclasses
import json
import subprocess
from typing import Any

import pytest

from catalog.model import Service
from catalog.strict import convert
from registrar.core.desired import desired_services
from registrar.core.metadata import split_tags
from registrar.core.offline import containers_from_text
from registrar.core.ownership import CONTAINER, OWNER, mark
from registrar.core.plan import make_plan, stays
from registrar.core.policy import Policy
from seamark import registering
from seamark.flags import FLAGS, SWITCHES, VALUES
from seamark.goflags import normalise
from seamark.settings import Settings
from tests.commands import command_line, environment, run
from tests.registrar.inspect_output import HOST, POLICY, container
from tests.registrar.vector import Vector
from tests.registrar.vectors_names import NAMES, TAGS
from tests.registrar.vectors_places import PEER, PLACES

VECTORS = [*NAMES, *PLACES]
ids = [f"{vector.number}-{vector.title}" for vector in VECTORS]
MARKS = {OWNER, CONTAINER, "seamark-checks"}


def policy(flags: tuple[str, ...]) -> Policy:
    """What the flags of a vector say, read by the command line's own table."""
    words = normalise(flags, VALUES, SWITCHES)
    document: dict[str, Any] = {}
    while words:
        flag = words.pop(0)
        key = FLAGS[flag].setting.removeprefix("registrar.")
        document[key] = words.pop(0) if FLAGS[flag].metavar else True
    settings = convert({"registrar": document}, Settings)
    return dataclasses.replace(registering.policy(settings, HOST), node_address=POLICY.node_address)


def expected(vector: Vector) -> list[tuple[object, ...]]:
    """The services of a vector, in the order of their ids."""
    return sorted(vector.services)


@pytest.mark.parametrize("vector", VECTORS, ids=ids)
def test_the_table_on_the_core(vector):
    """What a container gives."""
    containers, _ = containers_from_text(json.dumps(vector.documents))
    chosen = policy(vector.flags)
    found = desired_services(containers[0], chosen)
    assert expected(vector) == sorted(
        (s.id, s.name, s.address, s.port, list(s.tags), without_marks(s.meta))
        for s in found.services.values()
    )
    checks = [dict(check) for s in found.services.values() for check in s.checks]
    assert vector.checks == checks
    assert vector.says in "\n".join(map(str, found.notes))


@pytest.mark.parametrize("flags", sorted({vector.flags for vector in VECTORS}), ids=" ".join)
def test_the_table_through_plan(flags):
    """`seamark plan --from-inspect - --json` prints the same, as bodies for Consul."""
    vectors = {f"{n:064}": vector for n, vector in enumerate(VECTORS) if vector.flags == flags}
    documents = [v.documents[0] | {"Id": cid} for cid, v in vectors.items()] + [PEER]
    words = command_line("seamark", "plan", "--from-inspect", "-", "--json", "--node", HOST)
    done = subprocess.run(
        [*words, *flags],
        input=json.dumps(documents),
        capture_output=True,
        check=True,
        env=environment(),
        text=True,
        timeout=30,
    )
    bodies = json.loads(done.stdout)
    for cid, vector in vectors.items():
        assert expected(vector) == sorted(
            (b["ID"], b["Name"], b["Address"], b["Port"], b["Tags"], without_marks(b["Meta"]))
            for b in bodies
            if b["Meta"][CONTAINER] == cid
        )
        assert vector.says in done.stderr


def without_marks(meta):
    """What of a service's meta is the container's own."""
    return {key: value for key, value in meta.items() if key not in MARKS}


@pytest.mark.parametrize(("number", "text", "tags"), TAGS)
def test_tags_are_split_as_registrator_splits_them(number, text, tags):
    """Vectors 1 to 9."""
    assert tags == split_tags(text)


@pytest.mark.parametrize(
    ("exit_code", "kept"), [(0, False), (1, True), (137, False), (143, False), (255, False)]
)
def test_on_success_keeps_what_failed(exit_code, kept):
    """Vectors 64 to 66: an exit code of 128 and more is a signal's."""
    ended = container(state={"Running": False, "ExitCode": exit_code})
    assert kept == stays(ended, dataclasses.replace(POLICY, keep_failed=True))
    assert not stays(ended, POLICY)


def test_cleanup_removes_what_dangles_here_and_nothing_else():
    """Vector 68."""
    alive = container({"80/tcp": [("0.0.0.0", 8080)]}, env=["SERVICE_NAME=web"])
    there = {
        service.id: service
        for service in (
            Service(id="host1:gone:80", name="web", port=1),
            Service(id="host2:gone:80", name="web", port=1),
            Service(id="custom", name="web", port=1),
            Service(id="host1:c1:81", name="web", port=1),
        )
    }
    cleaning = dataclasses.replace(POLICY, cleanup=True)
    plan = make_plan([alive], there, cleaning, kept=lambda service: service)
    assert ["host1:gone:80"] == [service.id for service in plan.deregister]
    assert [] == make_plan([alive], there, POLICY, kept=lambda service: service).deregister


def test_on_success_and_cleanup_do_not_contradict_each_other():
    """What the one keeps, the other does not remove."""
    failed = container(state={"Running": False, "ExitCode": 1})
    left = mark(Service(id="host1:c1:80", name="web", port=1), HOST, failed.id)
    both = dataclasses.replace(POLICY, cleanup=True, keep_failed=True)
    plan = make_plan([failed], {left.id: left}, both, kept=lambda service: service)
    assert plan.is_empty
    assert [left] == plan.unchanged


@pytest.mark.parametrize(
    "flags",
    [
        ["-ttl", "10", "-ttl-refresh", "10"],
        ["-ttl", "10"],
        ["-retry-interval", "0"],
        ["-deregister", "never"],
        ["-tags", "{{range .Config.Env}}{{.}}{{end}}"],
        ["-internal=maybe"],
        ["-ip", "0.0.0.0"],
    ],
    ids=" ".join,
)
def test_what_registrator_refuses_is_refused(flags):
    """Vector 69, and what would be fatal later."""
    done = run("registrar", *flags, "consul://127.0.0.1:1")
    assert 2 == done.returncode
    assert done.stderr.startswith("error: ")
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("arguments", [[], ["consul://a", "consul://b"], [""]], ids=len)
def test_there_is_one_registry(arguments):
    """Vector 10, and registrator's usage."""
    done = run("registrar", *arguments)
    assert 2 == done.returncode
    assert done.stderr
