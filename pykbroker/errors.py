"""What goes wrong, as exceptions with the facts that a person or a client needs.

`ApiError` is raised anywhere below the handlers and becomes a code in two places only: for a whole request in
`api.dispatch`, for one partition in `api.partitions`. `ConfigError` and `StartError` end the start of the broker with one
clear line. Anything else that escapes is a bug.
"""

from __future__ import annotations

from wire.errors import ErrorCode


class ApiError(Exception):
    """An answer that is an error.

    code: what the client gets. message: cause and fix for a person; None leaves the code's own meaning.
    """

    def __init__(self, code: ErrorCode, message: str | None = None) -> None:
        super().__init__(f"{code.name}: {message or code.meaning}")
        self.code = code
        self.message = message


class BadRecords(ApiError):
    """Some records make their batch invalid (KIP-467). records: (place in the batch from 0, what is wrong), not more than
    a producer can use."""

    def __init__(self, code: ErrorCode, message: str, records: list[tuple[int, str]]) -> None:
        super().__init__(code, message)
        self.records = records


class StartError(Exception):
    """The broker cannot start. `exit_code` follows sysexits (64-78)."""

    def __init__(self, message: str, exit_code: int = 70) -> None:
        super().__init__(message)
        self.exit_code = exit_code


class ConfigError(StartError):
    """A setting that is malformed or refused: says the setting, the value and the fix."""

    def __init__(self, setting: str, value: object, fix: str) -> None:
        super().__init__(f"{setting}={value}: {fix}", exit_code=78)
        self.setting = setting
        self.value = value
        self.fix = fix
