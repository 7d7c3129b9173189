"""Async tests run under Trio: an `async def test_*` needs no marker and no plugin."""

from __future__ import annotations

import inspect
from typing import Any

import pytest


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    if not inspect.iscoroutinefunction(pyfuncitem.obj):
        return None
    import trio

    arguments: dict[str, Any] = {name: pyfuncitem.funcargs[name] for name in pyfuncitem._fixtureinfo.argnames}
    clock = arguments.get("autojump_clock")

    async def run() -> None:
        await pyfuncitem.obj(**arguments)

    trio.run(run, clock=clock)
    return True


@pytest.fixture
def autojump_clock() -> Any:
    """A virtual clock that jumps to the next deadline when every task waits."""
    import trio.testing

    return trio.testing.MockClock(autojump_threshold=0)
