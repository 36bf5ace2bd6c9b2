"""The services of a file: read, checked, and kept in the embedded catalog as the file has them."""

import logging
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

import gevent

from catalog.definitions import Definitions, parse_definitions
from catalog.embedded import EmbeddedCatalog
from catalog.errors import ShapeError
from catalog.model import Service
from dnsproxy.edges.turns import give_way
from seamark.errors import SettingsError
from seamark.tuning import much_to_read

log = logging.getLogger("seamark")

# To look at so many takes less than a millisecond; then DNS has its turn.
_PORTION = 200
_CHANGES = ("new", "changed", "gone")
# So many remarks on a file are said one by one.
_REMARKS_MAX = 20


def read_definitions(file: str) -> Definitions:
    """What a file says; nothing without one. Raises SettingsError, with its place in the file."""
    if not file:
        return Definitions([], [])
    try:
        return parse_definitions(Path(file).read_text())
    except ShapeError as error:
        raise SettingsError(f"{file}: {error}", error.hint) from error
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise SettingsError(
            f"services: {file} cannot be read: {reason}",
            "name a file that may be read, in the form of conf/services.json",
        ) from error


def _read_or_why_not(file: str) -> Definitions | SettingsError:
    """The same for a thread: gevent prints a traceback of what is raised in one."""
    try:
        with much_to_read():
            return read_definitions(file)
    except SettingsError as error:
        return error


class StaticServices:
    """The services of one file among all that the catalog has.

    ``found`` are those that it has in the beginning.
    """

    def __init__(self, file: str, catalog: EmbeddedCatalog, found: Definitions) -> None:
        self._file = file
        self._catalog = catalog
        self._ours: dict[str, Service] = {}
        self.remarks = self._told(found)
        for _ in self._replaced(found, Counter()):
            pass

    def read(self) -> Definitions:
        """What the file says now; others go on meanwhile. Raises SettingsError."""
        pool = gevent.get_hub().threadpool
        found: Definitions | SettingsError = pool.apply(_read_or_why_not, (self._file,))
        if isinstance(found, SettingsError):
            raise found
        return found

    def take_on(self, found: Definitions) -> list[str]:
        """Have these in place of the old ones, a portion at a time; returns what changed, in words.

        One that is there before and after is never away.
        """
        changes: Counter[str] = Counter()
        for done, _ in enumerate(self._replaced(found, changes), start=1):
            if not done % _PORTION:
                give_way()
        remarks = self._told(found)
        for line in remarks:
            if line not in self.remarks:
                log.warning("%s", line)
        self.remarks = remarks
        words = ", ".join(f"{changes[word]} {word}" for word in _CHANGES if changes[word])
        return [f"services: {words}"] if words else []

    def _replaced(self, found: Definitions, changes: Counter[str]) -> Iterator[None]:
        """Replace them, with a stop at each; ``changes`` are counted."""
        before, self._ours = self._ours, {}
        for service in found.services:
            if self._is_taken(service, before):
                continue
            self._ours[service.id] = service
            known = before.get(service.id)
            if known != service:
                self._catalog.register(service)
                changes["new" if known is None else "changed"] += 1
            yield
        for service_id in before.keys() - self._ours.keys():
            self._catalog.deregister(service_id)
            changes["gone"] += 1
            yield

    def _is_taken(self, service: Service, before: Mapping[str, Service]) -> bool:
        """Whether a container has the id: the registrar would be at odds with the file for good."""
        if service.id in before or self._catalog.get(service.id) is None:
            return False
        log.warning(
            "%s: a container's service has the id `%s` already; it is left out",
            self._file,
            service.id,
        )
        return True

    def _told(self, found: Definitions) -> list[str]:
        lines = [f"{self._file}: {remark}" for remark in found.remarks[:_REMARKS_MAX]]
        more = len(found.remarks) - _REMARKS_MAX
        return [*lines, f"{self._file}: {more} more such remarks"] if more > 0 else lines
