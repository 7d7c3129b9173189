"""From a frame to an answer: header, gate, parse, handle, build.

The gate is the table of what is served: an unknown key or version, or a body that does not parse, ends the connection with
one line (ProtocolError); there is no answer that such a client could read. ApiVersions above our range is the one
exception (KIP-511): its body is not parsed, and it is answered in version 0 with error 35 and one row, its own.

What one (key, version) needs is bound once, at its first request: parser, handler, builder. Bytes behind a complete body
are ignored, as Kafka does. A request lies in a buffer that may hold the next ones behind it, so the parser is told where its
frame ends.

Errors: an ApiError for the whole request becomes the answer that the handler's module makes of it (`refuse(ctx, request,
error)`), or the response's own error_code. Anything else is a bug: one traceback, and UNKNOWN_SERVER_ERROR the same way.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from pykbroker.api.context import Context
from pykbroker.api.table import BY_KEY, Api
from pykbroker.errors import ApiError
from pykbroker.logs import get_logger
from pykbroker.server.connection import Answer, Connection, ProtocolError
from pykbroker.server.transport import Buffer
from wire.errors import ErrorCode, WireError

if TYPE_CHECKING:
    from pykbroker.broker import Broker

log = get_logger(__name__)

API_VERSIONS = 18
HEADER = struct.Struct(">hhih")  # key, version, correlation id, length of the client id
FRAME = struct.Struct(">ii")  # length, correlation id
FLEXIBLE_FRAME = struct.Struct(">iib")  # and no tagged fields


class Disconnect(ProtocolError):
    """A handler's way to close the connection without an answer (acks=0 and the append failed)."""


class Bound:
    """One (key, version), ready to serve."""

    __slots__ = ("api", "build", "cls", "flexible_answer", "flexible_header", "handle", "parse", "refuse")

    def __init__(self, api: Api, version: int) -> None:
        request, response = api.messages()
        self.api = api
        self.parse: Callable[[Buffer, int, int], tuple[Any, int]] = request.parser(version)
        self.build: Callable[[Any], list[Buffer]] = response.builder(version)
        if os.environ.get("PYKBROKER_WIRE_CHECK") == "1":
            self.parse, self.build = disagreement_closes(self.parse), disagreement_closes(self.build)
        self.cls: Any = response.cls
        self.handle = api.handler()
        self.refuse = self.handle.__globals__.get("refuse")
        self.flexible_header: bool = request.flexible_version(version)
        self.flexible_answer: bool = response.flexible_version(version) and api.key != API_VERSIONS


