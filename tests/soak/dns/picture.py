"""Memory, open files and greenlets over time, as one SVG."""

from collections.abc import Iterator, Sequence

from bench.svg import svg
from tests.soak.dns.watch import Point

_LEFT, _WIDTH, _HEIGHT, _GAP = 10, 700, 110, 34
_SHOWN = (("rss_kib", "memory, KiB"), ("files", "open files"), ("greenlets", "greenlets"))
_STYLE = """
text { font: 12px system-ui, sans-serif; fill: #222 }
polyline { fill: none; stroke: #0072b2; stroke-width: 1.5 }
.box { fill: none; stroke: #999 } .fault { fill: #e69f00; opacity: .35 }
@media (prefers-color-scheme: dark) { text { fill: #ddd } polyline { stroke: #6db6e8 } }
"""


def picture(points: Sequence[Point]) -> str:
    """The same for the same points; behind the lines, in colour, where something was wrong."""
    height = len(_SHOWN) * (_HEIGHT + _GAP) + 10
    shapes: list[str] = []
    for number, (what, words) in enumerate(_SHOWN):
        shapes += _panel(points, what, words, number * (_HEIGHT + _GAP) + 24)
    title = "What the process held over time"
    return svg((_WIDTH + 2 * _LEFT, height), title, _described(points), _STYLE, shapes)


def _panel(points: Sequence[Point], what: str, words: str, y: int) -> Iterator[str]:
    values = [getattr(point, what) for point in points]
    top, end = max([*values, 1]), max([*(point.at_s for point in points), 1])
    yield f'<text x="{_LEFT}" y="{y - 6}">{words}: up to {top}</text>'
    yield f'<rect class="box" x="{_LEFT}" y="{y}" width="{_WIDTH}" height="{_HEIGHT}"/>'
    xs = [_LEFT + point.at_s / end * _WIDTH for point in points]
    for x, point in zip(xs, points, strict=True):
        if point.phase != "calm":
            yield f'<rect class="fault" x="{x - 2:.1f}" y="{y}" width="4" height="{_HEIGHT}"/>'
    line = " ".join(
        f"{x:.1f},{y + _HEIGHT - value / top * _HEIGHT:.1f}"
        for x, value in zip(xs, values, strict=True)
    )
    yield f'<polyline points="{line}"/>'


def _described(points: Sequence[Point]) -> str:
    parts = []
    for what, words in _SHOWN:
        values = [getattr(point, what) for point in points] or [0]
        parts.append(f"{words}: {values[0]} at the start, {max(values)} at most, {values[-1]}")
    return "; ".join(parts) + " at the end."
