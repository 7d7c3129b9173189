"""The levels of this process's loggers, as Kafka's tools see and set them (KIP-412, resource type 8).

Levels have Kafka's names. What is set lasts until the broker stops. Kafka counterparts: Log4jController,
RuntimeLoggerManager.
"""

from __future__ import annotations

import logging

from pykbroker.core.controller.config_changes import Operation, check_changes
from pykbroker.core.controller.settings import Alteration, check_broker_name
from pykbroker.errors import ApiError
from pykbroker.logs import get_logger
from wire.errors import ErrorCode

log = get_logger(__name__)

ROOT = "root"
LEVELS = {
    "FATAL": logging.CRITICAL,
    "ERROR": logging.ERROR,
    "WARN": logging.WARNING,
    "INFO": logging.INFO,
    "DEBUG": logging.DEBUG,
    "TRACE": 5,
}


def levels() -> dict[str, str]:
    """The level in force of each logger, by name."""
    names = [
        name for name, each in logging.root.manager.loggerDict.items() if isinstance(each, logging.Logger)
    ]
    return {name: _name_of(_logger(name).getEffectiveLevel()) for name in [ROOT, *sorted(names)]}


def alter_levels(wanted: Alteration, broker_id: int, validate_only: bool) -> None:
    """Set or unset levels; all of them or none. Raises: INVALID_REQUEST, INVALID_CONFIG."""
    check_changes(wanted.changes)
    check_broker_name(wanted.name, broker_id)
    known = levels()
    for change in wanted.changes:
        if change.operation not in (Operation.SET, Operation.DELETE):
            operation = Operation(change.operation).name
            raise _error(
                ErrorCode.INVALID_REQUEST,
                f"{operation} operation is not allowed for the BROKER_LOGGER resource",
            )
        if change.name not in known:
            raise _error(ErrorCode.INVALID_CONFIG, f"Logger {change.name} does not exist!")
        if change.operation == Operation.DELETE:
            if change.name == ROOT:
                message = f"Removing the log level of the {ROOT} logger is not allowed"
                raise _error(ErrorCode.INVALID_REQUEST, message)
        elif change.value not in LEVELS:
            raise _error(
                ErrorCode.INVALID_CONFIG,
                f"Cannot set the log level of {change.name} to {change.value} as it is not a supported log level."
                f" Valid log levels are {', '.join(sorted(LEVELS))}",
            )
    if validate_only:
        return
    for change in wanted.changes:
        level = LEVELS[change.value or ""] if change.operation == Operation.SET else logging.NOTSET
        _logger(change.name).setLevel(level)
        log.warning(
            "the log level of %s is now %s", change.name, _name_of(_logger(change.name).getEffectiveLevel())
        )


def _logger(name: str) -> logging.Logger:
    return logging.root if name == ROOT else logging.getLogger(name)


def _name_of(level: int) -> str:
    """Kafka's name of the least level that is not below; FATAL above all."""
    return next((name for name, number in reversed(LEVELS.items()) if number >= level), "FATAL")


def _error(code: ErrorCode, message: str) -> ApiError:
    return ApiError(code, message)
