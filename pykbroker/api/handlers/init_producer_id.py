"""InitProducerId: an id of its own for an idempotent producer, at epoch 0.

An idempotent producer raises its epoch by itself; one that names an id and epoch (version 3) gets a new id all the
same, as from Kafka: only transactions hold on to them. A transactional id is refused for good, not for now: see
NO_TRANSACTIONS.

Versions: 3 producer id and epoch in the request (KIP-360). 4 and 5 add error codes of transactions (KIP-588, KIP-890).
"""

from __future__ import annotations

from typing import Any

from pykbroker.api.context import Context
from pykbroker.api.partitions import NO_TRANSACTIONS
from pykbroker.errors import ApiError
from wire.errors import ErrorCode
from wire.messages.init_producer_id import InitProducerIdResponse


def handle(ctx: Context, request: Any) -> Any:
    if request.transactional_id is not None:
        raise ApiError(ErrorCode.INVALID_REQUEST, NO_TRANSACTIONS)
    if (request.producer_id == -1) != (request.producer_epoch == -1):
        raise ApiError(ErrorCode.INVALID_REQUEST, "producer id and epoch come together or not at all")
    producer_id = ctx.broker.producer_ids.take()
    if producer_id is None:
        return wait(ctx)
    return InitProducerIdResponse(producer_id=producer_id, producer_epoch=0)


async def wait(ctx: Context) -> Any:
    """A new block of ids is due."""
    return InitProducerIdResponse(producer_id=await ctx.broker.producer_ids.next(), producer_epoch=0)


def refuse(ctx: Context, request: Any, error: ApiError) -> Any:
    """The answer to a request that failed; it has no field for the message, which the log gets instead."""
    return InitProducerIdResponse(error_code=int(error.code), producer_id=-1, producer_epoch=-1)
