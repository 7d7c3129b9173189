"""Both brokers live, which needs Java: `pytest compat-tests/differential --reference 4.3.1` (or 3.9.2)."""

from __future__ import annotations

import argparse

import pytest

from differential import report
from differential.corpus import load_all
from differential.judge import load_known
from differential.run import Pair, brokers, corpus, generated, mark_first

SEED = 20


@pytest.mark.timeout(300)
@pytest.mark.parametrize("what", ["corpus", "generated"])
def test_answers_differ_only_as_known(request: pytest.FixtureRequest, what: str) -> None:
    reference = request.config.getoption("--reference")
    if reference is None:
        pytest.skip("needs --reference")
    with brokers(argparse.Namespace(left=None, right=None, reference=reference)) as (left, right):
        pair = Pair(left.bootstrap, right.bootstrap, reference, load_known())
        rounds = corpus(pair, load_all()) if what == "corpus" else generated(pair, 600, SEED)
        found = [finding for part in rounds for finding in mark_first(part)]
    assert pair.asked > 500
    if unknown := report.text(found):
        pytest.fail(unknown, pytrace=False)
