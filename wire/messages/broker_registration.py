"""BrokerRegistration (key 62): a broker registers with the KRaft controller (KIP-631).

v1 migration from ZooKeeper (KIP-866), v2 log directories (KIP-858), v3 the previous epoch (KIP-966), v4 features whose
lowest version is 0 (KIP-1022).
"""

from __future__ import annotations

from wire.schema import Array, Bool, Field, Group, Int16, Int32, Int64, Message, String, Uint16, Uuid

Listener = Group(
    "Listener",
    [
        Field("name", String),
        Field("host", String),
        Field("port", Uint16),
        Field("security_protocol", Int16),  # 0: PLAINTEXT, 1: SSL, 2: SASL_PLAINTEXT, 3: SASL_SSL
    ],
)

Feature = Group(
    "Feature",
    [
        Field("name", String),
        Field("min_supported_version", Int16),
        Field("max_supported_version", Int16),
    ],
)

BrokerRegistrationRequest = Message(
    "BrokerRegistrationRequest",
    key=62,
    kind="request",
    versions="0-4",
    flexible="0+",
    fields=[
        Field("broker_id", Int32),
        Field("cluster_id", String),
        Field("incarnation_id", Uuid),  # new with each start of the process
        Field("listeners", Array(Listener)),
        Field("features", Array(Feature)),
        Field("rack", String, nullable="0+"),  # broker.rack
        Field("is_migrating_zk_broker", Bool, "1+"),  # KIP-866
        Field("log_dirs", Array(Uuid), "2+"),  # ids of the log directories (KIP-858)
        # of the last clean shutdown; -1: unknown (KIP-966)
        Field("previous_broker_epoch", Int64, "3+", default=-1),
    ],
)

BrokerRegistrationResponse = Message(
    "BrokerRegistrationResponse",
    key=62,
    kind="response",
    versions="0-4",
    flexible="0+",
    fields=[
        Field("throttle_time_ms", Int32),  # how long a quota makes the client wait
        Field("error_code", Int16),
        Field("broker_epoch", Int64, default=-1),  # of the broker's registration; -1: unchecked
    ],
)
