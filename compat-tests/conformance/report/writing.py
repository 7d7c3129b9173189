"""Results into files."""

from __future__ import annotations

import json
from pathlib import Path

from conformance.report.results import Results


def write_json(results: Results, path: Path) -> None:
    """{"broker": {...}, "date", "duration_s", "counts": {...}, "collected", "checks": [...]}; checks: see results.Result.

    collected: how many checks the run was to ask; fewer came if it was ended.
    """
    data = {
        "date": results.date,
        "duration_s": round(results.duration_s, 1),
        "broker": results.broker,
        "counts": results.counts(),
        "collected": results.collected,
        "checks": [result.as_dict() for result in results.checks.values()],
    }
    path.write_text(json.dumps(data, indent=1) + "\n")


def write_html(results: Results, path: Path) -> None:
    """One self-contained page."""
    from conformance.report.page import page

    path.write_text(page(results))
