"""The recorded traffic of real clients against pykbroker: every answer parses, and says what Apache Kafka said then."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from differential import report
from differential.corpus import Recording, load_all
from differential.judge import load_known
from differential.replay import Connections, Side, as_recorded, play, warm_up
from differential.run import OURS, Pair
from harness.process import PykbrokerProcess


@pytest.fixture(scope="module")
def pykbroker(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    if request.config.getoption("--bootstrap") or request.config.getoption("--reference"):
        pytest.skip("the run is about another broker")
    with PykbrokerProcess(tmp_path_factory.mktemp("broker"), OURS) as broker:
        warm_up(broker.bootstrap)
        yield broker.bootstrap


@pytest.mark.parametrize(("number", "recording"), list(enumerate(load_all(), 1)), ids=str)
def test_answers_are_those_of_the_recording(pykbroker: str, number: int, recording: Recording) -> None:
    pair = Pair(pykbroker, pykbroker, "4.3.1", load_known())
    with Connections(pykbroker) as connections:
        ours = play(recording, Side(connections, b"diff%04x" % number, settle_s=0.005), pair.served)
    found = pair.judge_recording(recording, ours, as_recorded(recording))
    assert pair.asked > 20
    if unknown := report.text(found):
        pytest.fail(unknown, pytrace=False)
