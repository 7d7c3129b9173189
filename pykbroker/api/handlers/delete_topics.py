"""DeleteTopics: removes topics with their records and settings, by name or by id; each stands for itself.

The brokers' own topics can be deleted like any other, as in Kafka; they are made anew when they are needed.

Versions: 3+ TOPIC_DELETION_DISABLED, before that INVALID_REQUEST. 5+ messages. 6+ by id too (KIP-516).
"""

from __future__ import annotations

from typing import Any, NamedTuple

from pykbroker.api.context import Context
from pykbroker.core.cluster.image import ClusterImage
from pykbroker.core.controller.duplicates import repeated
from pykbroker.errors import ApiError
from wire.errors import ErrorCode
from wire.messages.delete_topics import DeletableTopicResult, DeleteTopicsResponse

ZERO_ID = bytes(16)
Wanted = tuple[str | None, bytes]  # name, id


class Refusal(NamedTuple):
    """shown: name and id in the answer."""

    shown: Wanted
    error: ApiError


async def handle(ctx: Context, request: Any) -> Any:
    wanted = _wanted(request)
    if not ctx.broker.config.boolean("delete.topic.enable"):
        return _all_refused(wanted, _disabled(ctx.version))
    image: ClusterImage = ctx.broker.metadata.image
    refused = _check(image, wanted)
    names: dict[str, Wanted] = {}
    for each in dict.fromkeys(wanted):
        if each not in refused:
            name, topic_id = each
            names[image.topic_names[topic_id] if name is None else name] = each
    outcome = await ctx.broker.controller.delete_topics(list(names))
    results = [_result(*refusal) for refusal in dict.fromkeys(refused.values())]
    for name, error in zip(names, outcome, strict=True):
        topic = image.topics.get(name)
        results.append(_result((name, ZERO_ID if topic is None else topic.topic_id), error))
    return DeleteTopicsResponse(responses=results)


def refuse(ctx: Context, request: Any, error: ApiError) -> Any:
    """The answer to a request that failed as a whole."""
    return _all_refused(_wanted(request), error)


def _wanted(request: Any) -> list[Wanted]:
    return [(name, ZERO_ID) for name in request.topic_names] + [
        (each.name, each.topic_id) for each in request.topics
    ]


def _check(image: ClusterImage, wanted: list[Wanted]) -> dict[Wanted, Refusal]:
    """Those that cannot be deleted as they are asked for; one asked for by name and by id is answered once."""
    refused: dict[Wanted, Refusal] = {}
    asked_by: dict[str, Wanted] = {}
    twice = repeated(wanted)
    for each in dict.fromkeys(wanted):
        name, topic_id = each
        known = image.topic_names.get(topic_id) if name is None else name
        if name is None and topic_id == ZERO_ID:
            error = _invalid("Neither topic name nor id were specified.")
        elif name is not None and topic_id != ZERO_ID:
            error = _invalid("You may not specify both topic name and topic id.")
        elif known is None:
            error = ApiError(ErrorCode.UNKNOWN_TOPIC_ID, "There is no topic with this id.")
        elif known in asked_by:
            before = asked_by[known]
            error = _invalid("The provided topic name maps to an ID that was already supplied.")
            refused[each] = refused[before] = Refusal((known, max(topic_id, before[1])), error)
            continue
        else:
            asked_by[known] = each
            if each not in twice:
                continue
            error = _invalid(f"Duplicate topic {'name' if name is not None else 'id'}.")
        refused[each] = Refusal(each, error)
    return refused


def _invalid(message: str) -> ApiError:
    return ApiError(ErrorCode.INVALID_REQUEST, message)


def _disabled(version: int) -> ApiError:
    code = ErrorCode.INVALID_REQUEST if version < 3 else ErrorCode.TOPIC_DELETION_DISABLED
    return ApiError(code, "Topic deletion is disabled: start the broker with delete.topic.enable=true.")


def _all_refused(wanted: list[Wanted], error: ApiError) -> Any:
    return DeleteTopicsResponse(responses=[_result(each, error) for each in dict.fromkeys(wanted)])


def _result(wanted: Wanted, error: ApiError | None) -> Any:
    result = DeletableTopicResult(name=wanted[0], topic_id=wanted[1])
    if error is not None:
        result.error_code = int(error.code)
        result.error_message = error.message or error.code.meaning
    return result
