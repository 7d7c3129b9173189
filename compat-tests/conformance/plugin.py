"""The pytest side of cases: one check for each version, fixtures, and what each check's report holds.

Fixtures: `kafka`, `version`, `api` (the request's Message); `subject` (the broker's facts) comes from the conftest, once per
run and worker. Each check leaves a dict on its test report (`report.check`), which also travels from xdist's workers.
"""

from __future__ import annotations

import inspect
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from conformance.cases import (
    Case,
    Check,
    ClientCannot,
    NotAsked,
    NotObservable,
    NotServed,
    OtherLine,
    api_name,
)
from conformance.kafka import Kafka
from conformance.report.results import (
    CLIENT_CANNOT,
    FAIL,
    KNOWN,
    NOT_ASKED,
    NOT_OBSERVABLE,
    NOT_SERVED,
    OTHER_LINE,
    PASS,
    Result,
    Results,
)
from conformance.report.writing import write_html, write_json
from conformance.subject import Subject
from wire.errors import ErrorCode
from wire.schema import Message

ROOT = Path(__file__).parents[1]
VERDICTS = {
    NotServed: NOT_SERVED,
    NotObservable: NOT_OBSERVABLE,
    OtherLine: OTHER_LINE,
    NotAsked: NOT_ASKED,
    ClientCannot: CLIENT_CANNOT,
}
LETTERS = {NOT_SERVED: "-", NOT_OBSERVABLE: "o", OTHER_LINE: "l", NOT_ASKED: "t", CLIENT_CANNOT: "c"}


def add_options(group: pytest.OptionGroup) -> None:
    """The options of cases and reports, beside those that choose the broker."""
    group.addoption(
        "--listener",
        action="append",
        default=[],
        metavar="PROTOCOL=HOST:PORT",
        help="a further listener of the broker: SSL, SASL_PLAINTEXT, SASL_SSL",
    )
    group.addoption("--credentials", metavar="FILE", help="users and CA file, as JSON; see README.md")
    group.addoption(
        "--line",
        choices=("3.9", "4.x", "none"),
        help="the line of Apache Kafka to be held against, if not found out",
    )
    group.addoption("--report-json", metavar="FILE", help="all results as JSON")
    group.addoption("--report-html", metavar="FILE", help="all results as one page")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "case(case): a case of the conformance suite; use @case(...)")
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(Reporter(config), "conformance-reporter")


def case_of(item: pytest.Item) -> Case | None:
    marker = item.get_closest_marker("case")
    return marker.args[0] if marker else None


# --- checks


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    marker = metafunc.definition.get_closest_marker("case")
    if marker is not None:
        checks = list(marker.args[0].checks())
        metafunc.parametrize("check", checks, indirect=True, ids=[check.id for check in checks])


@pytest.fixture
def check(request: pytest.FixtureRequest, subject: Subject) -> Check:
    """The case in one version, with the version settled; skips what cannot be asked of this broker."""
    planned: Check = request.param
    return planned.resolve(subject)


@pytest.fixture
def version(check: Check) -> int | None:
    """The version that this check is about."""
    return check.version


@pytest.fixture
def api(check: Check) -> Message | None:
    """The request that this check is about, for cases about several."""
    return check.api


@pytest.fixture
def kafka(check: Check, subject: Subject) -> Iterator[Kafka]:
    """The broker under test: see kafka.py."""
    made = Kafka(subject, check)
    yield made
    made.close()


# --- what a check reports


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[Any]:
    report = yield
    if case_of(item) is not None or ROOT in item.path.parents:
        report.check = _result(item, call, report).as_dict()
        subject = item.config.stash.get(SUBJECT, None)
        if subject is not None and not item.config.stash.get(TOLD, False):
            report.broker = (
                subject.description
            )  # with the first report: also from a worker, also of a run that is ended
            item.config.stash[TOLD] = True
    return report


