"""AlterConfigs: replaces all that is set on a resource (KIP-133); what the request leaves out goes back to its default.

Deprecated for IncrementalAlterConfigs, and the reason is this: two clients that each set one key undo each other's change.
"""

from __future__ import annotations

from typing import Any

from pykbroker.api import config_requests
from pykbroker.api.context import Context
from pykbroker.core.controller.config_changes import ConfigChange, Operation
from pykbroker.core.controller.settings import Alteration
from pykbroker.errors import ApiError
from wire.messages.alter_configs import AlterConfigsResourceResponse, AlterConfigsResponse


async def handle(ctx: Context, request: Any) -> Any:
    wanted = [
        Alteration(
            each.resource_type,
            each.resource_name,
            [ConfigChange(config.name, Operation.SET, config.value) for config in each.configs],
            incremental=False,
        )
        for each in request.resources
    ]
    outcome = await config_requests.alter(ctx, wanted, request.validate_only)
    return _answer(request, outcome)


def refuse(ctx: Context, request: Any, error: ApiError) -> Any:
    """The answer to a request that failed as a whole."""
    return _answer(request, [error] * len(request.resources))


def _answer(request: Any, outcome: list[ApiError | None] | list[ApiError]) -> Any:
    return AlterConfigsResponse(
        responses=config_requests.results(AlterConfigsResourceResponse, request.resources, outcome)
    )
