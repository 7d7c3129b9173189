"""The planted bugs still apply to the broker's text as it is now, and say what they should."""

from __future__ import annotations

import re
import sys
from collections import Counter
from pathlib import Path

import pytest

from pykbroker.api.table import APIS

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "compat-tests"))

from planted.bug import Bug, DoesNotApply, Edit, patched, plant  # noqa: E402
from planted.bugs import BUGS  # noqa: E402

ISSUE = re.compile(r"KAFKA-\d+|[\w.-]+/[\w.-]+#\d+")


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.name)
def test_a_bug_applies_and_compiles(bug: Bug) -> None:
    """If not: the code that it edits has changed; let `find` follow it."""
    texts = patched(bug)
    assert texts
    for file, text in texts.items():
        assert text != (ROOT / file).read_text()
        compile(text, file, "exec")


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.name)
def test_a_bug_says_what_it_is(bug: Bug) -> None:
    assert re.fullmatch(r"[a-z0-9-]+", bug.name)
    assert bug.says.endswith(".")
    assert set(bug.apis) <= {api.name for api in APIS}
    assert bug.stands_for is None or ISSUE.fullmatch(bug.stands_for)


def test_names_and_edits_are_unique() -> None:
    assert max(Counter(bug.name for bug in BUGS).values()) == 1
    assert max(Counter(edit for bug in BUGS for edit in bug.edits).values()) == 1


def test_an_edit_that_does_not_fit_is_refused() -> None:
    absent = Edit("pykbroker/api/table.py", "no such text", "")
    with pytest.raises(DoesNotApply, match="0 times"):
        patched(Bug("absent", (), "", (absent,)))


def test_planting_leaves_the_repository_alone(tmp_path: Path) -> None:
    bug = BUGS[0]
    file = bug.edits[0].file
    before = (ROOT / file).read_text()
    plant(bug, tmp_path)
    assert (tmp_path / file).read_text() == patched(bug)[file]
    assert (ROOT / file).read_text() == before
    assert (tmp_path / "wire" / "headers.py").read_text() == (ROOT / "wire" / "headers.py").read_text()