class Dispatcher:
    """The service behind all connections of one broker."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker
        self._bound: dict[tuple[int, int], Bound] = {}

    def serve(self, connection: Connection, buffer: Buffer, start: int, end: int) -> Any:
        """See `server.connection.Service`."""
        at = start + HEADER.size
        if at > end:
            raise ProtocolError(f"a request of {end - start} bytes is too short for a header")
        key, version, correlation_id, length = HEADER.unpack_from(buffer, start)
        bound = self._bound.get((key, version)) or self._bind(key, version)
        ctx = connection.context
        if ctx is None:
            ctx = connection.context = Context(self._broker, connection)
        connection.last_active_ms = self._broker.clock.monotonic_ms()
        try:
            if length > 0:
                ctx.client_id = str(buffer[at : at + length], "utf-8")
                at += length
                if at > end:
                    raise WireError(f"a client id of {length} bytes runs past the request")
            else:
                ctx.client_id = None if length < 0 else ""
            if bound is None:  # ApiVersions of a version that we do not know
                from pykbroker.api.handlers import api_versions

                return api_versions.unsupported(correlation_id)
            if bound.flexible_header:
                at = skip_tags(buffer, at, end)
            request, _ = bound.parse(buffer, at, end)
        except (WireError, UnicodeDecodeError, IndexError) as error:
            raise ProtocolError(f"{bound.api.name if bound else 'ApiVersions'} v{version}: {error}") from None
        ctx.version = version
        ctx.correlation_id = correlation_id
        try:
            response = bound.handle(ctx, request)
        except ProtocolError:
            raise
        except Exception as error:
            response = self._refused(bound, ctx, request, error)
        if response.__class__ is bound.cls:
            return answer(bound, correlation_id, response)
        return None if response is None else self._wait(bound, ctx, request, response)

    def closed(self, connection: Connection, reason: str | None) -> None:
        """One line for a peer that broke the protocol; a normal end only at debug level."""
        if reason is None:
            log.debug("%s disconnected", connection.peer)
        else:
            log.warning("closed the connection of %s: %s", connection.peer, reason)

    async def _wait(self, bound: Bound, ctx: Context, request: Any, waiting: Awaitable[Any]) -> Any:
        correlation_id = ctx.correlation_id
        try:
            response = await waiting
        except ProtocolError:
            raise
        except Exception as error:
            response = self._refused(bound, ctx, request, error)
        return None if response is None else answer(bound, correlation_id, response)

    def _bind(self, key: int, version: int) -> Bound | None:
        api = BY_KEY.get(key)
        if api is None:
            raise ProtocolError(f"it sent a request with the unknown API key {key} (version {version})")
        if not api.lowest <= version <= api.highest:
            if key == API_VERSIONS:
                return None
            raise ProtocolError(f"it sent {api.name} v{version}; served are {api.lowest} to {api.highest}")
        bound = self._bound[key, version] = Bound(api, version)
        return bound

    def _refused(self, bound: Bound, ctx: Context, request: Any, error: Exception) -> Any:
        """The answer to a request that failed as a whole."""
        if isinstance(error, OSError):
            log.error("%s v%d failed: %s", bound.api.name, ctx.version, error)
            refusal = ApiError(ErrorCode.KAFKA_STORAGE_ERROR, str(error))
        elif isinstance(error, ApiError):
            refusal = error
        else:
            log.error(
                "%s v%d from %s failed", bound.api.name, ctx.version, ctx.connection.peer, exc_info=error
            )
            refusal = ApiError(ErrorCode.UNKNOWN_SERVER_ERROR, "a bug in the broker; its log says more")
        if bound.refuse is not None:
            return bound.refuse(ctx, request, refusal)
        response = bound.cls()
        if not hasattr(response, "error_code"):
            raise ProtocolError(
                f"{bound.api.name} v{ctx.version} failed and its answer cannot say so: {refusal}"
            )
        response.error_code = int(refusal.code)
        if hasattr(response, "error_message"):
            response.error_message = refusal.message or refusal.code.meaning
        return response


def disagreement_closes(codec: Callable[..., Any]) -> Callable[..., Any]:
    """Under the debug switch (`wire.check`): where the two paths differ, one line says so, and the connection ends."""
    from wire.check import Disagreement

    def checked(*arguments: Any) -> Any:
        try:
            return codec(*arguments)
        except Disagreement as error:
            log.error("PYKBROKER_WIRE_CHECK: %s", error)
            raise ProtocolError(f"PYKBROKER_WIRE_CHECK found a bug of the broker: {error.where}") from None

    return checked


def answer(bound: Bound, correlation_id: int, response: Any) -> Answer:
    """The frame of an answer: length, response header (v1 has an empty tag section), body."""
    buffers = bound.build(response)
    size = 4
    for buffer in buffers:
        size += len(buffer)
    if bound.flexible_answer:
        return [FLEXIBLE_FRAME.pack(size + 1, correlation_id, 0), *buffers]
    return [FRAME.pack(size, correlation_id), *buffers]


def skip_tags(buffer: Buffer, at: int, end: int) -> int:
    """The position behind the tagged fields of a request header; none is known so far."""
    if at < end and buffer[at] == 0:
        return at + 1
    from wire.headers import skip_tagged_fields

    return skip_tagged_fields(buffer, at, end)
