"""What the command ends with, by exit code."""


class SeamarkError(Exception):
    """Something that a person must read: what, where, what was found; ``hint`` says what to do."""

    exit_code = 1

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class SettingsError(SeamarkError):
    """A setting that cannot be used, wherever it came from."""

    exit_code = 2


class StartError(SeamarkError):
    """Settings are fine, the machine says no."""
