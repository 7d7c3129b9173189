"""Transactions in __transaction_state (KIP-98): key type 0.

Value v1 is flexible and keeps the producer ids before and after (KIP-890). A record without value deletes.
"""

from __future__ import annotations

from wire.schema import Array, Field, Group, Int8, Int16, Int32, Int64, Message, String

TransactionLogKey = Message(
    "TransactionLogKey",
    key=0,
    kind="key",
    versions="0",
    flexible="none",
    fields=[
        Field("transactional_id", String),
    ],
)

PartitionsSchema = Group(
    "PartitionsSchema",
    [
        Field("topic", String),
        Field("partition_ids", Array(Int32)),
    ],
)

TransactionLogValue = Message(
    "TransactionLogValue",
    key=0,
    kind="value",
    versions="0-1",
    flexible="1+",
    fields=[
        Field("producer_id", Int64),
        Field("previous_producer_id", Int64, "1+", tag=0, default=-1),  # -1: none (KIP-360)
        Field("next_producer_id", Int64, "1+", tag=1, default=-1),  # when epochs run out; -1: none (KIP-890)
        Field("producer_epoch", Int16),
        Field("next_producer_epoch", Int16, "1+", tag=3, default=-1),
        Field("transaction_timeout_ms", Int32),
        # 0 empty, 1 ongoing, 2/3 prepare commit/abort, 4/5 complete, 6 dead, 7 fencing
        Field("transaction_status", Int8),
        Field("transaction_partitions", Array(PartitionsSchema), nullable="0+"),  # null: none
        Field("transaction_last_update_timestamp_ms", Int64),
        Field("transaction_start_timestamp_ms", Int64),  # -1: none
        Field("client_transaction_version", Int16, "1+", tag=2),  # KIP-890
    ],
)
