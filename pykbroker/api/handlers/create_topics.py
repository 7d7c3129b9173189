"""CreateTopics: makes topics; each stands for itself. When it is answered, they are there and can be written to.

`timeout_ms` needs no thought: Kafka waits that long for its brokers to hear of the topics, and here they have heard.

Versions: 1+ validate_only and messages. 4+ -1 for the broker's defaults (KIP-464; taken from older ones too, as Kafka does).
5+ the answer describes the topic: partitions, replicas, settings (KIP-525). 7+ its id (KIP-516).
"""

from __future__ import annotations

from typing import Any

from pykbroker.api.context import Context
from pykbroker.core.cluster.image import TopicImage
from pykbroker.core.controller.creation import NewTopic
from pykbroker.core.controller.duplicates import repeated
from pykbroker.errors import ApiError
from wire.errors import ErrorCode
from wire.messages.create_topics import CreatableTopicConfigs, CreatableTopicResult, CreateTopicsResponse


async def handle(ctx: Context, request: Any) -> Any:
    twice = repeated(topic.name for topic in request.topics)
    wanted = [_new_topic(topic) for topic in request.topics if topic.name not in twice]
    made = await ctx.broker.controller.create_topics(wanted, request.validate_only)
    described: dict[tuple[tuple[str, str], ...], list[Any]] = {}
    results = []
    for topic, result in zip(wanted, made, strict=True):
        if isinstance(result, TopicImage):
            results.append(_created(ctx, result, request.validate_only, described))
        else:
            results.append(_refused(topic.name, result))
    duplicate = ApiError(
        ErrorCode.INVALID_REQUEST, "Duplicate topic name: name each topic once in a request."
    )
    results.extend(_refused(name, duplicate) for name in sorted(twice))
    return CreateTopicsResponse(topics=results)


def refuse(ctx: Context, request: Any, error: ApiError) -> Any:
    """The answer to a request that failed as a whole."""
    names = dict.fromkeys(topic.name for topic in request.topics)
    return CreateTopicsResponse(topics=[_refused(name, error) for name in names])


def _new_topic(topic: Any) -> NewTopic:
    return NewTopic(
        topic.name,
        topic.num_partitions,
        topic.replication_factor,
        [(each.partition_index, tuple(each.broker_ids)) for each in topic.assignments],
        {each.name: each.value for each in topic.configs},
    )


def _created(
    ctx: Context,
    topic: TopicImage,
    only_validated: bool,
    described: dict[tuple[tuple[str, str], ...], list[Any]],
) -> Any:
    """described: settings built for this answer already, by what is set on the topic; most topics share them."""
    result = CreatableTopicResult(name=topic.name, error_message=None)
    if ctx.version < 5:
        return result
    if not only_validated:  # otherwise nothing has that id
        result.topic_id = topic.topic_id
    result.num_partitions = len(topic.partitions)
    result.replication_factor = len(topic.partitions[0].replicas)
    overrides = tuple(sorted(topic.config.items()))
    if overrides not in described:
        described[overrides] = _settings(ctx, topic)
    result.configs = described[overrides]
    return result


def _settings(ctx: Context, topic: TopicImage) -> list[Any]:
    from pykbroker.config.topic import describe_topic

    return [
        CreatableTopicConfigs(
            name=each.name,
            value=each.value,
            read_only=each.read_only,
            config_source=int(each.source),
            is_sensitive=each.sensitive,
        )
        for each in describe_topic(ctx.broker.config, topic.config)
    ]


def _refused(name: str, error: ApiError) -> Any:
    return CreatableTopicResult(
        name=name, error_code=int(error.code), error_message=error.message or error.code.meaning
    )
