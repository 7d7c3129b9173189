"""What a group coordinator is asked, and what it answers: plain values, blind to API versions.

A handler turns a request into one of these and a result into a response. Where a version changes the meaning, the command
has a field that says so. Times are milliseconds. Timer commands, which the machine gives to itself, stand at the end.
All are named tuples: a start of the broker makes these classes, and a dataclass takes six times as long to make.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from wire.errors import ErrorCode

NO_GENERATION = -1
NO_OFFSET = -1
NO_EPOCH = -1
NO_TIMESTAMP = -1


class JoinProtocol(NamedTuple):
    """One way to work that a member offers: an assignor's name and that assignor's own data (opaque)."""

    name: str
    metadata: bytes


class Join(NamedTuple):
    """JoinGroup. member_id "" asks for a new one, made from `fresh_uuid` (36 characters; randomness is passed in).

    instance_id: group.instance.id of a static member (KIP-345), or None. requires_known_id: v4+, a new dynamic member first
    gets its id and MEMBER_ID_REQUIRED (KIP-394). skips_assignment: v9+, the answer may say so (KIP-814).
    """

    group_id: str
    member_id: str
    instance_id: str | None
    client_id: str
    client_host: str
    session_timeout_ms: int
    rebalance_timeout_ms: int
    protocol_type: str
    protocols: tuple[JoinProtocol, ...]
    fresh_uuid: str = ""
    requires_known_id: bool = True
    skips_assignment: bool = True
    reason: str | None = None


class JoinedMember(NamedTuple):
    member_id: str
    instance_id: str | None
    metadata: bytes


class JoinResult(NamedTuple):
    """members: only for the leader. skip_assignment: the leader of a group that stays as it is need not assign (KIP-814)."""

    error: ErrorCode = ErrorCode.NONE
    member_id: str = ""
    generation: int = NO_GENERATION
    protocol_type: str | None = None
    protocol_name: str | None = None
    leader: str = ""
    members: tuple[JoinedMember, ...] = ()
    skip_assignment: bool = False


class Sync(NamedTuple):
    """SyncGroup. protocol_type, protocol_name: v5+, else None (KIP-559). assignments: member id -> opaque bytes."""

    group_id: str
    member_id: str
    instance_id: str | None
    generation: int
    protocol_type: str | None
    protocol_name: str | None
    assignments: Mapping[str, bytes]


class SyncResult(NamedTuple):
    error: ErrorCode = ErrorCode.NONE
    protocol_type: str | None = None
    protocol_name: str | None = None
    assignment: bytes = b""


class Heartbeat(NamedTuple):
    """Heartbeat; the result is an ErrorCode. The most frequent command, so the cheapest kind of value."""

    group_id: str
    member_id: str
    instance_id: str | None
    generation: int


class LeavingMember(NamedTuple):
    """member_id "" removes the static member instance_id (an administrator's way, KIP-345). reason: KIP-800."""

    member_id: str
    instance_id: str | None = None
    reason: str | None = None


class Leave(NamedTuple):
    group_id: str
    members: tuple[LeavingMember, ...]


class LeftMember(NamedTuple):
    member_id: str
    instance_id: str | None
    error: ErrorCode


class LeaveResult(NamedTuple):
    error: ErrorCode
    members: tuple[LeftMember, ...] = ()


class OffsetToCommit(NamedTuple):
    """leader_epoch, timestamp_ms: -1 if not given. metadata: the client's own text, null counts as empty."""

    topic: str
    partition: int
    offset: int
    leader_epoch: int = NO_EPOCH
    metadata: str | None = ""
    timestamp_ms: int = NO_TIMESTAMP


class CommitOffsets(NamedTuple):
    """OffsetCommit from v1 on. generation -1: a consumer without group management, or an administrator.

    retention_ms: v2-4, else -1. unknown_group: what a member of an unknown group gets (v9+ GROUP_ID_NOT_FOUND, before
    ILLEGAL_GENERATION). The result is one ErrorCode for all, or a list with one for each offset, in order.
    """

    group_id: str
    member_id: str
    instance_id: str | None
    generation: int
    offsets: tuple[OffsetToCommit, ...]
    retention_ms: int = -1
    unknown_group: ErrorCode = ErrorCode.ILLEGAL_GENERATION


CommitResult = ErrorCode | list[ErrorCode]


class FetchOffsets(NamedTuple):
    """OffsetFetch of one group. topics: name -> partitions; None for all that the group has committed.

    The result is a list of FetchedOffset, in the order asked for.
    """

    group_id: str
    topics: tuple[tuple[str, tuple[int, ...]], ...] | None


class FetchedOffset(NamedTuple):
    """offset -1: nothing was committed."""

    topic: str
    partition: int
    offset: int = NO_OFFSET
    leader_epoch: int = NO_EPOCH
    metadata: str = ""


class DescribeGroup(NamedTuple):
    """The result is a GroupDescription, or None for an unknown group."""

    group_id: str


class DescribedMember(NamedTuple):
    """metadata: of the protocol in use; empty unless the group is stable."""

    member_id: str
    instance_id: str | None
    client_id: str
    client_host: str
    metadata: bytes
    assignment: bytes


class GroupDescription(NamedTuple):
    group_id: str
    state: str
    protocol_type: str
    protocol_name: str
    members: tuple[DescribedMember, ...]


class ListGroups(NamedTuple):
    """states, types: names in any case; empty takes all (KIP-518, KIP-848). The result is a list of ListedGroup."""

    states: tuple[str, ...] = ()
    types: tuple[str, ...] = ()


class ListedGroup(NamedTuple):
    group_id: str
    protocol_type: str
    state: str
    type: str


class DeleteGroup(NamedTuple):
    """The result is an ErrorCode."""

    group_id: str


class DeleteOffsets(NamedTuple):
    """OffsetDelete (KIP-496). The result is one ErrorCode for all, or a list with one for each topic, in order."""

    group_id: str
    topics: tuple[tuple[str, tuple[int, ...]], ...]


class TopicsDeleted(NamedTuple):
    """These topics are gone: what was committed for them goes too. No result."""

    topics: frozenset[str]


# --- what timers bring back ------------------------------------------------------------------------------------------


class SessionExpired(NamedTuple):
    """A member was not heard of for its session timeout; or a pending one did not come back with its id."""

    group_id: str
    member_id: str


class InitialDelayOver(NamedTuple):
    """The wait for more first members is over, unless one came meanwhile and `remaining_ms` allows to wait on."""

    group_id: str
    delay_ms: int
    remaining_ms: int


class JoinExpired(NamedTuple):
    """The rebalance timeout is over: who has not joined again is out."""

    group_id: str


class SyncExpired(NamedTuple):
    """The rebalance timeout is over a second time: who has not synced is out."""

    group_id: str
    generation: int


class ExpireOffsets(NamedTuple):
    """Time to look for offsets and groups that nobody needs any more (offsets.retention.check.interval.ms)."""
