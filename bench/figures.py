"""Figures and their table. A figure is what was measured, never what was hoped for."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table.

    ``values`` gives each product its words; one that has none is given the reason. ``raw`` is what
    the words were made of, in the unit that its key names.
    """

    figure: str
    values: Mapping[str, str]
    raw: Mapping[str, Sequence[float]] = field(default_factory=dict)


@dataclass(slots=True)
class Section:
    """Rows that were measured together, under a line that says how."""

    title: str
    rows: list[Row] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)


def quantile(values: Sequence[float], part: float) -> float:
    """The smallest value that is not below ``part`` of all (nearest rank); NaN of none."""
    if not values:
        return math.nan
    return sorted(values)[max(math.ceil(part * len(values)) - 1, 0)]


def spread(values: Sequence[float], unit: str = "ms", scale: float = 1000.0) -> str:
    """Median and 99th percentile in words; of fewer than 100 values the latter is the largest."""
    if not values:
        return "none"
    return f"{quantile(values, 0.5) * scale:.1f} / {quantile(values, 0.99) * scale:.1f} {unit}"


def table(sections: Sequence[Section], columns: Sequence[str]) -> str:
    """All sections as aligned text."""
    rows = [row for section in sections for row in section.rows]
    first = max((len(row.figure) for row in rows), default=0) + 2
    widths = {
        column: max([len(column), *(len(row.values.get(column, "")) for row in rows)]) + 2
        for column in columns
    }
    lines = []
    for section in sections:
        head = "".join(f"{column:<{widths[column]}}" for column in columns)
        lines += ["", section.title, f"  {'':<{first}}{head}".rstrip()]
        for row in section.rows:
            cells = "".join(f"{row.values.get(column, ''):<{widths[column]}}" for column in columns)
            lines.append(f"  {row.figure:<{first}}{cells}".rstrip())
        lines += [f"  ({remark})" for remark in section.remarks]
    return "\n".join(lines[1:])


def write_json(path: Path, sections: Sequence[Section], words: Mapping[str, str]) -> None:
    """Everything that was measured, for other programs."""
    document = {"about": dict(words), "sections": [asdict(section) for section in sections]}
    path.write_text(json.dumps(document, indent=1) + "\n")
