"""A random walk over containers: what people and orchestrators do to them, in any order."""

import random
from collections import Counter
from collections.abc import Callable

from tests.faults.stand import Stand
from tests.lab.engine import LABEL
from tests.lab.shell import LabError

_NETWORK = "seamark-soak"
# Kind -> how often it is chosen, and the state that the container must be in.
_KINDS: dict[str, tuple[int, str]] = {
    "run": (30, "absent"),
    "start": (30, "stopped"),
    "remove": (3, "stopped"),
    "unpause": (20, "paused"),
    "stop": (4, "running"),
    "kill": (4, "running"),
    "restart": (2, "running"),
    "pause": (4, "running"),
    "rename": (4, "running"),
    "remove -f": (4, "running"),
    "make anew": (3, "running"),
    "flap": (2, "running"),
    "reload": (2, "running"),
    "network": (4, "running"),
}


class Container:
    """A place for one container: the name it has now, its state, the networks it is on."""

    def __init__(self, name: str) -> None:
        self.first_name = self.name = name
        self.state = "absent"
        self.networks = {"bridge"}


class Walk:
    """``size`` places for containers under names that are used again and again.

    ``done`` counts the operations by kind.
    """

    def __init__(self, stand: Stand, size: int, rng: random.Random) -> None:
        self._stand = stand
        self._api = stand.api
        self._rng = rng
        self._places = [Container(f"c{number:02}") for number in range(size)]
        self.done: Counter[str] = Counter()
        key, _, value = LABEL.partition("=")
        network = {"Name": _NETWORK, "Labels": {key: value}}
        self._api.post("/networks/create", network)

    def fill(self) -> None:
        """Run a container in every place."""
        for place in self._places:
            self._do("run", place)

    def step(self) -> str:
        """Do something to one of them; what it was, for people."""
        place = self._rng.choice(self._places)
        kinds = [kind for kind, (_, state) in _KINDS.items() if state == place.state]
        weights = [_KINDS[kind][0] for kind in kinds]
        kind = self._rng.choices(kinds, weights)[0]
        self._do(kind, place)
        return f"{kind} {place.name}"

    def unpause_all(self) -> None:
        """Wake everything: a frozen process cannot be killed, and a daemon would wait for it."""
        for place in self._places:
            if place.state == "paused":
                self._do("unpause", place)

    def look_again(self) -> None:
        """Take every container's state from the engine, after something else has changed it."""
        for place in self._places:
            self._look(place)

    def _do(self, kind: str, place: Container) -> None:
        act: Callable[[Container], None] = getattr(
            self, f"_{kind.partition(' -')[0]}".replace(" ", "_")
        )
        try:
            act(place)
        except LabError as error:
            # The engine says no now and then (a port that is not free yet): its word counts.
            print(f"soak: {error}")
            self.done["refused by the engine"] += 1
        self.done[kind] += 1
        self._look(place)

    def _look(self, place: Container) -> None:
        try:
            document = self._api.inspect(place.name)
        except LabError:
            place.state = "absent"
            place.name = place.first_name
            return
        state = document["State"]
        up = "paused" if state["Paused"] else "running"
        place.state = up if state["Running"] else "stopped"
        place.networks = set(document["NetworkSettings"]["Networks"])

    # -- one operation each --------------------------------------------------------------------

    def _run(self, place: Container) -> None:
        rng = self._rng
        ports = rng.choice([["8080"], ["8080"], ["8080", "9090"], ["53/udp", "8080"]])
        if rng.random() < 0.1:
            # One address of this host, or one that nobody else can reach.
            address = rng.choice([self._stand.engine.bridge_address, "127.0.0.1"])
            ports = [f"{address}::7070"]
        env = {}
        if rng.random() < 0.5:
            env["SERVICE_NAME"] = f"svc{rng.randrange(10)}"
        if rng.random() < 0.5:
            env["SERVICE_TAGS"] = rng.choice(["a", "a,b", "blue,green,red"])
        place.name = place.first_name
        self._stand.run(place.name, *ports, **env)

    def _start(self, place: Container) -> None:
        self._api.act(place.name, "start")

    def _remove(self, place: Container) -> None:
        self._api.remove(place.name)

    def _unpause(self, place: Container) -> None:
        self._api.act(place.name, "unpause")

    def _stop(self, place: Container) -> None:
        self._api.act(place.name, "stop", t=5)

    def _kill(self, place: Container) -> None:
        self._api.act(place.name, "kill")

    def _restart(self, place: Container) -> None:
        self._api.act(place.name, "restart", t=5)

    def _pause(self, place: Container) -> None:
        self._api.act(place.name, "pause")

    def _rename(self, place: Container) -> None:
        renamed = place.name != place.first_name
        name = place.first_name if renamed else f"{place.first_name}-renamed"
        self._api.act(place.name, "rename", name=name)
        place.name = name

    def _make_anew(self, place: Container) -> None:
        self._api.remove(place.name)
        self._run(place)

    def _flap(self, place: Container) -> None:
        for _ in range(self._rng.randrange(1, 4)):
            self._api.act(place.name, "kill")
            self._api.act(place.name, "start")

    def _reload(self, place: Container) -> None:
        self._api.act(place.name, "kill", signal="HUP")

    def _network(self, place: Container) -> None:
        name = self._rng.choice(["bridge", _NETWORK])
        action = "disconnect" if name in place.networks else "connect"
        self._api.post(f"/networks/{name}/{action}", {"Container": place.name})
