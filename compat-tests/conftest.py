"""The broker that the suite asks: a fresh pykbroker, one that runs already, or Apache Kafka as the
reference.

    pytest compat-tests                              a pykbroker of our own, stopped at the end
    pytest compat-tests --bootstrap HOST:PORT        whatever answers there; restarts are skipped
    pytest compat-tests --reference [4.3.1]          Apache Kafka, started for the run; --nodes 3: a cluster
    pytest compat-tests --peer tansu                 another broker of brokers/, started for the run

What we start has the settings of reference/observable.properties, under which all cases can be observed.

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

from brokers import PEERS  # noqa: E402
from conformance import haste, known_failures, plugin  # noqa: E402
from conformance.housekeeping import clean_up, ensure_scram_users  # noqa: E402
from conformance.plugin import SUBJECT  # noqa: E402
from conformance.subject import Subject, read_credentials  # noqa: E402
from harness.process import BrokerProcess, ForeignBroker, PykbrokerProcess  # noqa: E402
from reference import observable  # noqa: E402
from reference.kafka import VERSIONS, ApacheKafka, KafkaCluster  # noqa: E402

Broker = BrokerProcess | KafkaCluster | ForeignBroker

# What pykbroker is given of observable.properties: it refuses settings that ask for a protection that it lacks.
PYKBROKER_PARTS = ("time", "size", "validation", "one broker")

# Warnings of the client libraries themselves, each with its reason; everything else stays an error.
LIBRARY_WARNINGS = [
    "ignore:(read|open)_text is deprecated:DeprecationWarning",  # kafka-python loads its schemas so, on Python 3.11
    # kafka-python drops the socket of a connection that was refused, while a broker is away, without closing it.
    "ignore:Exception ignored in. <socket.socket:pytest.PytestUnraisableExceptionWarning",
]


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("broker under test")
    group.addoption("--bootstrap", metavar="HOST:PORT", help="a broker that runs already")
    group.addoption(
        "--reference", nargs="?", const="4.3.1", metavar="VERSION", help="start Apache Kafka (4.3.1, 3.9.2)"
    )
    group.addoption("--peer", choices=sorted(PEERS), help="start another broker")
    group.addoption("--nodes", type=int, default=1, help="brokers of the reference (4.3.1)")
    group.addoption(
        "--clients",
        default="python",
        metavar="python|all|NAME,NAME",
        help="client libraries for the scenarios in clients/; those that are not Python's are built at need",
    )
    plugin.add_options(group)
    haste.add_options(group)


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(plugin, "conformance")
    haste.configure(config)


_broker: Broker | None = None


def _make_broker(config: pytest.Config, work_dir: Path) -> Broker:
    if address := config.getoption("--bootstrap"):
        return ForeignBroker(address)
    if (nodes := config.getoption("--nodes")) > 1:
        return KafkaCluster(work_dir, is_observable=True, count=nodes)
    if version := config.getoption("--reference"):
        return VERSIONS[version](work_dir, is_observable=True)
    if peer := config.getoption("--peer"):
        return PEERS[peer](work_dir)
    return PykbrokerProcess(work_dir, observable.settings(*PYKBROKER_PARTS))


@pytest.fixture(scope="session")
def running_broker(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Broker]:
    """The broker of this run. Tests take `broker`, which also starts it again after a test that left it down."""
    global _broker
    broker = _make_broker(request.config, tmp_path_factory.mktemp("broker"))
    broker.start()
    _broker = broker
    yield broker
    _broker = None
    broker.close()


@pytest.fixture(scope="session")
def running_subject(request: pytest.FixtureRequest, running_broker: Broker) -> Iterator[Subject]:
    config = request.config
    made = Subject(running_broker.bootstrap, running_broker.name, given_line=config.getoption("--line"))
    made.broker_version = running_broker.version
    credentials = config.getoption("--credentials")
    if isinstance(running_broker, BrokerProcess):
        made.forms_clusters = running_broker.forms_clusters
    if isinstance(running_broker, ApacheKafka | KafkaCluster):
        made.listeners |= running_broker.listeners
        credentials = credentials or observable.CREDENTIALS
    if credentials:
        made.accounts, made.ca_file = read_credentials(Path(credentials))
    if isinstance(running_broker, ApacheKafka | KafkaCluster):
        made.ca_file = str(running_broker.ca_file)
    made.listeners |= dict(given.split("=", 1) for given in config.getoption("--listener"))
    ensure_scram_users(made)
    config.stash[SUBJECT] = made
    made.describe()
    yield made
    if isinstance(running_broker, ForeignBroker):
        clean_up(made)


@pytest.fixture
def subject(running_subject: Subject, broker: Broker) -> Subject:
    """The facts of the broker under test, which is up."""
    return running_subject


@pytest.fixture
def broker(running_broker: Broker, pytestconfig: pytest.Config) -> Broker:
    """The broker under test: `bootstrap`; with `owned` also `restart()`, `stop()`, `kill9()`, `start()`."""
    subject = pytestconfig.stash.get(SUBJECT, None)
    if isinstance(running_broker, BrokerProcess) and not running_broker.running:
        running_broker.start()
        if subject is not None:
            subject.moved(running_broker.bootstrap)
    if subject is not None and subject.bootstrap != running_broker.bootstrap:
        subject.moved(running_broker.bootstrap)  # a test started it again, and it took another port
    return running_broker


@pytest.fixture
def own_broker(broker: Broker) -> BrokerProcess:
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
    # Restarts come first: later the broker has thousands of topics, and Kafka takes half a minute to start with them.
    items.sort(key=lambda item: "own_broker" not in getattr(item, "fixturenames", ()))
    given = [config.getoption(option) for option in ("--bootstrap", "--reference", "--peer")]
    if not any(given) and config.getoption("--nodes") == 1:
        known_failures.mark(items, known_failures.read(HERE / "known_failures.txt"))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    report = yield
    if report.failed and _broker is not None and _broker.owned:
        report.sections.append((f"log of {_broker.name} at {_broker.bootstrap}", _broker.log()))
        if isinstance(_broker, tuple(PEERS.values())) and _broker.running and not _broker.answers():
            _broker.kill9()  # it hangs: the next check finds a fresh one
    return report
