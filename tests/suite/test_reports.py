"""A planned run of the conformance suite's frame: terminal, JSON, JUnit and HTML have the numbers that were planned."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import xml.etree.ElementTree
from pathlib import Path
from typing import Any

import pytest

COMPAT = Path(__file__).parents[2] / "compat-tests"

CONFTEST = """
import sys
sys.path.insert(0, {compat!r})
import pytest
from conformance import plugin
from conformance.subject import Subject

def pytest_addoption(parser):
    plugin.add_options(parser.getgroup("suite"))

def pytest_configure(config):
    config.pluginmanager.register(plugin, "conformance")

@pytest.fixture(scope="session")
def subject(pytestconfig):
    made = Subject("127.0.0.1:1", "planned")
    facts = dict(announced={{1: (4, 6), 3: (0, 1)}}, features={{}}, nodes={{7: ("127.0.0.1", 1)}}, settings={{}}, line="4.x")
    made.__dict__.update(facts)
    made.describe()
    pytestconfig.stash[plugin.SUBJECT] = made
    return made
"""

CASES = '''
import pytest
from conformance import Brokers, Feature, Setting, case
from wire.errors import ErrorCode
from wire.messages.fetch import FetchRequest
from wire.messages.list_offsets import ListOffsetsRequest
from wire.messages.metadata import MetadataRequest

@case(FetchRequest, versions="4-7", feature="fetch", why="KIP-1")
def test_three_pass_and_one_is_not_served(version, kafka):
    """It passes."""

@case(FetchRequest, versions="5-6", feature="fetch", why="KIP-2")
def test_two_fail(version, kafka):
    """It answers NONE."""
    assert 25 == ErrorCode.NONE

@case(FetchRequest, MetadataRequest, versions="latest", feature="both", why="KIP-3")
def test_two_pass(api, version, kafka):
    """It is asked in the highest version that is announced."""
    assert version == {1: 6, 3: 1}[api.key]

@case(MetadataRequest, versions="0", feature="metadata", why="KIP-4", also=(ListOffsetsRequest,))
def test_not_served_for_a_further_api(kafka):
    """It is not asked."""
    assert False

@case(MetadataRequest, versions="0", feature="metadata", why="KIP-5", needs=(Setting("log.dir"), Brokers(3)))
def test_not_observable(kafka):
    """It is not asked."""
    assert False

@case(feature="shares", why="KIP-6", needs=(Feature("share.version"),))
def test_not_served_by_feature(kafka):
    """It is not asked."""
    assert False

@case(MetadataRequest, versions="1", feature="metadata", why="KIP-7", line="3.9")
def test_other_line(kafka):
    """It is not asked."""
    assert False

@pytest.mark.xfail(reason="known", strict=True)
@case(MetadataRequest, versions="1", feature="metadata", why="KIP-8")
def test_known(kafka):
    """It fails, as is known."""
    assert False

@pytest.fixture
def breaks_after():
    yield
    raise OSError("late")

@case(MetadataRequest, versions="1", feature="metadata", why="KIP-9")
def test_fails_after_it_passed(kafka, breaks_after):
    """It passes, and what it used cannot be taken down."""
'''

PLANNED = {
    "pass": 5,
    "fail": 3,
    "known failure": 1,
    "not served": 3,
    "not observable": 1,
    "other line": 1,
    "not asked": 0,
    "client cannot": 0,
}
SUMMARY = "14 checks: 5 pass, 3 fail, 1 known failure, 3 not served, 1 not observable, 1 other line"


@pytest.fixture(scope="module", params=["one process", "two workers"])
def run(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """(folder, terminal output) of the planned run."""
    folder = tmp_path_factory.mktemp("planned")
    cases = folder / "cases" / "behaviour"
    cases.mkdir(parents=True)
    (folder / "pytest.ini").write_text("[pytest]\naddopts = --strict-markers --import-mode=importlib\n")
    (folder / "conftest.py").write_text(CONFTEST.format(compat=str(COMPAT)))
    (cases / "test_planned.py").write_text(CASES)
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-p",
        "no:cacheprovider",
        "--report-json=r.json",
        "--report-html=r.html",
    ]
    command += ["--junitxml=r.xml", "-n", "2" if request.param == "two workers" else "0"]
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    done = subprocess.run(command, cwd=folder, env=clean, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1, done.stdout + done.stderr
    return folder, done.stdout


def test_the_terminal_counts(run: tuple[Path, str]) -> None:
    assert SUMMARY in run[1]
    assert re.search(
        r"^Metadata +1 pass, 1 fail, 1 known failure, 1 not served, 1 not observable, 1 other line$",
        run[1],
        re.M,
    )


def read_json(run: tuple[Path, str]) -> Any:
    return json.loads((run[0] / "r.json").read_text())


def test_the_json_counts(run: tuple[Path, str]) -> None:
    data = read_json(run)
    assert data["counts"] == PLANNED
    assert len(data["checks"]) == sum(PLANNED.values())
    assert data["broker"]["name"] == "planned"
    assert data["broker"]["line"] == "4.x"


def test_a_failure_says_what_was_expected_and_why(run: tuple[Path, str]) -> None:
    (failed,) = (check for check in read_json(run)["checks"] if check["id"].endswith("test_two_fail[v5]"))
    assert (failed["api"], failed["key"], failed["version"], failed["feature"]) == ("Fetch", 1, 5, "fetch")
    assert (failed["kind"], failed["expected"], failed["why"]) == ("behaviour", "It answers NONE.", "KIP-2")
    assert "UNKNOWN_MEMBER_ID (25) == NONE (0)" in failed["reason"]


def test_the_versions_that_were_asked(run: tuple[Path, str]) -> None:
    asked = {
        (check["id"].rpartition("::")[2], check["version"])
        for check in read_json(run)["checks"]
        if check["api"]
    }
    assert ("test_two_pass[Fetch-latest]", 6) in asked
    assert ("test_two_pass[Metadata-latest]", 1) in asked
    assert ("test_three_pass_and_one_is_not_served[v7]", 7) in asked


def test_the_page_counts(run: tuple[Path, str]) -> None:
    page = (run[0] / "r.html").read_text()
    assert SUMMARY in page
    assert 'title="4 pass, 2 fail, 1 not served">2/6<' in page  # Fetch, all versions
    assert page.count('<details class="failure"') == PLANNED["fail"]
    assert "UNKNOWN_MEMBER_ID (25) == NONE (0)" in page
    assert not re.search(r"""(src|href)=["']?(https?:)?//""", page)


def test_junit_counts(run: tuple[Path, str]) -> None:
    suite = xml.etree.ElementTree.parse(run[0] / "r.xml").getroot().find("testsuite")
    assert suite is not None
    assert int(suite.attrib["failures"]) == 2
    assert int(suite.attrib["errors"]) == 1  # the tear-down
    assert int(suite.attrib["skipped"]) == 6  # what was not asked, and what is known
