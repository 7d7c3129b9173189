"""Incremental changes of an entity's configuration (KIP-339), decided without any table: what is a list is asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from enum import IntEnum
from typing import NamedTuple

from pykbroker.core.controller.duplicates import repeated
from pykbroker.errors import ApiError
from wire.errors import ErrorCode


class Operation(IntEnum):
    """What IncrementalAlterConfigs does to one key (AlterConfigOp.OpType)."""

    SET = 0
    DELETE = 1  # back to the default
    APPEND = 2  # to a list: what it has already is not added twice
    SUBTRACT = 3  # from a list


class ConfigChange(NamedTuple):
    """One key's change. value: None only with DELETE."""

    name: str
    operation: int
    value: str | None


def check_changes(changes: Sequence[ConfigChange]) -> None:
    """The rules that hold for every kind of resource. Raises: INVALID_REQUEST."""
    twice = repeated(change.name for change in changes)
    if twice:
        raise ApiError(
            ErrorCode.INVALID_REQUEST, f"Error due to duplicate config keys: {', '.join(sorted(twice))}"
        )
    nulls = [each.name for each in changes if each.value is None and each.operation != Operation.DELETE]
    if nulls:
        raise ApiError(ErrorCode.INVALID_REQUEST, f"Null value not supported for : {', '.join(nulls)}")
    unknown = [each.operation for each in changes if each.operation not in _OPERATIONS]
    if unknown:
        raise ApiError(
            ErrorCode.INVALID_REQUEST,
            f"Unknown operations type {unknown[0]}; known are 0 SET, 1 DELETE, 2 APPEND, 3 SUBTRACT.",
        )


_OPERATIONS = frozenset(Operation)


def apply_changes(
    current: Mapping[str, str],
    changes: Sequence[ConfigChange],
    is_list: Callable[[str], bool],
    default: Callable[[str], str | None],
) -> dict[str, str]:
    """The configuration after the changes.

    default: what a list is where nothing is set on the entity, as text.

    Raises: INVALID_CONFIG for APPEND and SUBTRACT where the value is no list.
    """
    result = dict(current)
    for change in changes:
        name, value = change.name, change.value or ""
        if change.operation == Operation.SET:
            result[name] = value
        elif change.operation == Operation.DELETE:
            result.pop(name, None)
        else:
            operation = Operation(change.operation)
            if not is_list(name):
                raise ApiError(
                    ErrorCode.INVALID_CONFIG,
                    f"Can't {operation.name} to key {name} because its type is not LIST.",
                )
            before = [part for part in (result.get(name) or default(name) or "").split(",") if part]
            parts = [part for part in value.split(",") if part]
            if operation is Operation.APPEND:
                after = list(dict.fromkeys([*before, *parts]))
            else:
                after = [part for part in before if part not in parts]
            result[name] = ",".join(after)
    return result
