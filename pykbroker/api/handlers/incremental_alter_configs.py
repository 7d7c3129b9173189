"""IncrementalAlterConfigs: changes single keys of a resource (KIP-339): set, delete, append to a list, subtract from it.

Resources: topics (2), this broker or with an empty name all brokers (4), the loggers of this broker (8, KIP-412: not kept
over a restart), groups (32).
"""

from __future__ import annotations

from typing import Any

from pykbroker.api import config_requests
from pykbroker.api.context import Context
from pykbroker.core.controller.config_changes import ConfigChange
from pykbroker.core.controller.settings import Alteration
from pykbroker.errors import ApiError
from wire.messages.incremental_alter_configs import (
    AlterConfigsResourceResponse,
    IncrementalAlterConfigsResponse,
)


async def handle(ctx: Context, request: Any) -> Any:
    wanted = [
        Alteration(
            each.resource_type,
            each.resource_name,
            [ConfigChange(config.name, config.config_operation, config.value) for config in each.configs],
            incremental=True,
        )
        for each in request.resources
    ]
    outcome = await config_requests.alter(ctx, wanted, request.validate_only)
    return _answer(request, outcome)


def refuse(ctx: Context, request: Any, error: ApiError) -> Any:
    """The answer to a request that failed as a whole."""
    return _answer(request, [error] * len(request.resources))


def _answer(request: Any, outcome: list[ApiError | None] | list[ApiError]) -> Any:
    return IncrementalAlterConfigsResponse(
        responses=config_requests.results(AlterConfigsResourceResponse, request.resources, outcome)
    )
