"""Metadata: where the brokers are, which topics there are, who leads their partitions.

It answers from one image and waits for nothing, unless a named topic is missing and may be created: then it is created
first and stands whole in this very answer (Kafka answers LEADER_NOT_AVAILABLE or UNKNOWN_TOPIC_OR_PARTITION and lets the
client ask again, which works here too).

What is built for a topic is kept with the image, since clients ask the same again and again.

Versions: 0 knows no null, an empty list is all topics, and unavailable replicas are an error; 1+ null is all, empty is none.
4+ allow_auto_topic_creation. 5+ offline replicas. 6+ LISTENER_NOT_FOUND (KIP-302: told apart from LEADER_NOT_AVAILABLE).
7+ leader epochs. 8+ authorized operations (KIP-430); 8-10 of the cluster too. 10+ topic ids (KIP-516), 12+ also to ask by.
13+ an error code of the whole answer (KIP-1102).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pykbroker.api.context import Context
from pykbroker.api.operations import CLUSTER_OPERATIONS, TOPIC_OPERATIONS
from pykbroker.core.cluster.image import ClusterImage, TopicImage
from pykbroker.core.cluster.topics import invalid_topic_name, is_internal
from pykbroker.errors import ApiError
from wire.errors import ErrorCode
from wire.messages.metadata import (
    MetadataResponse,
    MetadataResponseBroker,
    MetadataResponsePartition,
    MetadataResponseTopic,
)

ZERO_ID = bytes(16)
NO_LEADER = -1


def handle(ctx: Context, request: Any) -> Any:
    metadata = ctx.broker.metadata
    image: ClusterImage = metadata.image
    asked = request.topics
    if asked is None or (ctx.version == 0 and not asked):
        return _answer(ctx, request, image, image.topics.values(), ())
    topics: list[TopicImage] = []
    errors: list[Any] = []
    missing: list[str] = []
    for name, topic_id in _wanted(ctx, asked):
        if topic_id == ZERO_ID:
            topic = image.topics.get(name)
            if topic is None:
                missing.append(name)
                continue
        else:
            topic = image.topic_by_id(topic_id)
            if topic is None:
                errors.append(_error(ErrorCode.UNKNOWN_TOPIC_ID, None, topic_id))
                continue
        topics.append(topic)
    if not missing:
        return _answer(ctx, request, image, topics, errors)
    if request.allow_auto_topic_creation and ctx.broker.config.boolean("auto.create.topics.enable"):
        return _create(ctx, request, topics, errors, missing)
    errors.extend(_error(_missing_code(name), name) for name in missing)
    return _answer(ctx, request, image, topics, errors)


def refuse(ctx: Context, request: Any, error: ApiError) -> Any:
    """The answer to a request that failed as a whole: below version 13 only topics carry a code."""
    asked = request.topics or ()
    topics = [
        _error(error.code, each.name if ctx.version >= 12 else each.name or "", each.topic_id)
        for each in asked
    ]
    return MetadataResponse(topics=topics, error_code=int(error.code))


def _wanted(ctx: Context, asked: Iterable[Any]) -> Iterable[tuple[str, bytes]]:
    """(name, id) of each topic asked for, once each. Raises: INVALID_REQUEST."""
    wanted: dict[tuple[str, bytes], None] = {}
    for each in asked:
        name, topic_id = each.name, each.topic_id
        if ctx.version < 12:
            if name is None:
                raise ApiError(
                    ErrorCode.INVALID_REQUEST, f"Topic name can not be null for version {ctx.version}"
                )
            if topic_id != ZERO_ID:
                raise ApiError(
                    ErrorCode.INVALID_REQUEST,
                    f"Topic IDs are not supported in requests for version {ctx.version}; ask with version 12 or later.",
                )
        elif name is None and topic_id == ZERO_ID:
            raise ApiError(ErrorCode.INVALID_REQUEST, "Neither topic name nor topic id was specified.")
        wanted[name or "", topic_id] = None
    return wanted


async def _create(
    ctx: Context, request: Any, topics: list[TopicImage], errors: list[Any], missing: list[str]
) -> Any:
    refused = await ctx.broker.controller.auto_create(missing)
    image: ClusterImage = ctx.broker.metadata.image
    for name in missing:
        topic = image.topics.get(name)
        if topic is not None:
            topics.append(topic)
        else:
            errors.append(_error(refused.get(name, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION), name))
    return _answer(ctx, request, image, topics, errors)


def _missing_code(name: str) -> ErrorCode:
    if invalid_topic_name(name) is not None:
        return ErrorCode.INVALID_TOPIC_EXCEPTION
    return ErrorCode.UNKNOWN_TOPIC_OR_PARTITION


def _error(code: ErrorCode, name: str | None, topic_id: bytes = ZERO_ID) -> Any:
    return MetadataResponseTopic(
        error_code=int(code), name=name, topic_id=topic_id, is_internal=name is not None and is_internal(name)
    )


def _answer(
    ctx: Context, request: Any, image: ClusterImage, topics: Iterable[TopicImage], errors: Iterable[Any]
) -> Any:
    brokers = []
    for broker in image.brokers.values():
        endpoint = ctx.endpoint(broker.id)
        if endpoint is not None:
            brokers.append(
                MetadataResponseBroker(
                    node_id=broker.id, host=endpoint[0], port=endpoint[1], rack=broker.rack
                )
            )
    variant = (frozenset([each.node_id for each in brokers]), ctx.version == 0, ctx.version >= 6)
    parts = ctx.broker.metadata.parts
    built = []
    for topic in topics:
        key = (topic.name, variant)
        part = parts.get(key)
        if part is None or part[0] is not topic:
            part = parts[key] = (topic, _topic(image, topic, *variant))
        built.append(part[1])
    built.extend(errors)
    response = MetadataResponse(
        brokers=brokers, cluster_id=image.cluster_id, controller_id=image.controller_id, topics=built
    )
    if request.include_topic_authorized_operations:
        response.topics = [_with_operations(topic) for topic in built]
    if request.include_cluster_authorized_operations:
        response.cluster_authorized_operations = CLUSTER_OPERATIONS
    return response


def _with_operations(topic: Any) -> Any:
    """A copy: the built part is shared with answers that were not asked for the operations."""
    if topic.name is None:  # an unknown id
        return topic
    return MetadataResponseTopic(
        error_code=topic.error_code,
        name=topic.name,
        topic_id=topic.topic_id,
        is_internal=topic.is_internal,
        partitions=topic.partitions,
        topic_authorized_operations=TOPIC_OPERATIONS,
    )


def _topic(
    image: ClusterImage, topic: TopicImage, reachable: frozenset[int], version_0: bool, tells_listener: bool
) -> Any:
    """One topic as this client may see it. reachable: brokers that have the client's listener."""
    partitions = []
    for each in topic.partitions:
        replicas, isr, leader, code = each.replicas, each.isr, each.leader, ErrorCode.NONE
        if leader not in reachable:
            missing_listener = tells_listener and leader in image.brokers
            code = ErrorCode.LISTENER_NOT_FOUND if missing_listener else ErrorCode.LEADER_NOT_AVAILABLE
            leader = NO_LEADER
        if version_0:
            live = tuple(broker for broker in replicas if broker in reachable)
            if len(live) < len(replicas) and code is ErrorCode.NONE:
                code = ErrorCode.REPLICA_NOT_AVAILABLE
            replicas, isr = live, tuple(broker for broker in isr if broker in reachable)
        partitions.append(
            MetadataResponsePartition(
                error_code=int(code),
                partition_index=each.index,
                leader_id=leader,
                leader_epoch=each.leader_epoch,
                replica_nodes=replicas,
                isr_nodes=isr,
                offline_replicas=[broker for broker in each.replicas if broker not in image.brokers],
            )
        )
    return MetadataResponseTopic(
        name=topic.name, topic_id=topic.topic_id, is_internal=is_internal(topic.name), partitions=partitions
    )
