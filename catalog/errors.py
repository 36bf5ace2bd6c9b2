"""What can go wrong with a catalog, split by what the caller can do about it."""


class CatalogError(Exception):
    """Base of everything this package raises."""


class CatalogUnavailable(CatalogError):
    """Nobody answers there, or not in time. Trying again may help."""


class CatalogRefused(CatalogError):
    """The agent answered, and it was a no: about this one thing, not about all.

    ``status`` is the HTTP status, 0 if the answer could not be read or was foreseen.
    """

    def __init__(self, message: str, status: int = 0) -> None:
        super().__init__(message)
        self.status = status

    @property
    def passing(self) -> bool:
        """Whether trying again soon may help: too many requests, or no leader just now."""
        return self.status == 429 or self.status >= 500


class RegistryUriError(CatalogError):
    """A registry URI that names no catalog we know."""


class ConnectionSettingsError(CatalogError):
    """What the environment says on how to reach an agent (CONSUL_*) cannot be followed."""


class ShapeError(CatalogError):
    """Input written by people that does not have the shape it should.

    ``path`` points into the document (``services[2].port``), ``problem`` says what was found
    there, ``hint`` what to do about it, empty if there is nothing to add.
    """

    def __init__(self, path: str, problem: str, hint: str = "") -> None:
        super().__init__(f"{path}: {problem}" if path else problem)
        self.path = path
        self.problem = problem
        self.hint = hint
