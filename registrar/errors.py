"""What can go wrong at the engine."""


class RegistrarError(Exception):
    """Base of everything this package raises."""


class EngineUnavailable(RegistrarError):
    """The container engine cannot be reached or does not answer; trying again may help."""
