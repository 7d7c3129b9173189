"""Error codes, and what this package raises.

`ErrorCode` is the table of Kafka 4.3.1 (nothing older is missing in it): the number that goes over the wire, whether a
client may simply ask again, and one sentence for a person.

`WireError` is the one exception for bytes that are not what the declaration says and for values that cannot be written; the
generated code and the construct reference both raise it. `FrameError` is for the length in front of a frame.
"""

from __future__ import annotations

from enum import IntEnum


class WireError(Exception):
    """A message that cannot be read or written.

    message: what is wrong. path: the field, as in "FetchRequest v12: topics.partitions.fetch_offset", or "". position: byte
    of the buffer at or shortly behind which reading failed, or None.
    """

    def __init__(self, message: str, path: str = "", position: int | None = None) -> None:
        where = f"{path}: " if path else ""
        at = f" (at byte {position})" if position is not None else ""
        super().__init__(f"{where}{message}{at}")
        self.message = message
        self.path = path
        self.position = position


class FrameError(WireError):
    """The length in front of a frame is negative or above the limit; the connection cannot go on."""


class ErrorCode(IntEnum):
    """Kafka's error codes. `ErrorCode(3).name`, `.retriable`, `.meaning`."""

    retriable: bool
    meaning: str

    def __new__(cls, code: int, retriable: bool, meaning: str) -> ErrorCode:
        self = int.__new__(cls, code)
        self._value_ = code
        self.retriable = retriable
        self.meaning = meaning
        return self

    UNKNOWN_SERVER_ERROR = -1, False, "a bug or an unexpected failure in the broker; its log says more"
    NONE = 0, False, "success"
    OFFSET_OUT_OF_RANGE = 1, False, "the offset is below the log start or above the log end"
    CORRUPT_MESSAGE = 2, True, "a record batch has a bad checksum, size or layout"
    UNKNOWN_TOPIC_OR_PARTITION = 3, True, "this broker knows no such topic or partition"
    INVALID_FETCH_SIZE = 4, False, "the fetch size is not a positive number"
    LEADER_NOT_AVAILABLE = 5, True, "the partition has no leader at the moment"
    NOT_LEADER_OR_FOLLOWER = 6, True, "this broker does not lead, or does not replicate, the partition"
    REQUEST_TIMED_OUT = 7, True, "the time given in the request ran out"
    BROKER_NOT_AVAILABLE = 8, False, "the broker is not up"
    REPLICA_NOT_AVAILABLE = 9, True, "the replica that was asked for is not here"
    MESSAGE_TOO_LARGE = 10, False, "a record batch is larger than max.message.bytes"
    STALE_CONTROLLER_EPOCH = 11, False, "the request comes from a controller that has been replaced"
    OFFSET_METADATA_TOO_LARGE = (
        12,
        False,
        "the metadata string of a committed offset is longer than offset.metadata.max.bytes",
    )
    NETWORK_EXCEPTION = 13, True, "the connection broke before the answer came"
    COORDINATOR_LOAD_IN_PROGRESS = 14, True, "the coordinator is still reading its log; ask again"
    COORDINATOR_NOT_AVAILABLE = 15, True, "there is no coordinator yet; ask again"
    NOT_COORDINATOR = 16, True, "another broker coordinates this group or transactional id"
    INVALID_TOPIC_EXCEPTION = 17, False, "the topic name is not allowed, or the topic is internal"
    RECORD_LIST_TOO_LARGE = 18, False, "the batches of one partition are larger than a segment may be"
    NOT_ENOUGH_REPLICAS = 19, True, "fewer replicas are in sync than min.insync.replicas; nothing was written"
    NOT_ENOUGH_REPLICAS_AFTER_APPEND = 20, True, "written, but the in-sync replicas have since become too few"
    INVALID_REQUIRED_ACKS = 21, False, "acks must be -1, 0 or 1"
    ILLEGAL_GENERATION = (
        22,
        False,
        "the member speaks for another generation of the group than the current one",
    )
    INCONSISTENT_GROUP_PROTOCOL = (
        23,
        False,
        "the member shares no protocol type or assignor with the rest of the group",
    )
    INVALID_GROUP_ID = 24, False, "the group id is empty or not allowed here"
    UNKNOWN_MEMBER_ID = 25, False, "the group has no member of this id in this generation"
    INVALID_SESSION_TIMEOUT = (
        26,
        False,
        "the session timeout is outside of group.min.session.timeout.ms and group.max.session.timeout.ms",
    )
    REBALANCE_IN_PROGRESS = 27, False, "the group is rebalancing; join again"
    INVALID_COMMIT_OFFSET_SIZE = (
        28,
        False,
        "the committed offsets do not fit into one batch of the offsets topic",
    )
    TOPIC_AUTHORIZATION_FAILED = 29, False, "no right to this topic"
    GROUP_AUTHORIZATION_FAILED = 30, False, "no right to this group"
    CLUSTER_AUTHORIZATION_FAILED = 31, False, "no right to this operation on the cluster"
    INVALID_TIMESTAMP = 32, False, "a record's timestamp is outside of what the topic allows"
    UNSUPPORTED_SASL_MECHANISM = 33, False, "the broker does not offer this SASL mechanism"
    ILLEGAL_SASL_STATE = 34, False, "this request does not fit the state of the SASL exchange"
    UNSUPPORTED_VERSION = 35, False, "the broker does not serve this version of the request"
    TOPIC_ALREADY_EXISTS = 36, False, "a topic of this name exists"
    INVALID_PARTITIONS = 37, False, "the number of partitions is not allowed"
    INVALID_REPLICATION_FACTOR = 38, False, "the replication factor is below 1 or above the number of brokers"
    INVALID_REPLICA_ASSIGNMENT = (
        39,
        False,
        "the replica assignment names unknown brokers, or is uneven or incomplete",
    )
    INVALID_CONFIG = 40, False, "a configuration name or value is not allowed"
    NOT_CONTROLLER = 41, True, "this broker is not the controller"
    INVALID_REQUEST = 42, False, "the request contradicts itself or asks for what cannot be; see the message"
    UNSUPPORTED_FOR_MESSAGE_FORMAT = 43, False, "the record format of the log cannot do this"
    POLICY_VIOLATION = 44, False, "a policy of the cluster refused the request"
    OUT_OF_ORDER_SEQUENCE_NUMBER = 45, False, "the producer's sequence number does not follow its last one"
    DUPLICATE_SEQUENCE_NUMBER = 46, False, "the producer's sequence number was seen long ago"
    INVALID_PRODUCER_EPOCH = 47, False, "the producer's epoch is older than the current one"
    INVALID_TXN_STATE = 48, False, "the transaction's state does not allow this step"
    INVALID_PRODUCER_ID_MAPPING = 49, False, "the producer id does not belong to this transactional id"
    INVALID_TRANSACTION_TIMEOUT = 50, False, "the transaction timeout is above transaction.max.timeout.ms"
    CONCURRENT_TRANSACTIONS = 51, True, "the producer's last transaction is still being completed; ask again"
    TRANSACTION_COORDINATOR_FENCED = (
        52,
        False,
        "the markers come from a transaction coordinator that has been replaced",
    )
    TRANSACTIONAL_ID_AUTHORIZATION_FAILED = 53, False, "no right to this transactional id"
    SECURITY_DISABLED = 54, False, "the broker runs without an authorizer"
    OPERATION_NOT_ATTEMPTED = 55, False, "not tried, because another part of the request failed"
    KAFKA_STORAGE_ERROR = 56, True, "the disk failed when the log was read or written"
    LOG_DIR_NOT_FOUND = 57, False, "the broker has no such log directory"
    SASL_AUTHENTICATION_FAILED = 58, False, "the credentials were not accepted"
    UNKNOWN_PRODUCER_ID = 59, False, "the log holds nothing of this producer any more"
    REASSIGNMENT_IN_PROGRESS = 60, False, "the partition is being reassigned already"
    DELEGATION_TOKEN_AUTH_DISABLED = 61, False, "the broker has no delegation tokens"
    DELEGATION_TOKEN_NOT_FOUND = 62, False, "there is no such delegation token"
    DELEGATION_TOKEN_OWNER_MISMATCH = 63, False, "the principal is neither owner nor renewer of the token"
    DELEGATION_TOKEN_REQUEST_NOT_ALLOWED = (
        64,
        False,
        "delegation tokens cannot be managed over this kind of connection",
    )
    DELEGATION_TOKEN_AUTHORIZATION_FAILED = 65, False, "no right to this delegation token"
    DELEGATION_TOKEN_EXPIRED = 66, False, "the delegation token has expired"
    INVALID_PRINCIPAL_TYPE = 67, False, "principals of this type are not known here"
    NON_EMPTY_GROUP = 68, False, "the group still has members"
    GROUP_ID_NOT_FOUND = 69, False, "there is no such group"
    FETCH_SESSION_ID_NOT_FOUND = 70, True, "the fetch session is unknown or was evicted; start a new one"
    INVALID_FETCH_SESSION_EPOCH = 71, True, "the fetch session expected another epoch; start a new one"
    LISTENER_NOT_FOUND = 72, True, "the leader has no address on the listener that the client came by"
    TOPIC_DELETION_DISABLED = 73, False, "delete.topic.enable is false"
    FENCED_LEADER_EPOCH = 74, True, "the client's leader epoch is older than the partition's"
    UNKNOWN_LEADER_EPOCH = 75, True, "the client's leader epoch is newer than the one known here"
    UNSUPPORTED_COMPRESSION_TYPE = (
        76,
        False,
        "this version of the request cannot carry this compression codec",
    )
    STALE_BROKER_EPOCH = 77, False, "the broker was registered anew since this request was made"
    OFFSET_NOT_AVAILABLE = 78, True, "the new leader's high watermark has not caught up yet; ask again"
    MEMBER_ID_REQUIRED = 79, False, "join again with the member id of this answer"
    PREFERRED_LEADER_NOT_AVAILABLE = 80, True, "the preferred replica is not alive or not in sync"
    GROUP_MAX_SIZE_REACHED = 81, False, "the group has group.max.size members"
    FENCED_INSTANCE_ID = 82, False, "another member took over this group.instance.id"
    ELIGIBLE_LEADERS_NOT_AVAILABLE = 83, True, "no replica may become leader"
    ELECTION_NOT_NEEDED = 84, True, "the partition has the wanted leader already"
    NO_REASSIGNMENT_IN_PROGRESS = 85, False, "the partition is not being reassigned"
    GROUP_SUBSCRIBED_TO_TOPIC = 86, False, "members of the group still consume the topic"
    INVALID_RECORD = 87, False, "a record or batch breaks the rules of the topic or of the format"
    UNSTABLE_OFFSET_COMMIT = 88, True, "offsets are held back by an open transaction; ask again"
    THROTTLING_QUOTA_EXCEEDED = 89, True, "the quota is used up; wait and ask again"
    PRODUCER_FENCED = 90, False, "a newer producer took over the transactional id"
    RESOURCE_NOT_FOUND = 91, False, "what the request names does not exist"
    DUPLICATE_RESOURCE = 92, False, "what the request names appears twice"
    UNACCEPTABLE_CREDENTIAL = 93, False, "the credential is too weak or incomplete"
    INCONSISTENT_VOTER_SET = 94, False, "the receiver is no voter of the quorum, or sees other voters"
    INVALID_UPDATE_VERSION = 95, False, "the new version is not one above the current one"
    FEATURE_UPDATE_FAILED = 96, False, "the finalized features could not be changed"
    PRINCIPAL_DESERIALIZATION_FAILURE = 97, False, "the forwarded principal could not be read"
    SNAPSHOT_NOT_FOUND = 98, False, "there is no snapshot of this id"
    POSITION_OUT_OF_RANGE = 99, False, "the position is negative or behind the end of the snapshot"
    UNKNOWN_TOPIC_ID = 100, True, "this broker knows no topic of this id"
    DUPLICATE_BROKER_REGISTRATION = 101, False, "a live broker holds this broker id"
    BROKER_ID_NOT_REGISTERED = 102, False, "no broker of this id is registered"
    INCONSISTENT_TOPIC_ID = 103, True, "the topic id is not the one that the log was created with"
    INCONSISTENT_CLUSTER_ID = 104, False, "the cluster id is not the one of this cluster"
    TRANSACTIONAL_ID_NOT_FOUND = 105, False, "there is no such transactional id"
    FETCH_SESSION_TOPIC_ID_ERROR = 106, True, "the session mixed topic names and topic ids; start a new one"
    INELIGIBLE_REPLICA = 107, False, "the replica is shutting down or fenced and cannot be in sync"
    NEW_LEADER_ELECTED = 108, False, "the change moved the leadership to another broker"
    OFFSET_MOVED_TO_TIERED_STORAGE = 109, False, "the offset is only in tiered storage"
    FENCED_MEMBER_EPOCH = 110, False, "the member's epoch is not the one the coordinator holds; join anew"
    UNRELEASED_INSTANCE_ID = 111, False, "another member still uses this group.instance.id"
    UNSUPPORTED_ASSIGNOR = 112, False, "the group does not know this server-side assignor"
    STALE_MEMBER_EPOCH = 113, False, "the member's epoch is old; fetch it by a heartbeat and try again"
    MISMATCHED_ENDPOINT_TYPE = (
        114,
        False,
        "the request reached a broker but is for a controller, or the reverse",
    )
    UNSUPPORTED_ENDPOINT_TYPE = 115, False, "endpoints of this type are not known here"
    UNKNOWN_CONTROLLER_ID = 116, False, "no controller of this id is known"
    UNKNOWN_SUBSCRIPTION_ID = 117, False, "the telemetry subscription has changed; fetch it again"
    TELEMETRY_TOO_LARGE = 118, False, "the pushed metrics are larger than the broker takes"
    INVALID_REGISTRATION = 119, False, "the controller cannot accept this broker's registration"
    TRANSACTION_ABORTABLE = 120, False, "the transaction failed; abort it and begin another"
    INVALID_RECORD_STATE = 121, False, "the acknowledged record is not held by this member"
    SHARE_SESSION_NOT_FOUND = 122, True, "the share session is unknown or was evicted; start a new one"
    INVALID_SHARE_SESSION_EPOCH = 123, True, "the share session expected another epoch"
    FENCED_STATE_EPOCH = 124, False, "the share coordinator holds a newer state epoch"
    INVALID_VOTER_KEY = 125, False, "the voter key is not the receiver's"
    DUPLICATE_VOTER = 126, False, "the voter is in the voter set already"
    VOTER_NOT_FOUND = 127, False, "the voter is not in the voter set"
    INVALID_REGULAR_EXPRESSION = 128, False, "the regular expression of the subscription is not valid"
    REBOOTSTRAP_REQUIRED = 129, False, "the client should start over from its bootstrap addresses"
    STREAMS_INVALID_TOPOLOGY = 130, False, "the streams topology contradicts itself"
    STREAMS_INVALID_TOPOLOGY_EPOCH = 131, False, "the epoch of the streams topology is not valid"
    STREAMS_TOPOLOGY_FENCED = 132, False, "the epoch of the streams topology is older than the group's"
    SHARE_SESSION_LIMIT_REACHED = 133, True, "the broker has as many share sessions as it may have"
