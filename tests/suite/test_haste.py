"""A run that must end: what did not begin in time is "not asked"."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "compat-tests"))

from conformance import haste
from conformance.cases import NotAsked


def test_nothing_begins_after_the_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    now_s = 100.0
    monkeypatch.setattr(haste.time, "monotonic", lambda: now_s)
    deadline = haste.Deadline(60)
    now_s = 500.0  # collecting takes its time
    deadline.pytest_runtest_setup()
    now_s = 559.0
    deadline.pytest_runtest_setup()
    now_s = 561.0
    with pytest.raises(NotAsked):
        deadline.pytest_runtest_setup()
