"""One running broker for all tests of a module; each test makes topics of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.broker.client import Client
from tests.broker.process import Serve


@pytest.fixture(scope="module")
def serve(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serve]:
    broker = Serve(tmp_path_factory.mktemp("broker"))
    try:
        yield broker.start()
    finally:
        broker.kill()


@pytest.fixture
def client(serve: Serve) -> Iterator[Client]:
    with Client(serve.address) as connected:
        yield connected


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Serve]:
    """A broker for this test alone, not started yet."""
    broker = Serve(tmp_path / "own")
    try:
        yield broker
    finally:
        broker.kill()