def _result(item: pytest.Item, call: pytest.CallInfo[None], report: pytest.TestReport) -> Result:
    case = case_of(item)
    verdict = PASS
    reason = ""
    if report.failed:
        verdict, reason = FAIL, _failure_text(call, report)
    elif getattr(report, "wasxfail", None):
        verdict, reason = KNOWN, report.wasxfail
    elif report.skipped:
        verdict = next(
            (VERDICTS[kind] for kind in VERDICTS if call.excinfo and call.excinfo.errisinstance(kind)),
            NOT_OBSERVABLE,
        )
        reason = str(call.excinfo.value) if call.excinfo else ""
    result = Result(
        id=item.nodeid, kind=_kind(item), verdict=verdict, reason=reason, duration_s=call.duration
    )
    function = getattr(item, "obj", None)
    result.expected = (
        inspect.cleandoc(function.__doc__) if function is not None and function.__doc__ else item.name
    )
    result.feature = case.feature if case else item.path.stem.removeprefix("test_").replace("_", " ")
    if case is not None:
        result.why, result.line, result.differs = case.why, case.line, case.differs
        funcargs = getattr(item, "funcargs", {})
        planned = item.callspec.params.get("check") if hasattr(item, "callspec") else None
        found = funcargs.get("check") or planned
        if found is not None and found.api is not None:
            result.api, result.key, result.version = api_name(found.api), found.api.key, found.version
        if verdict in (FAIL, KNOWN) and isinstance(kafka := funcargs.get("kafka"), Kafka):
            result.exchanges = kafka.trace.shown()
            if report.failed:
                report.sections.append(("last exchange", _last_exchange(result)))
    return result


def _kind(item: pytest.Item) -> str:
    """schema, behaviour, hostile (the folder in cases/), or client."""
    parts = item.path.parts
    return parts[parts.index("cases") + 1] if "cases" in parts[:-2] else "client"


def _failure_text(call: pytest.CallInfo[None], report: pytest.TestReport) -> str:
    crash = getattr(report.longrepr, "reprcrash", None)
    if crash is not None:
        return str(crash.message)
    return str(report.longrepr) if call.excinfo is None else str(call.excinfo.value)


def _last_exchange(result: Result) -> str:
    if not result.exchanges:
        return "nothing was sent"
    last = result.exchanges[-1]
    parts = [f"to {last['peer']}", last["request"], last["response"] or "(no answer)", last["note"]]
    return "\n".join(part for part in parts if part)


def pytest_report_teststatus(report: pytest.TestReport) -> tuple[str, str, str] | None:
    verdict = getattr(report, "check", {}).get("verdict")
    if report.skipped and verdict in LETTERS:
        return verdict, LETTERS[verdict], verdict.upper()
    return None


def pytest_assertrepr_compare(op: str, left: object, right: object) -> list[str] | None:
    """Error codes by name on both sides."""
    if op != "==" or not any(isinstance(side, ErrorCode) for side in (left, right)):
        return None
    return [f"{_named(left)} == {_named(right)}"]


def _named(code: object) -> str:
    try:
        found = ErrorCode(code)  # type: ignore[arg-type]
    except (ValueError, TypeError):
        return repr(code)
    return f"{found.name} ({found.value})"


# --- the run as a whole
SUBJECT = pytest.StashKey[Subject]()
TOLD = pytest.StashKey[bool]()  # the main process knows which broker is asked


class Reporter:
    """Collects what all checks report, and writes it out at the end. In the main process alone."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self.results = Results()
        self.results.date = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
        self._begun_s = time.monotonic()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        found = getattr(report, "check", None)
        if found is not None:
            self.results.add(Result(**found))
        self.results.broker = getattr(report, "broker", None) or self.results.broker

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        self.results.collected = max(self.results.collected, len(session.items))

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, node: Any, ids: list[str]) -> None:
        self.results.collected = max(self.results.collected, len(ids))

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self) -> None:
        self.results.duration_s = time.monotonic() - self._begun_s
        if path := self._config.getoption("--report-json", None):
            write_json(self.results, Path(path))
        if path := self._config.getoption("--report-html", None):
            write_html(self.results, Path(path))

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        if not self.results.checks:
            return
        terminalreporter.section("conformance")
        if self._config.get_verbosity() >= 0:
            for line in self.results.table_lines():
                terminalreporter.line(line)
        terminalreporter.line(self.results.summary_line())
