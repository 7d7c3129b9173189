"""ListTransactions (key 66): transactions of a coordinator (KIP-664).

v1 by duration (KIP-994), v2 by a pattern of ids (KIP-1152).
"""

from __future__ import annotations

from wire.schema import Array, Field, Group, Int16, Int32, Int64, Message, String

ListTransactionsRequest = Message(
    "ListTransactionsRequest",
    key=66,
    kind="request",
    versions="0-2",
    flexible="0+",
    fields=[
        Field("state_filters", Array(String)),  # empty: all
        Field("producer_id_filters", Array(Int64)),  # empty: all
        Field("duration_filter", Int64, "1+", default=-1),  # ms that it must have run for; -1: any (KIP-994)
        # RE2; null: all (KIP-1152)
        Field("transactional_id_pattern", String, "2+", nullable="0+", default=None),
    ],
)

TransactionState = Group(
    "TransactionState",
    [
        Field("transactional_id", String),
        Field("producer_id", Int64),
        Field("transaction_state", String),
    ],
)

ListTransactionsResponse = Message(
    "ListTransactionsResponse",
    key=66,
    kind="response",
    versions="0-2",
    flexible="0+",
    fields=[
        Field("throttle_time_ms", Int32),  # how long a quota makes the client wait
        Field("error_code", Int16),
        Field("unknown_state_filters", Array(String)),
        Field("transaction_states", Array(TransactionState)),
    ],
)
