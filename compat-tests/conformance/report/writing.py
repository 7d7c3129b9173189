"""Results into files."""

from __future__ import annotations

import json
from pathlib import Path

from conformance.report.results import Results


def write_json(results: Results, path: Path) -> None:
    """{"broker": {...}, "date", "duration_s", "counts": {...}, "checks": [...]}, checks as in results.Result."""
    data = {
        "date": results.date,
        "duration_s": round(results.duration_s, 1),
        "broker": results.broker,
        "counts": results.counts(),
        "checks": [result.as_dict() for result in results.checks.values()],
    }
    path.write_text(json.dumps(data, indent=1) + "\n")


def write_html(results: Results, path: Path) -> None:
    """One self-contained page."""
    from conformance.report.page import page

    path.write_text(page(results))
