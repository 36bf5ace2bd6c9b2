"""What an engine event tells us: which container to look at again, and whether it is leaving.

Nothing else of an event is believed; the look itself decides. Read are ``Action`` and ``Actor``
only: the older top-level fields are gone from Engine API 1.52.
"""

import signal
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

# Signals that mean "end". The others are reloads, resizes and job control: `docker kill -s HUP`
# must change nothing.
_TERMINATING = {
    signal.SIGTERM,
    signal.SIGINT,
    signal.SIGQUIT,
    signal.SIGKILL,
    signal.SIGABRT,
}
# Podman's word for the end of a command in a container (Docker's is `exec_die`). In 4.3 its
# `health_status` comes when the check begins, and only this when it ended.
_CHECKED = "exec_died"
# Podman writes down what the check found after it has told of its end.
_WRITTEN_S = 1.0
_NOISE = ("exec_", "top", "attach", "detach", "resize", "copy", "export", "archive-path", "extract")


@dataclass(frozen=True, slots=True)
class Notice:
    """Look at ``container_id`` again, in ``after_s`` seconds at the latest.

    ``signal`` is the number of a signal it was just sent, 0 if none; ``new_life`` says that one
    began, or that the last one ended.
    """

    container_id: str
    signal: int = 0
    new_life: bool = False
    after_s: float = 0.0


def read_event(event: Mapping[str, Any]) -> Notice | None:
    """The notice in one decoded event; None for those that change no service."""
    action = str(event.get("Action") or "")
    actor = event.get("Actor") or {}
    attributes = actor.get("Attributes") or {}
    container_id = actor.get("ID")
    if event.get("Type") == "network":
        # Podman names the container where Docker names the network.
        of_podman = container_id if action in {"connect", "disconnect"} else None
        container_id = attributes.get("container", of_podman)
    noise = action.startswith(_NOISE) and action != _CHECKED
    if not isinstance(container_id, str) or not container_id or noise:
        return None
    sent = signal_number(str(attributes.get("signal") or "")) if action == "kill" else 0
    return Notice(
        container_id,
        sent,
        new_life=action in {"start", "restart", "die", "died"},
        after_s=_WRITTEN_S if action == _CHECKED else 0.0,
    )


def is_terminating(sent: int, stop_signal: str) -> bool:
    """Whether a signal means the end: a usual one, or the image's own STOPSIGNAL."""
    return sent in _TERMINATING or (sent != 0 and sent == signal_number(stop_signal))


def signal_number(text: str) -> int:
    """``15``, ``TERM``, ``SIGTERM`` -> 15; ``SIGRTMIN+3`` (systemd's) -> 37; 0 for no signal."""
    if text.isascii() and text.isdigit():
        return int(text)
    name, plus, offset = text.upper().partition("+")
    name = name if name.startswith("SIG") else f"SIG{name}"
    known = signal.Signals.__members__.get(name)
    if known is None or (plus and not offset.isdigit()):
        return 0
    return int(known) + (int(offset) if plus else 0)
