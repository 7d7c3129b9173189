"""DescribeTransactions (key 65): state of transactional ids (KIP-664)."""

from __future__ import annotations

from wire.schema import Array, Field, Group, Int16, Int32, Int64, Message, String

DescribeTransactionsRequest = Message(
    "DescribeTransactionsRequest",
    key=65,
    kind="request",
    versions="0",
    flexible="0+",
    fields=[
        Field("transactional_ids", Array(String)),
    ],
)

TopicData = Group(
    "TopicData",
    [
        Field("topic", String),
        Field("partitions", Array(Int32)),
    ],
)

TransactionState = Group(
    "TransactionState",
    [
        Field("error_code", Int16),
        Field("transactional_id", String),
        Field("transaction_state", String),
        Field("transaction_timeout_ms", Int32),
        Field("transaction_start_time_ms", Int64),  # -1: no open transaction
        Field("producer_id", Int64),
        Field("producer_epoch", Int16),
        Field("topics", Array(TopicData)),
    ],
)

DescribeTransactionsResponse = Message(
    "DescribeTransactionsResponse",
    key=65,
    kind="response",
    versions="0",
    flexible="0+",
    fields=[
        Field("throttle_time_ms", Int32),  # how long a quota makes the client wait
        Field("transaction_states", Array(TransactionState)),
    ],
)
