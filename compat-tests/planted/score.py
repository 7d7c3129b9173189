"""The score on disk and as a table: of each bug the first result that it ever had, and the last."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from planted.bug import Bug
from planted.scoring import Result
from planted.selection import case_name

HERE = Path(__file__).parent
FILE = HERE / "score.json"


def read(path: Path) -> dict[str, dict[str, Any]]:
    """Bug -> {"first": result, "last": result}; empty if there is no file yet."""
    return json.loads(path.read_text())["bugs"] if path.exists() else {}


def note(scores: dict[str, dict[str, Any]], bug: Bug, result: Result, run: dict[str, str]) -> None:
    """Take one result in. run: what is to be known of the run (date, commit)."""
    entry = asdict(result) | run
    scores.setdefault(bug.name, {"first": entry})["last"] = entry


def write(path: Path, scores: dict[str, dict[str, Any]], bugs: Sequence[Bug]) -> None:
    """In the order of `bugs`; what is not among them any more goes."""
    kept = {bug.name: scores[bug.name] for bug in bugs if bug.name in scores}
    path.write_text(json.dumps({"bugs": kept}, indent=1) + "\n")


def share(scores: dict[str, dict[str, Any]], bugs: Sequence[Bug], which: str) -> str:
    """`38 of 40 (95 %)` of the bugs that have a result. which: "first" or "last"."""
    results = [scores[bug.name][which] for bug in bugs if bug.name in scores]
    found = sum(result["found_by"] is not None for result in results)
    return f"{found} of {len(results)} ({100 * found / len(results):.0f} %)" if results else "none scored"


def table(scores: dict[str, dict[str, Any]], bugs: Sequence[Bug]) -> str:
    """Markdown: the totals, and a row for each bug."""
    lines = [
        f"First run: {share(scores, bugs, 'first')}. Last run: {share(scores, bugs, 'last')}.",
        "",
        "| bug | what a user sees | stands for | blind | first run | found by (last run) |",
        "|---|---|---|---|---|---|",
    ]
    for bug in bugs:
        if bug.name not in scores:
            continue
        first, last = (cell(scores[bug.name][which]) for which in ("first", "last"))
        blind = "yes" if bug.blind else ""
        once = "found" if scores[bug.name]["first"]["found_by"] else first
        lines.append(f"| {bug.name} | {bug.says} | {bug.stands_for or ''} | {blind} | {once} | {last} |")
    return "\n".join(lines)


def cell(result: dict[str, Any]) -> str:
    if result["found_by"] is None:
        return "**not found**" if result["complete"] else "**not found in time**"
    where = case_name(result["found_by"]).removeprefix("compat-tests/")
    return f"{where}{' (plain)' if result['plain'] else ''}"
