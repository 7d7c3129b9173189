"""Which broker of a cluster a request must go to, by what stands in it.

Partitions have leaders, groups and transactional ids have coordinators, the cluster has a controller; the rest may go
anywhere. A single broker is all of them, and nothing is looked up.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from conformance.cases import api_name
from conformance.messages import message_of

GROUP, TRANSACTION, SHARE = 0, 1, 2  # coordinator types of FindCoordinator

_BY_LEADER = {
    "Produce", "Fetch", "ListOffsets", "OffsetForLeaderEpoch", "DeleteRecords", "DescribeProducers",
    "ShareFetch", "ShareAcknowledge",
}  # fmt: skip
_BY_GROUP = {
    "OffsetCommit", "OffsetFetch", "JoinGroup", "Heartbeat", "LeaveGroup", "SyncGroup", "DescribeGroups", "DeleteGroups",
    "OffsetDelete", "TxnOffsetCommit", "ConsumerGroupHeartbeat", "ConsumerGroupDescribe", "ShareGroupHeartbeat",
    "ShareGroupDescribe", "StreamsGroupHeartbeat", "StreamsGroupDescribe", "DescribeShareGroupOffsets",
    "AlterShareGroupOffsets", "DeleteShareGroupOffsets",
}  # fmt: skip
_BY_TRANSACTION = {
    "InitProducerId", "AddPartitionsToTxn", "AddOffsetsToTxn", "EndTxn", "DescribeTransactions",
}  # fmt: skip
_BY_CONTROLLER = {
    "CreateTopics", "DeleteTopics", "CreatePartitions", "ElectLeaders", "AlterPartitionReassignments",
    "ListPartitionReassignments", "UpdateFeatures", "AlterPartition", "AllocateProducerIds", "UnregisterBroker",
    "CreateDelegationToken", "RenewDelegationToken", "ExpireDelegationToken",
    "AlterUserScramCredentials", "AlterClientQuotas",
}  # fmt: skip


class Leader(NamedTuple):
    """The leader of a partition. topic: a name or a topic id."""

    topic: str | bytes
    partition: int


class Coordinator(NamedTuple):
    """The coordinator of a key. kind: GROUP, TRANSACTION or SHARE."""

    key: str
    kind: int


class Controller(NamedTuple):
    """The cluster's controller."""


Place = Leader | Coordinator | Controller | None


def place_of(request: Any) -> Place:
    """Where the request belongs; None: anywhere, or it does not say."""
    api = api_name(message_of(request))
    if api in _BY_LEADER:
        return _first_partition(request)
    if api in _BY_GROUP:
        group = _group(request)
        return Coordinator(group, GROUP) if group else None
    if api in _BY_TRANSACTION:
        key = _transactional_id(request)
        return Coordinator(key, TRANSACTION) if key else None
    return Controller() if api in _BY_CONTROLLER else None


def _first_partition(request: Any) -> Leader | None:
    for topic in _first(request, "topic_data", "topics") or ():
        partition = 0
        for entry in _first(topic, "partition_data", "partitions", "partition_indexes") or ():
            partition = (
                entry
                if isinstance(entry, int)
                else _first(entry, "partition_index", "partition", "index") or 0
            )
            break
        key = _first(topic, "name", "topic", "topic_id")
        return Leader(key, partition) if key and any(key) else None
    return None


def _group(request: Any) -> str | None:
    if found := _first(request, "group_id"):
        return str(found)
    for group in _first(request, "groups", "group_ids", "groups_names") or ():
        return str(group if isinstance(group, str) else group.group_id)
    return None


def _transactional_id(request: Any) -> str | None:
    if found := _first(request, "transactional_id", "v3_and_below_transactional_id"):
        return str(found)
    for transaction in _first(request, "transactions", "transactional_ids") or ():
        return str(transaction if isinstance(transaction, str) else transaction.transactional_id)
    return None


def _first(obj: Any, *names: str) -> Any:
    """The first of these attributes that is there and not empty."""
    for name in names:
        if value := getattr(obj, name, None):
            return value
    return None
