"""`driver`: each scenario runs once per client library that is installed."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from clients import drivers
from clients.drivers.base import Driver
from clients.topics import MakeTopic
from harness.process import BrokerProcess, ForeignBroker


@pytest.fixture(params=drivers.NAMES)
def driver(request: pytest.FixtureRequest, broker: BrokerProcess | ForeignBroker) -> Iterator[Driver]:
    try:
        kind = drivers.driver_class(request.param)
    except ImportError as error:
        pytest.skip(f"{request.param} is not installed: {error}")
    made = kind(broker.bootstrap)
    yield made
    made.close()


@pytest.fixture
def make_topic(driver: Driver, fresh_name: Callable[[str], str]) -> MakeTopic:
    return MakeTopic(driver, fresh_name)
