"""CreatePartitions: gives topics more partitions (KIP-195); each topic stands for itself.

`count` is how many there shall be in all. As with CreateTopics, an answered partition is there, and timeout_ms needs no
thought.
"""

from __future__ import annotations

from typing import Any

from pykbroker.api.context import Context
from pykbroker.core.controller.creation import NewPartitions
from pykbroker.core.controller.duplicates import repeated
from pykbroker.errors import ApiError
from wire.errors import ErrorCode
from wire.messages.create_partitions import CreatePartitionsResponse, CreatePartitionsTopicResult


async def handle(ctx: Context, request: Any) -> Any:
    twice = repeated(topic.name for topic in request.topics)
    wanted = [_new_partitions(topic) for topic in request.topics if topic.name not in twice]
    outcome = await ctx.broker.controller.create_partitions(wanted, request.validate_only)
    results = [
        _result(topic.name, result if isinstance(result, ApiError) else None)
        for topic, result in zip(wanted, outcome, strict=True)
    ]
    duplicate = ApiError(
        ErrorCode.INVALID_REQUEST, "Duplicate topic name: name each topic once in a request."
    )
    results.extend(_result(name, duplicate) for name in sorted(twice))
    return CreatePartitionsResponse(results=results)


def refuse(ctx: Context, request: Any, error: ApiError) -> Any:
    """The answer to a request that failed as a whole."""
    names = dict.fromkeys(topic.name for topic in request.topics)
    return CreatePartitionsResponse(results=[_result(name, error) for name in names])


def _new_partitions(topic: Any) -> NewPartitions:
    assignments = topic.assignments
    return NewPartitions(
        topic.name,
        topic.count,
        None if assignments is None else [tuple(each.broker_ids) for each in assignments],
    )


def _result(name: str, error: ApiError | None) -> Any:
    if error is None:
        return CreatePartitionsTopicResult(name=name)
    return CreatePartitionsTopicResult(
        name=name, error_code=int(error.code), error_message=error.message or error.code.meaning
    )
