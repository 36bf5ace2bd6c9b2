"""A time that stands until a test moves it."""


class Clock:
    """In the place of ``time.monotonic``: what happens when is what is tested."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now
