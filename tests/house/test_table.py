"""The table of what is served, the messages, the handlers and the documents agree with each other."""

from __future__ import annotations

import pkgutil
from pathlib import Path

import pytest

import pykbroker.api.handlers
from pykbroker.api.document import page
from pykbroker.api.table import APIS, Api

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("api", APIS, ids=lambda api: api.name)
def test_a_row_has_a_message_and_a_handler(api: Api) -> None:
    request, response = api.messages()
    assert request.key == response.key == api.key
    assert callable(api.handler())
    for version in range(api.lowest, api.highest + 1):
        request.parser(version)
        response.builder(version)


def test_every_handler_file_has_a_row() -> None:
    files = {module.name for module in pkgutil.iter_modules(pykbroker.api.handlers.__path__)}
    assert files == {api.module for api in APIS}


def test_rows_are_in_order_and_unique() -> None:
    keys = [api.key for api in APIS]
    assert keys == sorted(set(keys))


def test_every_decision_is_numbered_once() -> None:
    numbers = [path.name[:4] for path in sorted((ROOT / "docs" / "decisions").glob("*.md"))]
    assert numbers == sorted(set(numbers))


def test_a_handler_begins_with_its_api() -> None:
    for api in APIS:
        text = (ROOT / "pykbroker" / "api" / "handlers" / f"{api.module}.py").read_text()
        assert text.startswith((f'"""{api.name} ', f'"""{api.name}: ')), api.name


def test_the_page_of_the_protocol_is_fresh() -> None:
    """After a change: python -m pykbroker.api.document > docs/protocol.md"""
    assert (ROOT / "docs" / "protocol.md").read_text() == page()
