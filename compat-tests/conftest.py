"""The broker that the suite asks: a fresh pykbroker, one that runs already, or Apache Kafka as the
reference.

    pytest compat-tests                              a pykbroker of our own, stopped at the end
    pytest compat-tests --bootstrap HOST:PORT        whatever answers there; restarts are skipped
    pytest compat-tests --reference [4.3.1]          Apache Kafka, started for the run

One broker serves a whole run (one each per pytest-xdist worker), so every test makes its own topic and
group names. When a test fails, the tail of the broker's log stands in its report.
"""

from __future__ import annotations

import itertools
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

pytest.register_assert_rewrite("conformance", "cases")

from conformance import known_failures, plugin  # noqa: E402
from conformance.kafka import clean_up  # noqa: E402
from conformance.plugin import SUBJECT  # noqa: E402
from conformance.subject import Subject, read_credentials  # noqa: E402
from harness.process import BrokerProcess, ForeignBroker, PykbrokerProcess  # noqa: E402

# Settings under which a suite of short tests makes sense; Kafka's own names, given to whichever broker we start.
SETTINGS = {"group.initial.rebalance.delay.ms": "0", "group.min.session.timeout.ms": "1000"}

# Warnings of the client libraries themselves, each with its reason; everything else stays an error.
LIBRARY_WARNINGS = [
    "ignore:(read|open)_text is deprecated:DeprecationWarning",  # kafka-python loads its schemas so, on Python 3.11
    # kafka-python drops the socket of a connection that was refused, while a broker is away, without closing it.
    "ignore:Exception ignored in. <socket.socket:pytest.PytestUnraisableExceptionWarning",
]

_broker: BrokerProcess | ForeignBroker | None = None


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("broker under test")
    group.addoption("--bootstrap", metavar="HOST:PORT", help="a broker that runs already")
    group.addoption(
        "--reference", nargs="?", const="4.3.1", metavar="VERSION", help="start Apache Kafka (4.3.1, 3.9.2)"
    )
    plugin.add_options(group)


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(plugin, "conformance")


def _make_broker(config: pytest.Config, work_dir: Path) -> BrokerProcess | ForeignBroker:
    if address := config.getoption("--bootstrap"):
        return ForeignBroker(address)
    if version := config.getoption("--reference"):
        from reference.kafka import VERSIONS

        return VERSIONS[version](work_dir, SETTINGS)
    return PykbrokerProcess(work_dir, SETTINGS)


@pytest.fixture(scope="session")
def running_broker(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[BrokerProcess | ForeignBroker]:
    """The broker of this run. Tests take `broker`, which also starts it again after a test that left it down."""
    global _broker
    broker = _make_broker(request.config, tmp_path_factory.mktemp("broker"))
    broker.start()
    _broker = broker
    yield broker
    _broker = None
    broker.close()


@pytest.fixture(scope="session")
def running_subject(
    request: pytest.FixtureRequest, running_broker: BrokerProcess | ForeignBroker
) -> Iterator[Subject]:
    config = request.config
    made = Subject(running_broker.bootstrap, running_broker.name, given_line=config.getoption("--line"))
    if path := config.getoption("--credentials"):
        made.accounts, made.ca_file = read_credentials(Path(path))
    made.listeners |= dict(given.split("=", 1) for given in config.getoption("--listener"))
    config.stash[SUBJECT] = made
    yield made
    if not running_broker.owned:
        clean_up(made)


@pytest.fixture
def subject(running_subject: Subject, broker: BrokerProcess | ForeignBroker) -> Subject:
    """The facts of the broker under test, which is up."""
    return running_subject


@pytest.fixture
def broker(running_broker: BrokerProcess | ForeignBroker) -> BrokerProcess | ForeignBroker:
    """The broker under test: `bootstrap`; with `owned` also `restart()`, `stop()`, `kill9()`, `start()`."""
    if isinstance(running_broker, BrokerProcess) and not running_broker.running:
        running_broker.start()
    return running_broker


@pytest.fixture
def own_broker(broker: BrokerProcess | ForeignBroker) -> BrokerProcess:
    """The broker, for tests that stop or kill it."""
    if not isinstance(broker, BrokerProcess):
        pytest.skip("a broker given as an address is not ours to stop")
    return broker


_numbers = itertools.count(1)


@pytest.fixture
def fresh_name() -> Callable[[str], str]:
    """Names for topics and groups that no other test, worker or run uses."""
    return lambda what: f"{what}-{os.getpid()}-{os.urandom(3).hex()}-{next(_numbers)}"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            for warning in LIBRARY_WARNINGS:
                item.add_marker(pytest.mark.filterwarnings(warning))
    if not config.getoption("--bootstrap") and not config.getoption("--reference"):
        known_failures.mark(items, known_failures.read(HERE / "known_failures.txt"))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    report = yield
    if report.failed and _broker is not None and _broker.owned:
        report.sections.append((f"log of {_broker.name} at {_broker.bootstrap}", _broker.log()))
    return report
