"""Registrator's names and ids: what a service is called if nobody says otherwise.

name = last part of the image, suffixed with the port if there is more than one;
id = ``<host>:<container>:<port>[:udp]``.
"""

from registrar.core.model import Container, Port


def default_id(container: Container, port: Port, host: str) -> str:
    """The id of a service that was given none."""
    suffix = ":udp" if port.protocol == "udp" else ""
    return f"{host}:{container.name}:{port.number}{suffix}"


def image_name(image: str) -> str:
    """The repository's last part, without tag and digest: what people call the image."""
    repository = image.partition("@")[0]
    return repository.rpartition("/")[2].partition(":")[0] or image


def suffixed(name: str, port: Port, *, named_by_port: bool, eligible: int, policy: str) -> str:
    """The name with ``-<port>`` where the suffix policy (auto, always, never) wants it.

    ``eligible`` counts the ports that could be services, those left out later included, as
    registrator counts them: leaving one out must not rename the other.
    """
    wanted = policy == "always" or (policy == "auto" and eligible > 1)
    return f"{name}-{port.number}" if wanted and not named_by_port else name
