"""``GET /api/containers``: each running container, and why something of it is left out."""

from collections.abc import Iterable

from dnsproxy.edges.turns import give_way
from registrar.core.model import Note
from seamark.status import shapes
from seamark.watched import Watched

CONTAINERS = 200
CONTAINERS_MAX = 2000
# To work out so many takes less than a millisecond; then DNS has its turn.
_PORTION = 20


def containers(registrar: Watched, limit: int) -> shapes.Containers:
    """At most ``limit`` of them, those first of which something is left out."""
    seen = []
    for number, one in enumerate(registrar.view.containers()):
        if number % _PORTION == _PORTION - 1:
            give_way()
        seen.append(one)
    seen.sort(key=lambda one: not one.left_out)
    told = [
        shapes.ContainerSeen(
            one.id[:12],
            one.name or one.id[:12],
            one.image,
            list(one.services),
            _reasons(one.left_out),
            _reasons(note for note in one.notes if not note.left_out),
        )
        for one in seen[:limit]
    ]
    return shapes.Containers(len(seen), told, registrar.unready)


def _reasons(notes: Iterable[Note]) -> list[shapes.Reason]:
    return [shapes.Reason(note.subject, note.reason) for note in notes]
