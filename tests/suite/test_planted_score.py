"""Scoring planted bugs: what counts as found, and that no case counts for more than two."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "compat-tests"))

from planted import score  # noqa: E402
from planted.bugs import BUGS  # noqa: E402
from planted.scoring import ORDINARY, Result, Scorer  # noqa: E402
from planted.selection import case_name  # noqa: E402
from planted.suite import Outcomes  # noqa: E402

CASES = ("c.py::test_a", "c.py::test_b", "c.py::test_c")


class Suite:
    """A suite of three cases, as far as the scorer sees one. failing: cases that fail; once: those that fail only once."""

    def __init__(
        self, failing: Iterable[str], once: Iterable[str] = (), takes_too_long: bool = False
    ) -> None:
        self.failing = set(failing)
        self.once = set(once)
        self.takes_too_long = takes_too_long

    def __call__(self, _work_dir: Path, tests: Any, **options: Any) -> Outcomes:
        if tests == ORDINARY:
            return Outcomes(ORDINARY, (), True, "")
        passed: list[str] = []
        for case in CASES if tests == ("suite",) else [case_name(test) for test in tests]:
            if case in options.get("without", ()):
                continue
            if case in self.once or case in self.failing:
                self.once.discard(case)
                return Outcomes(tuple(passed), (f"{case}[v3]",), True, "")
            passed.append(f"{case}[v3]")
        return Outcomes(tuple(passed), (), not self.takes_too_long, "")


def scorer(tmp_path: Path, suite: Suite, without: frozenset[str] = frozenset()) -> Scorer:
    return Scorer(tmp_path, ("suite",), without, 10.0, suite)


def test_the_first_case_that_fails_finds_a_bug(tmp_path: Path) -> None:
    result = scorer(tmp_path, Suite({"c.py::test_b"})).score(BUGS[0])
    assert (result.found_by, result.asked, result.plain) == ("c.py::test_b[v3]", 2, False)


def test_a_case_finds_two_bugs_and_no_third(tmp_path: Path) -> None:
    scoring = scorer(tmp_path, Suite({"c.py::test_a", "c.py::test_c"}))
    found = [scoring.score(bug).found_by for bug in BUGS[:5]]
    assert found == ["c.py::test_a[v3]"] * 2 + ["c.py::test_c[v3]"] * 2 + [None]


def test_what_fails_by_chance_finds_nothing(tmp_path: Path) -> None:
    result = scorer(tmp_path, Suite({"c.py::test_c"}, once={"c.py::test_a"})).score(BUGS[0])
    assert result.found_by == "c.py::test_c[v3]"


def test_what_fails_without_a_bug_finds_nothing(tmp_path: Path) -> None:
    result = scorer(tmp_path, Suite({"c.py::test_a"}), frozenset({"c.py::test_a"})).score(BUGS[0])
    assert (result.found_by, result.asked, result.complete) == (None, 2, True)


def test_a_run_that_was_cut_short_says_so(tmp_path: Path) -> None:
    assert not scorer(tmp_path, Suite((), takes_too_long=True)).score(BUGS[0]).complete


def test_the_first_result_stays_beside_the_last(tmp_path: Path) -> None:
    file, (one, other) = tmp_path / "score.json", BUGS[:2]
    scores = score.read(file)
    score.note(scores, one, Result(None, 9, 1.0), {"date": "2001-01-01"})
    score.note(scores, other, Result("c.py::test_b", 2, 1.0), {"date": "2001-01-01"})
    score.write(file, scores, BUGS)
    scores = score.read(file)
    score.note(scores, one, Result("c.py::test_a[v3]", 1, 1.0), {"date": "2002-02-02"})
    assert [scores[one.name][which]["date"] for which in ("first", "last")] == ["2001-01-01", "2002-02-02"]
    table = score.table(scores, BUGS)
    assert table.startswith("First run: 1 of 2 (50 %). Last run: 2 of 2 (100 %).")
    assert "| **not found** | c.py::test_a |" in table


def test_a_bug_that_is_gone_leaves_the_file(tmp_path: Path) -> None:
    file = tmp_path / "score.json"
    scores: dict[str, dict[str, Any]] = {"gone": {}}
    score.note(scores, BUGS[0], Result("c.py::test_a", 1, 1.0), {})
    score.write(file, scores, BUGS)
    assert list(score.read(file)) == [BUGS[0].name]


@pytest.mark.parametrize("node_id", ["a.py::test_x", "a.py::test_x[v3]", "a.py::test_x[v3-[odd]]"])
def test_a_case_is_all_checks_of_a_function(node_id: str) -> None:
    assert case_name(node_id) == "a.py::test_x"
