"""AddPartitionsToTxn (key 24): partitions become part of a transaction (KIP-98).

v2 PRODUCER_FENCED, v3 flexible, v4 several transactions at once, from brokers only (KIP-890), v5 TRANSACTION_ABORTABLE.
"""

from __future__ import annotations

from wire.schema import Array, Bool, Field, Group, Int16, Int32, Int64, Message, String

AddPartitionsToTxnTopic = Group(
    "AddPartitionsToTxnTopic",
    [
        Field("name", String),
        Field("partitions", Array(Int32)),
    ],
)

AddPartitionsToTxnTransaction = Group(
    "AddPartitionsToTxnTransaction",
    [
        Field("transactional_id", String),
        Field("producer_id", Int64),
        Field("producer_epoch", Int16),
        Field("verify_only", Bool),  # only ask whether the partitions are part of it
        Field("topics", Array(AddPartitionsToTxnTopic)),
    ],
)

AddPartitionsToTxnRequest = Message(
    "AddPartitionsToTxnRequest",
    key=24,
    kind="request",
    versions="0-5",
    flexible="3+",
    fields=[
        Field("v3_and_below_transactional_id", String, "0-3"),
        Field("v3_and_below_producer_id", Int64, "0-3"),
        Field("v3_and_below_producer_epoch", Int16, "0-3"),
        Field("v3_and_below_topics", Array(AddPartitionsToTxnTopic), "0-3"),
        # several at once, from brokers (KIP-890)
        Field("transactions", Array(AddPartitionsToTxnTransaction), "4+"),
    ],
)

AddPartitionsToTxnPartitionResult = Group(
    "AddPartitionsToTxnPartitionResult",
    [
        Field("partition_index", Int32),
        Field("partition_error_code", Int16),
    ],
)

AddPartitionsToTxnTopicResult = Group(
    "AddPartitionsToTxnTopicResult",
    [
        Field("name", String),
        Field("results_by_partition", Array(AddPartitionsToTxnPartitionResult)),
    ],
)

AddPartitionsToTxnResult = Group(
    "AddPartitionsToTxnResult",
    [
        Field("transactional_id", String),
        Field("topic_results", Array(AddPartitionsToTxnTopicResult)),
    ],
)

AddPartitionsToTxnResponse = Message(
    "AddPartitionsToTxnResponse",
    key=24,
    kind="response",
    versions="0-5",
    flexible="3+",
    fields=[
        Field("throttle_time_ms", Int32),  # how long a quota makes the client wait
        Field("results_by_topic_v3_and_below", Array(AddPartitionsToTxnTopicResult), "0-3"),
        Field("error_code", Int16, "4+"),
        Field("results_by_transaction", Array(AddPartitionsToTxnResult), "4+"),
    ],
)
