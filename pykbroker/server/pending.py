"""The answer of a request to a coordinator shard, as its handler holds it: there already, or to be waited for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import trio

from pykbroker.core.machine import Ticket
from pykbroker.errors import ApiError
from wire.errors import ErrorCode

if TYPE_CHECKING:
    from pykbroker.server.shard import Shard

# How long a request waits for a shard that is being loaded before it is told to come back. Most logs are replayed in less,
# and not every client does come back (librdkafka's admin calls do not).
LOAD_PATIENCE_S = 2.0


class Pending:
    """A request's answer: there already, or to be waited for."""

    __slots__ = ("_error", "_event", "_result", "_shard", "_ticket", "is_answered")

    def __init__(self, shard: Shard, ticket: Ticket) -> None:
        self._shard = shard
        self._ticket = ticket
        self._event: trio.Event | None = None
        self._result: Any = None
        self._error: ErrorCode | None = None
        self.is_answered = False

    @property
    def result(self) -> Any:
        """Raises: ApiError NOT_COORDINATOR."""
        assert self.is_answered
        if self._error is not None:
            raise ApiError(self._error, "the coordinator of this group moved or restarted; ask again")
        return self._result

    async def wait(self) -> Any:
        """The answer. Who is cancelled here is forgotten; the machine answers into the void.

        Raises: ApiError NOT_COORDINATOR.
        """
        if not self.is_answered:
            self._event = trio.Event()
            try:
                await self._event.wait()
            finally:
                self._shard.forget(self._ticket)
        return self.result

    def settle(self, result: Any, error: ErrorCode | None = None) -> None:
        self._result = result
        self._error = error
        self.is_answered = True
        if self._event is not None:
            self._event.set()


class Early:
    """The answer of a request that came while the shard was being loaded; it is put to the machine after that."""

    __slots__ = ("_command", "_shard")
    is_answered = False

    def __init__(self, shard: Shard, command: Any) -> None:
        self._shard = shard
        self._command = command

    @property
    def result(self) -> Any:
        raise AssertionError("not answered yet")

    async def wait(self) -> Any:
        """Raises: ApiError COORDINATOR_LOAD_IN_PROGRESS, NOT_COORDINATOR."""
        with trio.move_on_after(LOAD_PATIENCE_S):
            await self._shard.decided.wait()
        if self._shard.is_loading:
            raise ApiError(ErrorCode.COORDINATOR_LOAD_IN_PROGRESS, f"{self._shard.name} is being loaded")
        pending = self._shard.post(self._command)
        return pending.result if pending.is_answered else await pending.wait()
