"""The frame of a picture: what it is called, and what it shows in words, for who cannot see it."""

from collections.abc import Iterable
from html import escape


def svg(
    size: tuple[int, int], title: str, described: str, style: str, shapes: Iterable[str]
) -> str:
    """A whole SVG of ``size`` (width, height); ``shapes`` are its lines."""
    width, height = size
    head = f'xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}"'
    lines = [
        f'<svg {head} role="img" aria-labelledby="title desc">',
        f'<title id="title">{escape(title)}</title>',
        f'<desc id="desc">{escape(described)}</desc>',
        f"<style>{style}</style>",
        *shapes,
    ]
    return "\n".join([*lines, "</svg>", ""])
