"""The build (PEP 517): setuptools', once the charts of the status page are there."""

from typing import Any

import charts
from setuptools import build_meta
from setuptools.build_meta import (
    prepare_metadata_for_build_editable,
    prepare_metadata_for_build_wheel,
)

__all__ = [
    "build_editable",
    "build_sdist",
    "build_wheel",
    "get_requires_for_build_editable",
    "get_requires_for_build_sdist",
    "get_requires_for_build_wheel",
    "prepare_metadata_for_build_editable",
    "prepare_metadata_for_build_wheel",
]


def get_requires_for_build_wheel(config_settings: Any = None) -> list[str]:
    """What setuptools needs, and what the charts are fetched with where nothing is there for it."""
    return [*build_meta.get_requires_for_build_wheel(config_settings), *charts.tools()]


def get_requires_for_build_editable(config_settings: Any = None) -> list[str]:
    """The same."""
    return [*build_meta.get_requires_for_build_editable(config_settings), *charts.tools()]


def get_requires_for_build_sdist(config_settings: Any = None) -> list[str]:
    """The same."""
    return [*build_meta.get_requires_for_build_sdist(config_settings), *charts.tools()]


def build_wheel(*arguments: Any, **more: Any) -> str:
    """See PEP 517. Raises SystemExit with words for people."""
    charts.provide()
    return build_meta.build_wheel(*arguments, **more)


def build_editable(*arguments: Any, **more: Any) -> str:
    """See PEP 660. The same."""
    charts.provide()
    return build_meta.build_editable(*arguments, **more)


def build_sdist(*arguments: Any, **more: Any) -> str:
    """See PEP 517. The charts are in it: who builds from it fetches nothing."""
    charts.provide()
    return build_meta.build_sdist(*arguments, **more)
