"""What an engine event tells us."""

import pytest

from registrar.core.events import Notice, is_terminating, read_event, signal_number


def event(action: str, kind: str = "container", **attributes: str) -> dict[str, object]:
    """An event as Engine API 1.52 sends it: Action and Actor only."""
    return {"Type": kind, "Action": action, "Actor": {"ID": "c1", "Attributes": attributes}}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (event("start"), Notice("c1", 0, new_life=True)),
        (event("die", exitCode="0"), Notice("c1", new_life=True)),
        (event("kill", signal="15"), Notice("c1", 15)),
        (event("health_status: healthy"), Notice("c1")),
        (event("exec_start: sh"), None),
        (event("attach"), None),
        (event("connect", "network", container="c9"), Notice("c9")),
        (event("create", "network"), None),
        ({}, None),
        ({"Action": "start", "Actor": {"ID": 7}}, None),
        ({"Action": None, "Actor": None}, None),
    ],
)
def test_an_event_names_a_container_or_nothing(given, expected):
    """Of the payload, only Action and Actor are read."""
    assert expected == read_event(given)


@pytest.mark.parametrize(
    ("sent", "stop_signal", "expected"),
    [
        (15, "SIGTERM", True),
        (9, "SIGTERM", True),
        (2, "SIGTERM", True),
        (1, "SIGTERM", False),
        (10, "SIGTERM", False),
        (28, "SIGTERM", False),
        (28, "SIGWINCH", True),
        (37, "SIGRTMIN+3", True),
        (0, "nonsense", False),
    ],
)
def test_a_signal_means_the_end_if_it_is_a_usual_one_or_the_images_own(sent, stop_signal, expected):
    """httpd stops on WINCH, systemd on RTMIN+3; HUP is a reload."""
    assert expected == is_terminating(sent, stop_signal)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("15", 15), ("TERM", 15), ("sigterm", 15), ("SIGRTMIN+3", 37), ("SIGRTMIN+x", 0), ("", 0)],
)
def test_signals_are_read_in_every_spelling(text, expected):
    """Docker sends numbers, images say names."""
    assert expected == signal_number(text)
