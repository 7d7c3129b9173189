"""DescribeCluster: the brokers, the controller and the cluster's id (KIP-700).

Every registered broker is alive and none is fenced: a registration goes with its broker's session.

Versions: 1+ endpoint_type: this is an endpoint of brokers, not of controllers (KIP-919). 2+ fenced brokers (KIP-1073).
"""

from __future__ import annotations

from typing import Any

from pykbroker.api.context import Context
from pykbroker.api.operations import CLUSTER_OPERATIONS
from pykbroker.errors import ApiError
from wire.errors import ErrorCode
from wire.messages.describe_cluster import DescribeClusterBroker, DescribeClusterResponse

BROKERS = 1
CONTROLLERS = 2


def handle(ctx: Context, request: Any) -> Any:
    if request.endpoint_type != BROKERS:
        raise _wrong_endpoint(ctx.version, request.endpoint_type)
    image = ctx.broker.metadata.image
    brokers = []
    for broker in image.brokers.values():
        endpoint = ctx.endpoint(broker.id)
        if endpoint is not None:
            brokers.append(
                DescribeClusterBroker(
                    broker_id=broker.id, host=endpoint[0], port=endpoint[1], rack=broker.rack
                )
            )
    reachable = any(each.broker_id == image.controller_id for each in brokers)
    response = DescribeClusterResponse(
        cluster_id=image.cluster_id, controller_id=image.controller_id if reachable else -1, brokers=brokers
    )
    if request.include_cluster_authorized_operations:
        response.cluster_authorized_operations = CLUSTER_OPERATIONS
    return response


def _wrong_endpoint(version: int, endpoint_type: int) -> ApiError:
    if endpoint_type == CONTROLLERS:
        code, message = (
            ErrorCode.MISMATCHED_ENDPOINT_TYPE,
            "The request was sent to an endpoint of type BROKER, but we wanted an endpoint of type CONTROLLER. Ask for type"
            " 1: there is no controller of its own here.",
        )
    else:
        code, message = (
            ErrorCode.UNSUPPORTED_ENDPOINT_TYPE,
            f"Unsupported endpoint type {endpoint_type}; ask for type 1, brokers.",
        )
    return ApiError(ErrorCode.INVALID_REQUEST if version == 0 else code, message)
