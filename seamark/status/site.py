"""What is served on the status side, and what holds for all of it."""

from collections.abc import Callable, Collection
from dataclasses import dataclass

import falcon

from seamark.reloading import Reloads
from seamark.status.data import data
from seamark.status.export import Export
from seamark.status.health import Health, Ready
from seamark.status.hosts import is_ours
from seamark.status.metrics import Metrics
from seamark.status.openapi import Document
from seamark.status.pages import PAGE_POLICY, Pages
from seamark.status.parts import Parts
from seamark.status.queries import Queries

Site = falcon.App[falcon.Request, falcon.Response]
DATA_POLICY = "default-src 'none'"


@dataclass(frozen=True, slots=True)
class Told:
    """What there is to tell; what is None is not served.

    ``hosts`` are names by which browsers may call us, beside addresses and those without a dot.
    """

    parts: Parts
    reloads: Reloads | None = None
    export: Export | None = None
    hosts: Callable[[], Collection[str]] = tuple


def site(told: Told) -> Site:
    """The application: the page, data for it under /api/, and what machines look at."""
    parts = told.parts
    app = falcon.App(middleware=_Guard(told.hosts))
    app.add_route("/health", Health(parts.dead))
    app.add_route("/ready", Ready(parts.readiness))
    app.add_route("/metrics", _Metrics(Metrics(parts, told.reloads).render))
    for path, resource in data(parts).items():
        app.add_route(path, resource)
    if parts.observer is not None:
        app.add_route("/api/queries", Queries(parts.observer))
    if told.export is not None:
        app.add_route("/api/export", told.export)
    app.add_route("/api/openapi.json", Document())
    pages = Pages()
    app.add_route("/", pages)
    app.add_route("/page/{path:path}", pages)
    return app


class _Metrics:
    def __init__(self, render: Callable[[str], tuple[bytes, str]]) -> None:
        self._render = render

    def on_get(self, request: falcon.Request, response: falcon.Response) -> None:
        """For Prometheus."""
        response.data, response.content_type = self._render(request.accept)


class _Guard:
    """Whoever calls us by a name that may be somebody else's gets nothing (DNS rebinding).

    And what is told is data, whatever a name in it looks like to a browser; the page is its own.
    """

    def __init__(self, names: Callable[[], Collection[str]]) -> None:
        self._names = names

    def process_request(self, request: falcon.Request, response: falcon.Response) -> None:
        """Raises falcon.HTTPError."""
        header = request.get_header("Host")
        # A browser always sends one.
        if header is not None and not is_ours(header, self._names()):
            raise falcon.HTTPError(
                falcon.HTTP_421,
                title="Not a name of this server",
                description="Call it by its address, or name it in `http.hosts`.",
            )

    def process_response(
        self, request: falcon.Request, response: falcon.Response, *ignored: object
    ) -> None:
        """The same headers on every answer, faults included."""
        is_page = request.path == "/" or request.path.startswith("/page/")
        response.set_header("Content-Security-Policy", PAGE_POLICY if is_page else DATA_POLICY)
        response.set_header("X-Content-Type-Options", "nosniff")
        response.set_header("Referrer-Policy", "no-referrer")
        response.set_header("Cross-Origin-Resource-Policy", "same-origin")
        response.set_header("Cache-Control", "no-cache" if is_page else "no-store")
