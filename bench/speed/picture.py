"""Answers a second as bars, a group a workload."""

from collections.abc import Iterator, Sequence
from html import escape
from statistics import median

from bench.figures import Row, Section
from bench.speed.products import FLOOR, SEAMARK
from bench.svg import svg

_LABEL, _BAR, _ROW, _TITLE, _GAP = 90, 480, 18, 26, 12
_STYLE = """
text { font: 12px system-ui, sans-serif; fill: #222 } .title { font-weight: 600 }
rect { fill: #9a9a9a } .ours { fill: #0072b2 } .floor { fill: #e3e3e3 }
@media (prefers-color-scheme: dark) {
  text { fill: #ddd } rect { fill: #777 } .ours { fill: #56b4e9 } .floor { fill: #444 }
}
"""
_RATE = "q/s"


def picture(sections: Sequence[Section]) -> str:
    """As one SVG; its description has the numbers."""
    shapes: list[str] = []
    y = 0
    for section in sections:
        rates = _rates(section)
        shapes.append(f'<text class="title" x="4" y="{y + 17}">{escape(section.title)}</text>')
        y += _TITLE
        shapes += _bars(rates, y)
        y += len(rates) * _ROW + _GAP
    described = " ".join(
        f"{section.title}: "
        + ", ".join(f"{name} {rate:,.0f}" for name, rate in _rates(section).items())
        + "."
        for section in sections
    )
    return svg((_LABEL + _BAR + 80, y), "Answers a second", described, _STYLE, shapes)


def _rates(section: Section) -> dict[str, float]:
    row: Row = next(row for row in section.rows if row.figure == _RATE)
    return {name: median(values) for name, values in row.raw.items() if values}


def _bars(rates: dict[str, float], top: int) -> Iterator[str]:
    most = max(rates.values())
    for number, (name, rate) in enumerate(rates.items()):
        y = top + number * _ROW
        kind = {SEAMARK: ' class="ours"', FLOOR: ' class="floor"'}.get(name, "")
        width = max(rate / most * _BAR, 1)
        yield f'<text x="4" y="{y + 11}">{escape(name)}</text>'
        yield f'<rect{kind} x="{_LABEL}" y="{y}" width="{width:.0f}" height="{_ROW - 5}"/>'
        yield f'<text x="{_LABEL + width + 5:.0f}" y="{y + 11}">{rate:,.0f}</text>'
