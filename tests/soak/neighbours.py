"""Others who use the same catalog, and who must find their services as they left them."""

import random
from typing import Any

from tests.faults.stand import NODE, Stand
from tests.faults.truth import bodies

_STRANGER = "0" * 64


class Neighbours:
    """Foreign services of four kinds beside ours.

    ``touched`` names those that were found otherwise than they were registered.
    """

    def __init__(self, stand: Stand, rng: random.Random) -> None:
        self._stand = stand
        self._rng = rng
        self._number = 0
        self._bodies: dict[str, dict[str, Any]] = {}
        self._left: dict[str, dict[str, Any]] = {}
        self.touched: list[str] = []

    def register_all(self) -> None:
        """All of them, as after a Consul was restarted without memory."""
        for body in self._bodies.values():
            self._stand.register(body)
        self.note()

    def come(self) -> None:
        """One more."""
        self._number += 1
        number = self._number
        theirs = {"seamark-owner": "host9", "seamark-container": _STRANGER}
        kinds: list[dict[str, Any]] = [
            {"ID": f"by-hand-{number}", "Tags": ["theirs"]},
            {"ID": f"host9:c{number}:80", "Address": "192.0.2.9", "Meta": theirs},
            {"ID": f"marked-{number}", "Meta": theirs},
            # In our form and without a mark, of a container that is not there.
            {"ID": f"{NODE}:nobody-{number}:80"},
        ]
        body = kinds[number % len(kinds)] | {"Name": f"foreign{number}", "Port": number}
        self._bodies[body["ID"]] = body
        self._stand.register(body)

    def change(self) -> None:
        """One of them is registered anew by its owner, otherwise than before."""
        service_id = self._rng.choice(sorted(self._bodies))
        self._bodies[service_id] |= {"Port": self._rng.randrange(1, 60000)}
        self._left.pop(service_id, None)
        self._stand.register(self._bodies[service_id])

    def note(self) -> None:
        """Remember how the catalog has them, once it has them all."""
        self._left = self._found()

    def check(self) -> None:
        """Whether each is as it was noted, ModifyIndex and all."""
        found = self._found()
        for service_id, body in self._left.items():
            if found.get(service_id) != body:
                self.touched.append(f"{service_id}: was {body}, is {found.get(service_id)}")

    def _found(self) -> dict[str, dict[str, Any]]:
        there = bodies(self._stand.agent, NODE)
        return {key: there[key] for key in self._bodies if key in there}
