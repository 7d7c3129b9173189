"""EndTxn (key 26): commit or abort a transaction (KIP-98).

v2 PRODUCER_FENCED, v3 flexible, v4 TRANSACTION_ABORTABLE, v5 a new producer epoch with each transaction (KIP-890).
"""

from __future__ import annotations

from wire.schema import Bool, Field, Int16, Int32, Int64, Message, String

EndTxnRequest = Message(
    "EndTxnRequest",
    key=26,
    kind="request",
    versions="0-5",
    flexible="3+",
    fields=[
        Field("transactional_id", String),
        Field("producer_id", Int64),
        Field("producer_epoch", Int16),
        Field("committed", Bool),  # else aborted
    ],
)

EndTxnResponse = Message(
    "EndTxnResponse",
    key=26,
    kind="response",
    versions="0-5",
    flexible="3+",
    fields=[
        Field("throttle_time_ms", Int32),  # how long a quota makes the client wait
        Field("error_code", Int16),
        Field("producer_id", Int64, "5+", default=-1),  # for the next transaction (KIP-890); -1: unchanged
        Field("producer_epoch", Int16, "5+", default=-1),
    ],
)
