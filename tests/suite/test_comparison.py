"""The page that compares brokers has the numbers of the reports that it is made from."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "compat-tests"))

from conformance.report.comparison import Run, comparison


def check(case: str, verdict: str, version: int | None = None, **more: Any) -> dict[str, Any]:
    fields = {"kind": "behaviour", "feature": "fetch", "api": None if version is None else "Fetch", **more}
    name = "broker" if version is None else f"v{version}"
    return {"id": f"compat-tests/cases/{case}[{name}]", "verdict": verdict, "version": version, **fields}


def report(*checks: dict[str, Any], collected: int | None = None) -> dict[str, Any]:
    return {
        "broker": {"name": "b", "version": "1.2", "line": "4.x"},
        "date": "2001-02-03 04:05 UTC",
        "duration_s": 90.0,
        "collected": len(checks) if collected is None else collected,
        "checks": list(checks),
    }


GOOD = report(*(check("behaviour/a.py::test_x", "pass", version) for version in range(4))) | {
    "runs": 10,
    "unsteady": [],
}
MIXED = report(
    *(check("behaviour/a.py::test_x", "fail", version) for version in (4, 2, 3, 9)),
    *(check("behaviour/a.py::test_x", "pass", version) for version in (5, 6, 7)),
    check("hostile/b.py::test_z", "fail", kind="hostile", feature="frames"),
    check("behaviour/a.py::test_y", "known failure", 1, reason="not built (if this passes: x)"),
    check("behaviour/a.py::test_y", "not served", 2),
    check("behaviour/c.py::test_n", "not observable", 1, reason="no TLS"),
    check("behaviour/c.py::test_n", "not observable", 2, reason="no TLS"),
    check("behaviour/c.py::test_l", "other line", 2, feature="alone"),
    check("behaviour/c.py::test_t", "not asked", 2),
    collected=20,
) | {"runs": 3, "unsteady": ["compat-tests/cases/behaviour/a.py::test_x[v4]"]}


@pytest.fixture(scope="module")
def page() -> str:
    absent = {"broker": {"name": "gone"}, "date": "2001-02-03", "unavailable": "no\n  Go"}
    runs = [Run.read("good", GOOD), Run.read("mixed", MIXED), Run.read("gone", absent)]
    return comparison(runs, "First run: 1 of 2.")


def test_totals(page: str) -> None:
    assert (
        "| good | 1.2 | 2001-02-03 04:05 UTC | 4.x | 4 | 0 | 0 | 0 | 0 | 0 | 0 | 0 | 100 % | 1.5 | 10, all the same |"
        in page
    )
    # 3 passed, 5 failed, 1 known; one of the others had no time, and the run did not come to 6 of 20
    assert (
        "| mixed | 1.2 | 2001-02-03 04:05 UTC | 4.x | 3 | 5 | 1 | 1 | 2 | 1 | 0 | 7 | 33.3 % | 1.5 | 3, 1 checks differ |"
        in page
    )


def test_who_was_not_asked_and_why(page: str) -> None:
    assert "- gone was not asked (2001-02-03): no Go\n" in page
    assert "| gone |" not in page


def test_features(page: str) -> None:
    assert "| kind | feature | good | mixed |" in page
    assert "| behaviour | fetch | 4 | **3** of 8 |" in page
    assert "| behaviour | alone |  |  |" in page
    assert "| hostile | frames |  | **0** of 1 |" in page


def test_failed_cases_with_their_versions(page: str) -> None:
    assert "## good: what fails\n\nNothing.\n" in page
    assert "<summary>6 checks of 3 cases</summary>" in page
    assert "- behaviour/a.py\n  - test_x v2-4, v9\n  - test_y v1 (known: not built)\n" in page
    assert "- hostile/b.py\n  - test_z\n" in page


def test_why_not_observable(page: str) -> None:
    assert "Not observable: no TLS (2)\n" in page


def test_the_planted_score_is_there_if_there_is_one(page: str) -> None:
    assert "## How the suite is checked" in page
    assert "First run: 1 of 2." in page
    assert "How the suite is checked" not in comparison([], None)


def test_all_means_all() -> None:
    checks = [check("behaviour/a.py::test_x", "pass", version) for version in range(2000)]
    nearly = report(*checks, check("behaviour/a.py::test_x", "fail", 2000))
    assert "| 99.9 % |" in comparison([Run.read("nearly", nearly)], None)
