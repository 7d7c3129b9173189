"""ElectLeaders (key 43): elect the preferred or any live replica as leader (KIP-183).

v1 says which kind of election (KIP-460), v2 is flexible.
"""

from __future__ import annotations

from wire.schema import Array, Field, Group, Int8, Int16, Int32, Message, String

TopicPartitions = Group(
    "TopicPartitions",
    [
        Field("topic", String),
        Field("partitions", Array(Int32)),
    ],
)

ElectLeadersRequest = Message(
    "ElectLeadersRequest",
    key=43,
    kind="request",
    versions="0-2",
    flexible="2+",
    fields=[
        # 0: the preferred replica, 1: any live one, even if out of sync (KIP-460)
        Field("election_type", Int8, "1+"),
        Field("topic_partitions", Array(TopicPartitions), nullable="0+"),  # null: all
        Field("timeout_ms", Int32, default=60000),
    ],
)

PartitionResult = Group(
    "PartitionResult",
    [
        Field("partition_id", Int32),
        Field("error_code", Int16),
        Field("error_message", String, nullable="0+"),
    ],
)

ReplicaElectionResult = Group(
    "ReplicaElectionResult",
    [
        Field("topic", String),
        Field("partition_result", Array(PartitionResult)),
    ],
)

ElectLeadersResponse = Message(
    "ElectLeadersResponse",
    key=43,
    kind="response",
    versions="0-2",
    flexible="2+",
    fields=[
        Field("throttle_time_ms", Int32),  # how long a quota makes the client wait
        Field("error_code", Int16, "1+"),
        Field("replica_election_results", Array(ReplicaElectionResult)),
    ],
)
