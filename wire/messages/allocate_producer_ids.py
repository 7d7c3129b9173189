"""AllocateProducerIds (key 67): a broker asks the controller for a block of producer ids (KIP-730)."""

from __future__ import annotations

from wire.schema import Field, Int16, Int32, Int64, Message

AllocateProducerIdsRequest = Message(
    "AllocateProducerIdsRequest",
    key=67,
    kind="request",
    versions="0",
    flexible="0+",
    fields=[
        Field("broker_id", Int32),
        Field("broker_epoch", Int64, default=-1),  # of the broker's registration; -1: unchecked
    ],
)

AllocateProducerIdsResponse = Message(
    "AllocateProducerIdsResponse",
    key=67,
    kind="response",
    versions="0",
    flexible="0+",
    fields=[
        Field("throttle_time_ms", Int32),  # how long a quota makes the client wait
        Field("error_code", Int16),
        Field("producer_id_start", Int64),  # first of the block
        Field("producer_id_len", Int32),  # size of the block
    ],
)
