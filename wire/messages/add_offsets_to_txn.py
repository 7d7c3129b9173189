"""AddOffsetsToTxn (key 25): a group's committed offsets will be part of the transaction (KIP-98).

v2 PRODUCER_FENCED, v3 flexible, v4 TRANSACTION_ABORTABLE (KIP-890).
"""

from __future__ import annotations

from wire.schema import Field, Int16, Int32, Int64, Message, String

AddOffsetsToTxnRequest = Message(
    "AddOffsetsToTxnRequest",
    key=25,
    kind="request",
    versions="0-4",
    flexible="3+",
    fields=[
        Field("transactional_id", String),
        Field("producer_id", Int64),
        Field("producer_epoch", Int16),
        Field("group_id", String),
    ],
)

AddOffsetsToTxnResponse = Message(
    "AddOffsetsToTxnResponse",
    key=25,
    kind="response",
    versions="0-4",
    flexible="3+",
    fields=[
        Field("throttle_time_ms", Int32),  # how long a quota makes the client wait
        Field("error_code", Int16),
    ],
)
