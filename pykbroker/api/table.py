"""What is served: one row per API. ApiVersions, docs/protocol.md and the house tests read this table and nothing else.

A version stands here only with its whole meaning. Message and handler modules have the row's name and are imported at the
first request for it, so that a start costs nothing for what nobody asks.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any


@dataclass(frozen=True, slots=True)
class Api:
    """One API key, served in the versions `lowest` to `highest`.

    module: name of the modules in wire.messages and pykbroker.api.handlers.
    """

    key: int
    name: str
    lowest: int
    highest: int

    @property
    def module(self) -> str:
        return "".join("_" + c.lower() if c.isupper() else c for c in self.name).lstrip("_")

    def messages(self) -> tuple[Any, Any]:
        """The request's and the response's Message."""
        module = import_module(f"wire.messages.{self.module}")
        return getattr(module, self.name + "Request"), getattr(module, self.name + "Response")

    def handler(self) -> Callable[..., Any]:
        """`handle(ctx, request)` of the row's handler module."""
        handle: Callable[..., Any] = import_module(f"pykbroker.api.handlers.{self.module}").handle
        return handle


APIS = (
    Api(0, "Produce", 0, 13),
    Api(1, "Fetch", 0, 18),
    Api(2, "ListOffsets", 0, 11),
    Api(3, "Metadata", 0, 13),
    Api(8, "OffsetCommit", 0, 10),
    Api(9, "OffsetFetch", 0, 10),
    Api(10, "FindCoordinator", 0, 6),
    Api(11, "JoinGroup", 0, 9),
    Api(12, "Heartbeat", 0, 4),
    Api(13, "LeaveGroup", 0, 5),
    Api(14, "SyncGroup", 0, 5),
    Api(15, "DescribeGroups", 0, 6),
    Api(16, "ListGroups", 0, 5),
    Api(18, "ApiVersions", 0, 4),
    Api(19, "CreateTopics", 0, 7),
    Api(20, "DeleteTopics", 0, 6),
    Api(21, "DeleteRecords", 0, 2),
    Api(22, "InitProducerId", 0, 5),
    Api(23, "OffsetForLeaderEpoch", 0, 4),
    Api(32, "DescribeConfigs", 0, 4),
    Api(33, "AlterConfigs", 0, 2),
    Api(37, "CreatePartitions", 0, 3),
    Api(42, "DeleteGroups", 0, 2),
    Api(44, "IncrementalAlterConfigs", 0, 1),
    Api(47, "OffsetDelete", 0, 0),
    Api(60, "DescribeCluster", 0, 2),
)

BY_KEY = {api.key: api for api in APIS}
