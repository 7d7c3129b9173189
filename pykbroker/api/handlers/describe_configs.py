"""DescribeConfigs: the settings of topics (2), this broker (4), its loggers (8) and groups (32); each stands for itself.

A broker is described by itself alone; an empty name asks for what is set for all brokers. No keys, or null, asks for all.
A group need not exist to be described, as in Kafka: the answer says what it would have.

Versions: 0 says only whether a value is the default. 1+ source and synonyms (KIP-226). 3+ types and documentation (KIP-569).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from pykbroker.api.context import Context
from pykbroker.core.cluster.topics import invalid_topic_name
from pykbroker.core.cluster.znodes import sanitize
from pykbroker.core.controller.settings import Resource, check_broker_name
from pykbroker.errors import ApiError
from wire.errors import ErrorCode
from wire.messages.describe_configs import (
    DescribeConfigsResourceResult,
    DescribeConfigsResponse,
    DescribeConfigsResult,
    DescribeConfigsSynonym,
)

if TYPE_CHECKING:
    from pykbroker.config.described import Described

DYNAMIC_BROKER_LOGGER = 6  # ConfigSource
DEFAULT = 5


def handle(ctx: Context, request: Any) -> Any:
    results = []
    for resource in request.resources:
        try:
            configs = _describe(ctx, resource, request)
        except ApiError as error:
            results.append(_refused(resource, error))
        else:
            results.append(
                DescribeConfigsResult(
                    error_message=None,
                    resource_type=resource.resource_type,
                    resource_name=resource.resource_name,
                    configs=configs,
                )
            )
    return DescribeConfigsResponse(results=results)


def refuse(ctx: Context, request: Any, error: ApiError) -> Any:
    """The answer to a request that failed as a whole."""
    return DescribeConfigsResponse(results=[_refused(resource, error) for resource in request.resources])


def _refused(resource: Any, error: ApiError) -> Any:
    return DescribeConfigsResult(
        error_code=int(error.code),
        error_message=error.message or error.code.meaning,
        resource_type=resource.resource_type,
        resource_name=resource.resource_name,
    )


def _describe(ctx: Context, resource: Any, request: Any) -> list[Any]:
    """Raises: INVALID_REQUEST, INVALID_TOPIC_EXCEPTION, UNKNOWN_TOPIC_OR_PARTITION."""
    kind, name, keys = resource.resource_type, resource.resource_name, resource.configuration_keys
    if kind == Resource.TOPIC:
        rows = _topic(ctx, name, keys)
    elif kind == Resource.BROKER:
        rows = _broker(ctx, name, keys)
    elif kind == Resource.GROUP:
        rows = _group(ctx, name, keys)
    elif kind == Resource.BROKER_LOGGER:
        return _loggers(ctx, name, keys)
    else:
        raise ApiError(
            ErrorCode.INVALID_REQUEST,
            f"Unsupported resource type {kind}; described are 2 topics, 4 brokers, 8 broker loggers, 32 groups.",
        )
    return [_row(each, request.include_synonyms, request.include_documentation) for each in rows]


def _topic(ctx: Context, name: str, keys: Sequence[str] | None) -> Iterable[Described]:
    from pykbroker.config.topic import describe_topic

    invalid = invalid_topic_name(name)
    if invalid is not None:
        raise ApiError(ErrorCode.INVALID_TOPIC_EXCEPTION, invalid)
    topic = ctx.broker.metadata.image.topics.get(name)
    if topic is None:
        raise ApiError(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, f"The topic '{name}' does not exist.")
    return describe_topic(ctx.broker.config, topic.config, keys)


def _broker(ctx: Context, name: str, keys: Sequence[str] | None) -> Iterable[Described]:
    if not name:
        return ctx.broker.config.describe_default(keys)
    check_broker_name(name, ctx.broker.id)
    return ctx.broker.config.describe(keys)


def _group(ctx: Context, name: str, keys: Sequence[str] | None) -> Iterable[Described]:
    from pykbroker.config.group import describe_group

    if not name:
        raise ApiError(ErrorCode.INVALID_REQUEST, "Group name must not be empty")
    overrides = ctx.broker.metadata.image.config(f"groups/{sanitize(name)}")
    return describe_group(ctx.broker.config, overrides, keys)


def _loggers(ctx: Context, name: str, keys: Sequence[str] | None) -> list[Any]:
    from pykbroker.server.broker_loggers import levels

    if not name:
        raise ApiError(ErrorCode.INVALID_REQUEST, "Broker id must not be empty")
    check_broker_name(name, ctx.broker.id)
    wanted = set(keys or ())
    return [
        DescribeConfigsResourceResult(
            name=logger, value=level, config_source=DYNAMIC_BROKER_LOGGER, documentation=None
        )
        for logger, level in levels().items()
        if not wanted or logger in wanted
    ]


def _row(row: Described, with_synonyms: bool, with_documentation: bool) -> Any:
    result = DescribeConfigsResourceResult(
        name=row.name,
        value=row.value,
        read_only=row.read_only,
        is_default=row.source == DEFAULT,
        config_source=int(row.source),
        is_sensitive=row.sensitive,
        config_type=row.type_code,
        documentation=row.doc if with_documentation else None,
    )
    if with_synonyms:
        result.synonyms = [
            DescribeConfigsSynonym(name=each.name, value=each.value, source=int(each.source))
            for each in row.synonyms
        ]
    return result
