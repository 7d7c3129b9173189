"""What pykbroker is known to fail, for now: `known_failures.txt`, one check (or case) a line, each with its reason.

    cases/behaviour/groups/test_commit.py::test_unknown_member[v9]   # answers ILLEGAL_GENERATION; issue 8

A name without brackets stands for all versions. They count apart, and only for a pykbroker that the suite starts itself. One
that passes fails the run until its line is taken away. A reason that begins with "not asked" keeps the check from running:
for what can only fail slowly, waiting for something that is not built.
"""

from __future__ import annotations

from pathlib import Path

import pytest

NOT_ASKED = "not asked"


def read(path: Path) -> dict[str, str]:
    """Test name, relative to compat-tests -> reason. Raises: ValueError for a line without a reason."""
    known: dict[str, str] = {}
    for line in path.read_text().splitlines():
        name, _, reason = line.partition("#")
        if not name.strip():
            continue
        if not reason.strip():
            raise ValueError(f"{path.name}: {name.strip()} has no reason")
        known[name.strip()] = reason.strip()
    return known


def mark(items: list[pytest.Item], known: dict[str, str]) -> None:
    """Expect those items to fail; one that does not is a failure."""
    for item in items:
        name = item.nodeid.removeprefix("compat-tests/")
        reason = known.get(name) or known.get(name.partition("[")[0])
        if reason is not None:
            text = f"{reason} (if this passes: take its line out of known_failures.txt)"
            asked = not reason.startswith(NOT_ASKED)
            item.add_marker(pytest.mark.xfail(reason=text, strict=True, run=asked))
