"""Haste, for a broker that may hang: `--hasty SECONDS`.

A check has that long. A case that failed slowly in one version (it took half of that, so it waited for something that did
not come) is not asked in the others: they would wait for the same. They end as "not asked", apart from what failed.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from conformance.cases import NotAsked


def add_options(group: pytest.OptionGroup) -> None:
    """`--hasty`."""
    group.addoption(
        "--hasty",
        type=float,
        metavar="SECONDS",
        help="no check takes longer, and a case that failed slowly is not asked again",
    )


def configure(config: pytest.Config) -> None:
    """Become hasty, if it is asked for."""
    if limit_s := config.getoption("--hasty"):
        config.pluginmanager.register(Haste(limit_s), "conformance-haste")


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
