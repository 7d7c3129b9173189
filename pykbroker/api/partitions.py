"""Where an error of one partition becomes its code; the rest of the request goes on.

A handler that serves partition by partition catches `FAILURES` around each, and nothing else: any other exception is a bug
and belongs to the dispatcher.
"""

from __future__ import annotations

from typing import Any

from pykbroker.api.context import Context
from pykbroker.errors import ApiError
from wire.errors import ErrorCode

FAILURES = (ApiError, OSError)

NO_TRANSACTIONS = (
    "transactions are not served by this broker yet: configure the producer without a transactional.id"
)


def code_of(error: ApiError | OSError) -> ErrorCode:
    """KAFKA_STORAGE_ERROR for whatever the disk says."""
    return error.code if isinstance(error, ApiError) else ErrorCode.KAFKA_STORAGE_ERROR


def message_of(error: ApiError | OSError) -> str:
    """Cause and fix for a person; no path of this machine."""
    if isinstance(error, ApiError):
        return error.message or error.code.meaning
    return f"the log could not be used: {error.strerror or 'I/O error'}"


def current_leader(ctx: Context, topic: str | None, index: int) -> tuple[int, int]:
    """(leader, leader epoch) as the image has them, (-1, -1) if it knows neither (KIP-951)."""
    image = None if topic is None else ctx.broker.metadata.image.partition(topic, index)
    return (-1, -1) if image is None else (image.leader, image.leader_epoch)


def node_endpoints(ctx: Context, leaders: set[int], node_endpoint: Any) -> list[Any]:
    """The message's NodeEndpoint of every leader that an answer refers to (KIP-951)."""
    found = []
    for leader in sorted(leaders):
        address = ctx.endpoint(leader) if leader >= 0 else None
        if address is not None:
            broker = ctx.broker.metadata.image.brokers.get(leader)
            rack = None if broker is None else broker.rack
            found.append(node_endpoint(node_id=leader, host=address[0], port=address[1], rack=rack))
    return found
