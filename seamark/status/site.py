"""What is served on the status side, and what holds for all of it."""

from collections.abc import Callable
from dataclasses import dataclass

import falcon

from seamark.dns_side import Observed
from seamark.reloading import Reloads
from seamark.status.export import Export
from seamark.status.health import Dead, Health, Readiness, Ready
from seamark.status.metrics import Metrics
from seamark.status.queries import Queries

DATA_POLICY = "default-src 'none'"


@dataclass(frozen=True, slots=True)
class Told:
    """What there is to tell; what is None is not served."""

    readiness: Readiness
    dead: Dead = list
    observer: Observed | None = None
    reloads: Reloads | None = None
    export: Export | None = None


def site(told: Told) -> falcon.App[falcon.Request, falcon.Response]:
    """The application: /health, /ready, /metrics, and data for programs under /api/."""
    app = falcon.App(middleware=[_Plain()])
    app.add_route("/health", Health(told.dead))
    app.add_route("/ready", Ready(told.readiness))
    app.add_route("/metrics", _Metrics(Metrics(told.observer, told.reloads).render))
    if told.observer is not None:
        app.add_route("/api/queries", Queries(told.observer))
    if told.export is not None:
        app.add_route("/api/export", told.export)
    return app


class _Metrics:
    def __init__(self, render: Callable[[str], tuple[bytes, str]]) -> None:
        self._render = render

    def on_get(self, request: falcon.Request, response: falcon.Response) -> None:
        """For Prometheus."""
        response.data, response.content_type = self._render(request.accept)


class _Plain:
    """What is told here is data, whatever a name in it looks like to a browser."""

    def process_response(
        self, request: falcon.Request, response: falcon.Response, *ignored: object
    ) -> None:
        response.set_header("Content-Security-Policy", DATA_POLICY)
        response.set_header("X-Content-Type-Options", "nosniff")
        response.set_header("Cache-Control", "no-store")
