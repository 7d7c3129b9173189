"""InitProducerId (key 22): a producer id, for idempotence and transactions (KIP-98).

v2 flexible, v3 epoch bumps asked by the producer (KIP-360), v4 PRODUCER_FENCED, v5 TRANSACTION_ABORTABLE (KIP-890), v6
two-phase commit (KIP-939).
"""

from __future__ import annotations

from wire.schema import Bool, Field, Int16, Int32, Int64, Message, String

InitProducerIdRequest = Message(
    "InitProducerIdRequest",
    key=22,
    kind="request",
    versions="0-6",
    flexible="2+",
    fields=[
        Field("transactional_id", String, nullable="0+"),  # null: idempotent only
        Field("transaction_timeout_ms", Int32),
        # -1: a new one; else bump the epoch of this one (KIP-360)
        Field("producer_id", Int64, "3+", default=-1),
        Field("producer_epoch", Int16, "3+", default=-1),
        Field("enable_2pc", Bool, "6+", kafka="Enable2Pc"),  # two-phase commit (KIP-939)
        Field("keep_prepared_txn", Bool, "6+"),  # KIP-939
    ],
)

InitProducerIdResponse = Message(
    "InitProducerIdResponse",
    key=22,
    kind="response",
    versions="0-6",
    flexible="2+",
    fields=[
        Field("throttle_time_ms", Int32),  # how long a quota makes the client wait
        Field("error_code", Int16),
        Field("producer_id", Int64, default=-1),
        Field("producer_epoch", Int16),
        Field("ongoing_txn_producer_id", Int64, "6+", default=-1),  # -1: none (KIP-939)
        Field("ongoing_txn_producer_epoch", Int16, "6+", default=-1),
    ],
)
