"""The HTML page: a table API x version x feature, and each failure with what was sent, what was expected and what came.

Self-contained: its style is inside, there is no script and nothing is fetched.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from conformance.report.results import (
    CLIENT_CANNOT,
    FAIL,
    KNOWN,
    NOT_ASKED,
    NOT_OBSERVABLE,
    NOT_SERVED,
    OTHER_LINE,
    PASS,
    VERDICTS,
    Result,
    Results,
)

COLOUR_ORDER = (
    FAIL,
    KNOWN,
    PASS,
    NOT_OBSERVABLE,
    OTHER_LINE,
    NOT_SERVED,
    NOT_ASKED,
    CLIENT_CANNOT,
)  # the first that a cell has gives its colour
CLASSES = {verdict: verdict.replace(" ", "-") for verdict in VERDICTS}


@dataclass(frozen=True)
class Cell:
    """Some checks, as one square: a colour, a number, and words for who points at it."""

    style: str
    text: str
    title: str


@dataclass(frozen=True)
class Row:
    """An API or a feature: a cell for each version, one for all."""

    name: str
    cells: tuple[Cell, ...]
    total: Cell
    features: tuple[Row, ...] = ()
    key: int | None = None


def page(results: Results) -> str:
    """The page as text."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    checks = list(results.checks.values())
    last = max((check.version or 0 for check in checks), default=0)
    apis = [(name, found) for name, found in results.by_api() if found[0].api is not None]
    return environment.get_template("page.html.jinja").render(
        results=results,
        counts=results.counts(),
        classes=CLASSES,
        versions=range(last + 1),
        apis=[row(name, found, last) for name, found in apis],
        others=_others([check for check in checks if check.api is None]),
        failures=results.failures(),
        unasked=[
            (verdict, _reasons(checks, verdict))
            for verdict in (NOT_OBSERVABLE, OTHER_LINE, NOT_SERVED, NOT_ASKED, CLIENT_CANNOT)
        ],
    )


def row(name: str, checks: list[Result], last_version: int) -> Row:
    """An API with its features."""
    features = sorted({check.feature for check in checks})
    parts = {feature: [check for check in checks if check.feature == feature] for feature in features}
    inner = tuple(_row(feature, found, last_version) for feature, found in parts.items())
    outer = _row(name, checks, last_version)
    return Row(name, outer.cells, outer.total, inner, checks[0].key)


def _row(name: str, checks: list[Result], last_version: int) -> Row:
    versions = range(last_version + 1)
    cells = tuple(cell([check for check in checks if check.version == version]) for version in versions)
    return Row(name, cells, cell(checks))


def cell(checks: Iterable[Result]) -> Cell:
    """The number is that of the checks that were asked; `2/9`: two of them failed."""
    counts = Counter(check.verdict for check in checks)
    if not counts:
        return Cell("none", "", "")
    style = next(CLASSES[verdict] for verdict in COLOUR_ORDER if counts[verdict])
    bad, asked = counts[FAIL] + counts[KNOWN], counts[FAIL] + counts[KNOWN] + counts[PASS]
    text = f"{bad}/{asked}" if bad else str(asked or "")
    return Cell(
        style, text, ", ".join(f"{counts[verdict]} {verdict}" for verdict in VERDICTS if counts[verdict])
    )


def _others(checks: list[Result]) -> list[tuple[str, list[Row]]]:
    """What belongs to no API: kind -> a row for each feature, without versions."""
    kinds = sorted({check.kind for check in checks})
    return [
        (kind, list(row(kind, [check for check in checks if check.kind == kind], -1).features))
        for kind in kinds
    ]


def _reasons(checks: list[Result], verdict: str) -> list[tuple[str, int]]:
    """Why checks were not asked, with how many each time; the most frequent first."""
    return Counter(check.reason for check in checks if check.verdict == verdict).most_common()
