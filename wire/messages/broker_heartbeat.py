"""BrokerHeartbeat (key 63): a KRaft broker is alive (KIP-631).

v1 offline log directories (KIP-858), v2 cordoned ones (KIP-1066).
"""

from __future__ import annotations

from wire.schema import Array, Bool, Field, Int16, Int32, Int64, Message, Uuid

BrokerHeartbeatRequest = Message(
    "BrokerHeartbeatRequest",
    key=63,
    kind="request",
    versions="0-2",
    flexible="0+",
    fields=[
        Field("broker_id", Int32),
        Field("broker_epoch", Int64, default=-1),  # of the broker's registration; -1: unchecked
        Field("current_metadata_offset", Int64),  # how far the broker has applied the metadata log
        Field("want_fence", Bool),  # take no more clients
        Field("want_shut_down", Bool),  # a controlled shutdown
        Field("offline_log_dirs", Array(Uuid), "1+", tag=0),  # KIP-858
        # get no new partitions; null: unsupported (KIP-1066)
        Field("cordoned_log_dirs", Array(Uuid), "2+", nullable="0+", tag=1, default=None),
    ],
)

BrokerHeartbeatResponse = Message(
    "BrokerHeartbeatResponse",
    key=63,
    kind="response",
    versions="0-2",
    flexible="0+",
    fields=[
        Field("throttle_time_ms", Int32),  # how long a quota makes the client wait
        Field("error_code", Int16),
        Field("is_caught_up", Bool),
        Field("is_fenced", Bool, default=True),
        Field("should_shut_down", Bool),  # the broker may stop now
    ],
)
