"""Faults at random: begun, kept up for some operations, ended. At most one at each place."""

import random
import signal
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from tests.faults.orders import Torn
from tests.faults.stand import Stand
from tests.soak.neighbours import Neighbours
from tests.soak.process import RegistrarProcess
from tests.soak.walk import Walk

_WRITES = "/v1/agent/service"
_EVENTS = "/events"


@dataclass(slots=True)
class Fault:
    """What to do at the begin and at the end; ``longest`` is its longest time in operations."""

    begin: Callable[[], object]
    end: Callable[[], object]
    longest: int = 8


class Injector:
    """Puts faults in, one place after the other.

    ``done`` counts them by kind. Without ``registrar_may_end`` the registrar lives on: what it
    holds is measured over that life.
    """

    def __init__(
        self,
        stand: Stand,
        walk: Walk,
        neighbours: Neighbours,
        registrar: RegistrarProcess,
        rng: random.Random,
    ) -> None:
        self._stand = stand
        self._walk = walk
        self._neighbours = neighbours
        self._registrar = registrar
        self._rng = rng
        self._active: dict[str, tuple[int, str, Fault]] = {}
        self._operation = 0
        self.registrar_may_end = True
        self.done: Counter[str] = Counter()
        self._kinds = {
            "engine's way": self._engine_way(),
            "consul's way": self._consul_way(),
            "consul": self._consul(),
            "registrar": self._registrar_ends(),
            "catalog": self._catalog(),
        }

    def step(self) -> str:
        """After each operation: end what is due, and now and then begin something."""
        self._operation += 1
        for place, (due, _, _) in list(self._active.items()):
            if due <= self._operation:
                self._end(place)
        if self._rng.random() > 0.35:
            return ""
        pairs = [(place, kind) for place, kinds in self._kinds.items() for kind in kinds]
        place, kind = self._rng.choice(pairs)
        if place in self._active or (place == "registrar" and not self.registrar_may_end):
            return ""
        if place == "catalog" and "consul" in self._active:
            return ""  # nobody could write into it
        fault = self._kinds[place][kind]
        fault.begin()
        self.done[kind] += 1
        if fault.longest:
            lasts = self._rng.randint(1, fault.longest)
            self._active[place] = (self._operation + lasts, kind, fault)
        return kind

    def lift(self) -> None:
        """End all faults; the ways, which are open at once, last."""
        for place in sorted(self._active, key=lambda place: place.endswith("way")):
            self._end(place)

    def kill_engine(self) -> None:
        """The daemon is killed and started again; its containers have ended with it."""
        daemon = self._stand.engine.daemon
        if daemon is None:
            return  # not the lab's own: nobody may kill it
        self._walk.unpause_all()
        daemon.kill()
        self._stand.api.close()
        daemon.start_again()
        self._walk.look_again()
        self.done["dockerd killed and restarted"] += 1

    def _end(self, place: str) -> None:
        _, _, fault = self._active.pop(place)
        fault.end()

    # -- the faults ----------------------------------------------------------------------------

    def _engine_way(self) -> dict[str, Fault]:
        relay = self._stand.engine_relay
        faults = {
            "engine: all connections cut": Fault(relay.cut, relay.lift, 0),
            "engine: events cut": Fault(partial(relay.cut, _EVENTS), relay.lift, 0),
            "engine: refuses": Fault(relay.refuse, relay.lift),
            "engine: stalls": Fault(relay.stall, relay.lift, 30),
            "engine: events stall": Fault(partial(relay.stall, _EVENTS), relay.lift),
            "engine: events stall and are lost": Fault(
                partial(relay.stall, _EVENTS), self._lose_events
            ),
            "engine: slow": Fault(partial(relay.delay, 0.05), relay.lift),
        }
        for torn in Torn:
            faults[f"engine: an event torn ({torn.value})"] = Fault(
                partial(relay.tear, torn), relay.lift
            )
        return faults

    def _lose_events(self) -> None:
        """What was held back never comes."""
        self._stand.engine_relay.cut(_EVENTS)
        self._stand.engine_relay.lift()

    def _consul_way(self) -> dict[str, Fault]:
        relay = self._stand.consul_relay
        faults = {
            "consul: connections cut": Fault(relay.cut, relay.lift, 0),
            "consul: out of reach": Fault(relay.refuse, relay.lift),
            "consul: stalls": Fault(relay.stall, relay.lift, 30),
            "consul: slow": Fault(partial(relay.delay, 0.05), relay.lift),
            "consul: answers lost": Fault(partial(relay.swallow, 3), relay.lift),
            "consul: 500 to all": Fault(
                partial(relay.answer, 500, "No cluster leader"), relay.lift
            ),
        }
        for status, words in ((403, "Permission denied"), (429, "slow down"), (500, "rpc error")):
            faults[f"consul: {status} to writes"] = Fault(
                partial(relay.answer, status, words, method="PUT", path=_WRITES),
                relay.lift,
            )
        return faults

    def _consul(self) -> dict[str, Fault]:
        agent = self._stand.agent
        return {
            "consul: SIGSTOP": Fault(
                partial(agent.signal, signal.SIGSTOP), partial(agent.signal, signal.SIGCONT), 30
            ),
            "consul: killed, restarted empty": Fault(agent.kill, self._fill_consul),
        }

    def _fill_consul(self) -> None:
        self._stand.agent.start()
        self._neighbours.register_all()

    def _registrar_ends(self) -> dict[str, Fault]:
        registrar = self._registrar
        return {
            "registrar: SIGKILL": Fault(registrar.kill, registrar.start),
            "registrar: SIGTERM": Fault(registrar.stop, registrar.start),
        }

    def _catalog(self) -> dict[str, Fault]:
        def nothing() -> None:
            """What was done to the catalog is done."""

        return {
            "catalog: one of ours deregistered": Fault(self._deregister, nothing, 0),
            "catalog: one of ours changed": Fault(self._change, nothing, 0),
            "catalog: a service of others comes": Fault(self._neighbours.come, nothing, 0),
            "catalog: a service of others changes": Fault(self._neighbours.change, nothing, 0),
        }

    def _one_of_ours(self) -> str:
        ours = sorted(self._stand.agent_ids() - self._stand.foreign.keys())
        return self._rng.choice(ours) if ours else ""

    def _deregister(self) -> None:
        service_id = self._one_of_ours()
        if service_id:
            self._stand.agent.put(f"agent/service/deregister/{service_id}")

    def _change(self) -> None:
        service_id = self._one_of_ours()
        if service_id:
            there = self._stand.agent.get("agent/services")[service_id]
            body = {"ID": service_id, "Name": "x", "Port": 1, "Meta": there["Meta"]}
            self._stand.agent.put("agent/service/register", body)
