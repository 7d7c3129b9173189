"""The pytest side of a scoring run (`-p planted.selection`): which cases come first, which not at all, and what they gave.

Told by environment variables, read by nothing else: PLANTED_FIRST, names of APIs with commas; PLANTED_WITHOUT, a file with
a case a line that is not asked; PLANTED_RESULTS, a file for the outcomes, a JSON object a line: check, outcome ("passed"
or "failed"). A check is a test with its parameters, a case is all checks of one function, in whatever versions.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

FIRST, WITHOUT, RESULTS = "PLANTED_FIRST", "PLANTED_WITHOUT", "PLANTED_RESULTS"


def case_name(node_id: str) -> str:
    """`path::test_what` of `path::test_what[v3]`."""
    return node_id.split("[", 1)[0]


def distance(item: pytest.Item, apis: frozenset[str]) -> int:
    """How far a test is from these APIs: 0 about one of them, 1 sends one, 2 any other case, 3 a scenario of clients."""
    from conformance.cases import api_name  # not earlier: the conftest has its asserts rewritten first
    from conformance.plugin import case_of

    case = case_of(item)
    if case is None:
        return 3
    if apis & {api_name(api) for api in case.apis}:
        return 0
    return 1 if apis & {api_name(api) for api in case.also} else 2


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    apis = frozenset(filter(None, os.environ.get(FIRST, "").split(",")))
    without: set[str] = set()
    if path := os.environ.get(WITHOUT):
        without = set(Path(path).read_text().splitlines())
    dropped = [item for item in items if case_name(item.nodeid) in without]
    config.hook.pytest_deselected(items=dropped)
    items[:] = [item for item in items if case_name(item.nodeid) not in without]
    if apis:
        items.sort(key=lambda item: distance(item, apis))


class Recorder:
    """Writes each outcome as it is known, so that a run that is cut short has told what it saw."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.touch()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if not report.failed and (report.when != "call" or not report.passed):
            return
        outcome = "failed" if report.failed else "passed"
        with self.path.open("a") as file:
            file.write(json.dumps({"check": report.nodeid, "outcome": outcome}) + "\n")


def pytest_configure(config: pytest.Config) -> None:
    path = os.environ.get(RESULTS)
    if path and not hasattr(
        config, "workerinput"
    ):  # with xdist, its controller sees the reports of all workers
        config.pluginmanager.register(Recorder(Path(path)), "planted-recorder")
