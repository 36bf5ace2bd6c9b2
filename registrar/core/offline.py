"""Containers from what ``docker inspect`` printed, without an engine."""

import json
from collections.abc import Mapping
from typing import Any

from registrar.core.inspection import container_from_inspect, peer_of
from registrar.core.model import Container, Note


def containers_from_text(text: str) -> tuple[list[Container], list[Note]]:
    """The containers of an array of inspect documents, or of a single one.

    A document that cannot be read costs itself and is noted. Raises ValueError if the text is no
    inspect output at all.
    """
    try:
        parsed = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"not JSON: {error}") from error
    documents = [parsed] if isinstance(parsed, dict) else parsed
    if not isinstance(documents, list) or not all(isinstance(d, dict) for d in documents):
        raise ValueError("no list of objects, as `docker inspect` prints it")
    containers: list[Container] = []
    notes: list[Note] = []
    for number, document in enumerate(documents):
        try:
            containers.append(container_from_inspect(document, _peer(document, documents)))
        except ValueError as error:
            notes.append(Note(f"[{number}]", "", str(error)))
    return containers, notes


def _peer(document: Mapping[str, Any], documents: list[Mapping[str, Any]]) -> Any:
    """The document of the container whose network this one shares, by id, short id or name."""
    wanted = peer_of(document)
    if not wanted:
        return None
    return next(
        (
            other
            for other in documents
            if str(other.get("Id") or "").startswith(wanted)
            or str(other.get("Name") or "").removeprefix("/") == wanted
        ),
        None,
    )
