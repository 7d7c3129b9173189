"""Classic groups in __consumer_offsets: key type 2.

Value v1 has rebalance timeouts, v2 the time of the last state change, v3 static members (KIP-345), v4 is flexible. A record
without value deletes the group.
"""

from __future__ import annotations

from wire.schema import Array, Bytes, Field, Group, Int32, Int64, Message, String

GroupMetadataKey = Message(
    "GroupMetadataKey",
    key=2,
    kind="key",
    versions="2",
    flexible="none",
    fields=[
        Field("group", String, kafka="group"),
    ],
)

MemberMetadata = Group(
    "MemberMetadata",
    [
        Field("member_id", String, kafka="memberId"),
        # static membership (KIP-345)
        Field("group_instance_id", String, "3+", nullable="0+", default=None, kafka="groupInstanceId"),
        Field("client_id", String, kafka="clientId"),
        Field("client_host", String, kafka="clientHost"),
        # ms; -1: the session timeout
        Field("rebalance_timeout", Int32, "1+", default=-1, kafka="rebalanceTimeout"),
        Field("session_timeout", Int32, kafka="sessionTimeout"),  # ms
        Field("subscription", Bytes, kafka="subscription"),  # the member's metadata for the assignor in use
        Field("assignment", Bytes, kafka="assignment"),
    ],
)

GroupMetadataValue = Message(
    "GroupMetadataValue",
    key=2,
    kind="value",
    versions="0-4",
    flexible="4+",
    fields=[
        Field("protocol_type", String, kafka="protocolType"),
        Field("generation", Int32, kafka="generation"),
        Field("protocol", String, nullable="0+", kafka="protocol"),  # the assignor; null while there is none
        Field("leader", String, nullable="0+", kafka="leader"),  # member id
        # ms, when it entered its state; -1: unknown
        Field("current_state_timestamp", Int64, "2+", default=-1, kafka="currentStateTimestamp"),
        Field("members", Array(MemberMetadata), kafka="members"),
    ],
)
