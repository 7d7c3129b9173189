"""Collects figures by round and prints them as a table: medians, and ratios of ours to each peer.

A ratio is the median of the rounds' ratios, each of two figures taken minutes apart at most: so a machine that
slows down for a while bends both. Markdown, so that it can stand in a note as it is printed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from statistics import median


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table: `key` of the figures that a measure gives, and how to read it."""

    measure: str
    key: str
    title: str
    more_is_better: bool
    digits: int = 0


@dataclass
class Results:
    """figures[measure, key][broker] is one number a round, None where a round gave none."""

    brokers: list[str]
    figures: dict[tuple[str, str], dict[str, list[float | None]]] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)

    def add(self, measure: str, broker: str, figures: dict[str, float | None]) -> None:
        for key, value in figures.items():
            self.figures.setdefault((measure, key), {}).setdefault(broker, []).append(value)

    def values(self, row: Row, broker: str) -> list[float]:
        found = self.figures.get((row.measure, row.key), {}).get(broker, [])
        return [value for value in found if value is not None]

    def ratio(self, row: Row, ours: str, peer: str) -> float | None:
        pairs = zip(self.values(row, ours), self.values(row, peer), strict=False)
        ratios = [mine / theirs for mine, theirs in pairs if theirs]
        return median(ratios) if ratios else None


def render(results: Results, rows: list[Row]) -> str:
    """The table, then what went wrong."""
    ours, *others = results.brokers
    peers = [name for name in others if any(results.values(row, name) for row in rows)]
    lines = [_line(["measure", *results.brokers, *(f"{ours} : {peer}" for peer in peers)])]
    lines.append("|---" * (1 + len(results.brokers) + len(peers)) + "|")
    for row in rows:
        if not any(results.values(row, name) for name in results.brokers):
            continue
        cells = [row.title, *(_cell(results.values(row, name), row.digits) for name in results.brokers)]
        for peer in peers:
            ratio = results.ratio(row, ours, peer)
            cells.append("" if ratio is None else f"{ratio:.2f}" + ("" if row.more_is_better else " (less)"))
        lines.append(_line(cells))
    if results.errors:
        lines += ["", "Failed:", *(f"- {error}" for error in results.errors)]
    return "\n".join(lines)


def _cell(values: list[float], digits: int) -> str:
    """The median, and the span of the rounds when there are several."""
    if not values:
        return "-"
    text = f"{median(values):,.{digits}f}"
    if len(values) > 1:
        text += f" [{min(values):,.{digits}f}, {max(values):,.{digits}f}]"
    return text


def _line(cells: list[str]) -> str:
    return "| " + " | ".join(cells) + " |"
