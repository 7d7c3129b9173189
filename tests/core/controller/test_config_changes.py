"""Incremental changes of a configuration (KIP-339)."""

from __future__ import annotations

import pytest

from pykbroker.core.controller.config_changes import ConfigChange, Operation, apply_changes, check_changes
from pykbroker.errors import ApiError
from wire.errors import ErrorCode

LISTS = {"policy": "delete"}


def change(current: dict[str, str], *changes: ConfigChange) -> dict[str, str]:
    return apply_changes(current, changes, LISTS.__contains__, LISTS.get)


def test_set_and_delete() -> None:
    before = {"a": "1", "b": "2"}
    after = change(before, ConfigChange("a", Operation.SET, "3"), ConfigChange("b", Operation.DELETE, None))
    assert after == {"a": "3"}
    assert before == {"a": "1", "b": "2"}
    assert change({}, ConfigChange("b", Operation.DELETE, None)) == {}


def test_append_begins_with_the_default_and_adds_nothing_twice() -> None:
    assert change({}, ConfigChange("policy", Operation.APPEND, "compact,delete")) == {
        "policy": "delete,compact"
    }
    assert change({"policy": ""}, ConfigChange("policy", Operation.APPEND, "x")) == {"policy": "delete,x"}


def test_subtract() -> None:
    current = {"policy": "compact,delete"}
    assert change(current, ConfigChange("policy", Operation.SUBTRACT, "delete,no")) == {"policy": "compact"}
    assert change({}, ConfigChange("policy", Operation.SUBTRACT, "delete")) == {"policy": ""}


@pytest.mark.parametrize("operation", [Operation.APPEND, Operation.SUBTRACT])
def test_only_lists_are_appended_to(operation: Operation) -> None:
    with pytest.raises(ApiError) as refused:
        change({}, ConfigChange("a", operation, "1"))
    assert refused.value.code is ErrorCode.INVALID_CONFIG
    assert "its type is not LIST" in str(refused.value)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ([ConfigChange("a", 0, "1"), ConfigChange("a", 1, None)], "duplicate config keys: a"),
        ([ConfigChange("a", 0, None)], "Null value not supported for : a"),
        ([ConfigChange("a", 9, "1")], "Unknown operations type 9"),
    ],
)
def test_malformed_changes(changes: list[ConfigChange], says: str) -> None:
    with pytest.raises(ApiError, match=says) as refused:
        check_changes(changes)
    assert refused.value.code is ErrorCode.INVALID_REQUEST
