"""The command: settings, wiring, life cycle. The top floor: nothing imports it."""

__version__ = "0.1.0"
