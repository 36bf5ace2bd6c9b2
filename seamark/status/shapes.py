"""What is told under /api/: the shape of each answer, for programs and for openapi.json.

Times of the day are seconds since the epoch, durations are seconds, shares go from 0 to 1; null is
what there is nothing to tell of yet.
"""

from typing import Annotated, Literal

from msgspec import Meta, Struct

Health = Literal["passing", "warning", "critical", "unknown"]
UpstreamState = Literal["well", "failing", "loop"]
Origin = Literal["container", "static", "other"]
Seconds = Annotated[float, Meta(ge=0)]
Share = Annotated[float, Meta(ge=0, le=1)]
Count = Annotated[int, Meta(ge=0)]


class Questions(Struct):
    """Of the last ten seconds; ``total`` since the start."""

    per_s: Annotated[float, Meta(ge=0)]
    from_memory: Share | None
    failing: Share | None
    p50_s: Seconds | None
    p95_s: Seconds | None
    total: Count


class Memory(Struct):
    """What is remembered of answers and denials."""

    bytes: Count
    entries: Count


class CatalogSize(Struct):
    """Services by name, and their instances."""

    services: Count
    instances: Count


class RegistrarSize(Struct):
    """Running containers, and of how many of them something is left out."""

    containers: Count
    left_out: Count


class Overview(Struct):
    """The process at a glance."""

    version: str
    node: str
    mode: Literal["embedded", "consul"]
    started: Seconds
    now: Seconds
    listen: list[str]
    questions: Questions
    memory: Memory
    catalog: CatalogSize | None
    registrar: RegistrarSize | None
    parts: Annotated[dict[str, str], Meta(description="`ready`, or why a part is not.")]


class AnswerTimes(Struct):
    """Of all answers of a step."""

    p50_s: list[Seconds | None]
    p95_s: list[Seconds | None]


class UpstreamSteps(Struct):
    """Of one upstream: questions, and the times of those that it answered."""

    questions: list[Count]
    p50_s: list[Seconds | None]
    p95_s: list[Seconds | None]


class History(Struct):
    """The last hour by columns, a value a step, the oldest first; ``times`` are ends of steps."""

    step_s: Seconds
    times: list[Seconds]
    classes: dict[str, list[Count]]
    sources: dict[str, list[Count]]
    answers: AnswerTimes
    upstreams: dict[str, UpstreamSteps]
    changes: dict[str, list[Count]]


class Instance(Struct):
    """One instance of a service; ``container`` is the name of the one behind it."""

    id: str
    node: str
    address: str
    port: int
    tags: list[str]
    health: Health
    container: str
    origin: Origin


class ServiceInstances(Struct):
    """``total`` is how many instances it has, ``instances`` those of them that are told."""

    name: str
    total: Count
    instances: list[Instance]


class Services(Struct):
    """``total`` is how many there are, ``services`` those of them that are told.

    ``error``: why their health is not known.
    """

    where: str
    total: Count
    services: list[ServiceInstances]
    error: str = ""


class Reason(Struct):
    """``subject`` is a port, a key, or empty for the whole container."""

    subject: str
    reason: str


class ContainerSeen(Struct):
    """A running container: ids of its services, what is left out and what is odd."""

    id: str
    name: str
    image: str
    services: list[str]
    left_out: list[Reason]
    notes: list[Reason]


class Containers(Struct):
    """``total`` is how many run, ``containers`` those of them that are told.

    ``error``: why the registrar does not know better.
    """

    total: Count
    containers: list[ContainerSeen]
    error: str = ""


class ZoneTold(Struct):
    """Where the names of a zone are asked; ``clients``: the networks that see it, none: all."""

    name: str
    kind: Literal["embedded", "consul", "forward", "refused"]
    servers: list[str]
    clients: list[str]
    policy: str


class UpstreamTold(Struct):
    """Questions since the start; the times are of the last hour.

    ``failing``: it failed and has not answered since. ``loop``: what it is asked comes back to us.
    """

    server: str
    state: UpstreamState
    questions: Count
    failed: Count
    p50_s: Seconds | None
    p95_s: Seconds | None
    outcomes: dict[str, Count]


class Zones(Struct):
    """Zones, upstreams, and the watches that prove answers of Consul's to be current."""

    zones: list[ZoneTold]
    upstreams: list[UpstreamTold]
    watches: dict[str, Count]


class Alive(Struct, omit_defaults=True):
    """``dead``: what has ended though nobody ended it, by name."""

    status: Literal["ok", "failing"]
    dead: list[str] = []


class ReadyParts(Struct):
    """``parts``: `ready`, or why one is not."""

    ready: bool
    parts: dict[str, str]


class Fault(Struct):
    """Why there is no answer."""

    title: str
    description: str = ""
