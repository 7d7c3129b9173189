"""Haste, for a broker that may hang: `--hasty SECONDS`, and `--minutes MINUTES` for a run that has to end.

With the first, a check has that long. A case that failed slowly in one version (it took half of that, so it waited for
something that did not come) is not asked in the others: they would wait for the same. With the second, no check begins after
that time. What is left out ends as "not asked", apart from what failed.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest

from conformance.cases import NotAsked


def add_options(group: pytest.OptionGroup) -> None:
    """`--hasty`, `--minutes`."""
    group.addoption(
        "--hasty",
        type=float,
        metavar="SECONDS",
        help="no check takes longer, and a case that failed slowly is not asked again",
    )
    group.addoption(
        "--minutes", type=float, metavar="MINUTES", help="checks that did not begin by then are not asked"
    )


def configure(config: pytest.Config) -> None:
    """Become hasty, if it is asked for."""
    if limit_s := config.getoption("--hasty"):
        config.pluginmanager.register(Haste(limit_s), "conformance-haste")
    if minutes := config.getoption("--minutes"):
        config.pluginmanager.register(Deadline(minutes * 60), "conformance-deadline")


class Deadline:
    """The pytest plugin that ends a run, and each of its workers, in good order. The time begins with the first check."""

    def __init__(self, time_s: float) -> None:
        self._time_s = time_s
        self._begun_s: float | None = None

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self) -> None:
        now_s = time.monotonic()
        if self._begun_s is None:
            self._begun_s = now_s
        elif now_s > self._begun_s + self._time_s:
            raise NotAsked("the run had no more time", _use_item_location=True)


class Haste:
    """The pytest plugin. limit_s: seconds that a check may take."""

    def __init__(self, limit_s: float) -> None:
        self._limit_s = limit_s
        self._slow: set[str] = set()  # cases that failed slowly

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        for item in items:
            item.add_marker(pytest.mark.timeout(self._limit_s))

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        if _case(item) in self._slow:
            raise NotAsked("another version of the case took too long", _use_item_location=True)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[Any]:
        report = yield
        if report.failed and call.duration > self._limit_s / 2:
            self._slow.add(_case(item))
        return report


def _case(item: pytest.Item) -> str:
    """The test's name without its version."""
    return item.nodeid.partition("[")[0]
