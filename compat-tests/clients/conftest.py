"""`driver`: each scenario runs once per client library that `--clients` names."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import pytest

from clients import drivers
from clients.drivers import building
from clients.drivers.base import Driver
from clients.drivers.program import PROGRAMS, close_all
from clients.topics import MakeTopic
from harness.fetched import Unavailable
from harness.process import BrokerProcess, ForeignBroker


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "driver" not in metafunc.fixturenames:
        return
    named = [marker.args[0] for marker in metafunc.definition.iter_markers("parametrize")]
    if "driver" not in named:
        names = drivers.chosen(metafunc.config.getoption("--clients"))
        metafunc.parametrize("driver", names, indirect=True)


def pytest_collection_finish(session: pytest.Session) -> None:
    """Build what the run needs before its first test: a test's time is limited. A failure is told by the tests."""
    if session.config.getoption("collectonly"):
        return
    wanted = {item.callspec.params.get("driver") for item in session.items if hasattr(item, "callspec")}
    for name in wanted & PROGRAMS.keys():
        try:
            building.command(*PROGRAMS[name])
        except Unavailable:
            continue


@pytest.fixture(scope="session", autouse=True)
def _no_program_is_left() -> Iterator[None]:
    yield
    close_all()


@pytest.fixture(scope="session")
def client_names(request: pytest.FixtureRequest) -> Sequence[str]:
    """All libraries of this run."""
    return drivers.chosen(request.config.getoption("--clients"))


@pytest.fixture
def driver(request: pytest.FixtureRequest, broker: BrokerProcess | ForeignBroker) -> Iterator[Driver]:
    made = drivers.make(request.param, broker.bootstrap)
    yield made
    made.close()


@pytest.fixture
def make_topic(driver: Driver, fresh_name: Callable[[str], str]) -> MakeTopic:
    return MakeTopic(driver, fresh_name)
