"""What AlterConfigs and IncrementalAlterConfigs have in common: resources in, one code and message for each out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pykbroker.api.context import Context
from pykbroker.core.controller.duplicates import repeated
from pykbroker.core.controller.settings import Alteration, Resource
from pykbroker.errors import ApiError
from wire.errors import ErrorCode


async def alter(ctx: Context, wanted: Sequence[Alteration], validate_only: bool) -> list[ApiError | None]:
    """The outcome of each, in order."""
    twice = repeated((each.kind, each.name) for each in wanted)
    single = [each for each in wanted if (each.kind, each.name) not in twice]
    stored = [each for each in single if each.kind != Resource.BROKER_LOGGER or not each.incremental]
    outcome = await ctx.broker.controller.alter_configs(stored, validate_only)
    by_resource = {(each.kind, each.name): error for each, error in zip(stored, outcome, strict=True)}
    for each in single:
        if each.kind == Resource.BROKER_LOGGER and each.incremental:
            by_resource[each.kind, each.name] = _alter_loggers(ctx, each, validate_only)
    for resource in twice:
        by_resource[resource] = ApiError(ErrorCode.INVALID_REQUEST, "Each resource must appear at most once.")
    return [by_resource[each.kind, each.name] for each in wanted]


def _alter_loggers(ctx: Context, wanted: Alteration, validate_only: bool) -> ApiError | None:
    from pykbroker.server.broker_loggers import alter_levels

    try:
        alter_levels(wanted, ctx.broker.id, validate_only)
    except ApiError as error:
        return error
    return None


def results(group: Any, resources: Sequence[Any], outcome: Sequence[ApiError | None]) -> list[Any]:
    """group: the message's AlterConfigsResourceResponse."""
    return [
        group(error_message=None, resource_type=each.resource_type, resource_name=each.resource_name)
        if error is None
        else group(
            error_code=int(error.code),
            error_message=error.message or error.code.meaning,
            resource_type=each.resource_type,
            resource_name=each.resource_name,
        )
        for each, error in zip(resources, outcome, strict=True)
    ]
