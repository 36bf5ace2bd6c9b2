"""The outcomes over time as one SVG: a strip a row, what came of the questions in colours."""

from collections import Counter
from collections.abc import Iterator, Sequence
from html import escape

from bench.outages.tally import Seen
from bench.svg import svg
from tests.load.stream import Came, Outcome

_LABEL, _STRIP, _ROW, _GAP = 340, 460, 16, 6
_BINS = 92
_HEAD, _FOOT = 34, 10
_STYLE = """
text { font: 12px system-ui, sans-serif; fill: #222 }
.right { fill: #8fc7e8 } .stale { fill: #e69f00 } .servfail { fill: #9a9a9a }
.wrong { fill: #c40000 } .lost { fill: #000 } .mark { stroke: #222; stroke-dasharray: 2 2 }
@media (prefers-color-scheme: dark) {
  text { fill: #ddd } .right { fill: #2f6f96 } .servfail { fill: #777 } .lost { fill: #fff }
  .wrong { fill: #ff5050 } .mark { stroke: #ddd }
}
"""
_TITLE = "What clients got while something was away"


def picture(all_seen: Sequence[Seen]) -> str:
    """The same for the same outcomes; its text alternative is its description."""
    rows = [(seen, kind) for seen in all_seen for kind, _ in seen.scenario.kinds]
    titles = [title for seen in all_seen for title in seen.scenario.rows]
    height = _HEAD + len(rows) * (_ROW + _GAP) + _FOOT
    shapes = [*_legend()]
    for number, ((seen, kind), title) in enumerate(zip(rows, titles, strict=True)):
        y = _HEAD + number * (_ROW + _GAP)
        shapes.append(f'<text x="4" y="{y + 12}">{escape(title)}</text>')
        shapes += _strip(seen, kind, y)
    return svg((_LABEL + _STRIP + 10, height), _TITLE, described(all_seen), _STYLE, shapes)


def described(all_seen: Sequence[Seen]) -> str:
    """The picture in words."""
    lines = [
        "One strip a row from left to right over time; dotted lines where it broke and was mended."
    ]
    for seen in all_seen:
        for (kind, _), title in zip(seen.scenario.kinds, seen.scenario.rows, strict=True):
            counts = seen.counts(kind)
            words = ", ".join(f"{counts[came]} {came}" for came in Came if counts[came])
            lines.append(f"{title}: {words or 'nothing asked'}.")
    return " ".join(lines)


def _legend() -> Iterator[str]:
    x = _LABEL
    for came in Came:
        yield f'<rect class="{came}" x="{x}" y="10" width="12" height="12"/>'
        yield f'<text x="{x + 16}" y="20">{came}</text>'
        x += 80


def _strip(seen: Seen, kind: str, y: int) -> Iterator[str]:
    outcomes = [one for one in seen.outcomes if one.kind == kind]
    begin = seen.begun
    end = max([one.at for one in seen.outcomes], default=begin + 1)
    per_bin = (end - begin) / _BINS or 1.0
    start = 0
    shares = _shares(outcomes, begin, per_bin)
    # Neighbours that look the same are one piece: most of a strip is one colour.
    for number in range(1, _BINS + 1):
        if number == _BINS or shares[number] != shares[start]:
            yield from _pieces(shares[start], start, number, y)
            start = number
    for moment in (seen.broken, seen.mended):
        x = _LABEL + (moment - begin) / (end - begin) * _STRIP
        yield f'<path class="mark" d="M{x:.1f} {y - 2}v{_ROW + 4}"/>'


def _shares(outcomes: Sequence[Outcome], begin: float, per_bin: float) -> list[tuple[float, ...]]:
    bins: list[Counter[Came]] = [Counter() for _ in range(_BINS)]
    for one in outcomes:
        bins[min(int((one.at - begin) / per_bin), _BINS - 1)][one.came] += 1
    return [tuple(round(found[came] / max(found.total(), 1), 2) for came in Came) for found in bins]


def _pieces(shares: Sequence[float], start: int, end: int, y: int) -> Iterator[str]:
    x, width = _LABEL + start * _STRIP / _BINS, (end - start) * _STRIP / _BINS
    top = float(y + _ROW)
    for came, share in zip(Came, shares, strict=True):
        if share:
            # One wrong answer among many must be seen.
            height = max(share * _ROW, 2.0)
            top -= share * _ROW
            yield (
                f'<rect class="{came}" x="{x:.1f}" y="{max(top, y):.1f}" '
                f'width="{width:.1f}" height="{min(height, _ROW):.1f}"/>'
            )
