"""Members of classic groups, as a case moves them about.

    first, second = stable(kafka, 2)               # one generation, both have their assignment; first leads
    assert first.heartbeat() == 0
    second.send_join()                             # not waiting: others have to come too
    assert eventually(lambda: first.heartbeat() == ErrorCode.REBALANCE_IN_PROGRESS)
    first.join(), second.receive_join()

Every member has a connection of its own and remembers what the broker told it: member id, generation, protocol. Metadata is
opaque to the broker, except that it reads the topics of those who say "consumer", as members here do.

A group that has no members and no offsets may be cleaned up at any moment, and with it the ids that were handed out. Where
a case depends on such a group it takes a `lasting_group`.
"""

from __future__ import annotations

from typing import Any

from conformance.kafka import Kafka, Topic, eventually
from wire.errors import ErrorCode
from wire.messages.describe_groups import DescribeGroupsRequest
from wire.messages.heartbeat import HeartbeatRequest
from wire.messages.join_group import JoinGroupRequest, JoinGroupRequestProtocol
from wire.messages.leave_group import LeaveGroupRequest, MemberIdentity
from wire.messages.offset_commit import (
    OffsetCommitRequest,
    OffsetCommitRequestPartition,
    OffsetCommitRequestTopic,
)
from wire.messages.offset_fetch import (
    OffsetFetchRequest,
    OffsetFetchRequestGroup,
    OffsetFetchRequestTopic,
    OffsetFetchRequestTopics,
)
from wire.messages.sync_group import SyncGroupRequest, SyncGroupRequestAssignment

SESSION_MS = 30_000
BY_NAME = 9  # the last version of OffsetCommit that names topics
MANY_GROUPS = 8  # OffsetFetch has its rows by group from here on


def subscription(*topics: str, user_data: bytes = b"") -> bytes:
    """What a consumer joins with: version 0 of Kafka's ConsumerProtocolSubscription."""
    names = b"".join(len(name.encode()).to_bytes(2, "big") + name.encode() for name in topics)
    return b"\0\0" + len(topics).to_bytes(4, "big") + names + (len(user_data).to_bytes(4, "big") + user_data)


class Member:
    """One member of one group. protocols: name -> metadata, the best first. id "": not yet told."""

    def __init__(
        self,
        kafka: Kafka,
        group: str,
        *,
        id: str = "",
        instance: str | None = None,
        protocols: dict[str, bytes] | None = None,
        protocol_type: str = "consumer",
        session_timeout_ms: int = SESSION_MS,
        rebalance_timeout_ms: int = SESSION_MS,
    ) -> None:
        self.kafka, self.group, self.id, self.instance = kafka, group, id, instance
        self.protocols = {"range": subscription("any")} if protocols is None else protocols
        self.protocol_type = protocol_type
        self.session_timeout_ms = session_timeout_ms
        self.rebalance_timeout_ms = rebalance_timeout_ms
        self.generation = -1
        self.protocol: str | None = None
        self.joined: Any = None  # the last answer to JoinGroup
        self.connection = kafka.connection(about=self.leave_request())

    # --- requests

    def join_request(self) -> Any:
        offers = [JoinGroupRequestProtocol(name=name, metadata=data) for name, data in self.protocols.items()]
        return JoinGroupRequest(
            group_id=self.group,
            session_timeout_ms=self.session_timeout_ms,
            rebalance_timeout_ms=self.rebalance_timeout_ms,
            member_id=self.id,
            group_instance_id=self.instance,
            protocol_type=self.protocol_type,
            protocols=offers,
        )

    def sync_request(self, assignments: dict[str, bytes] | None = None, **changes: Any) -> Any:
        rows = [SyncGroupRequestAssignment(member_id=k, assignment=v) for k, v in (assignments or {}).items()]
        fields = {
            "group_id": self.group,
            "generation_id": self.generation,
            "member_id": self.id,
            "group_instance_id": self.instance,
            "protocol_type": self.protocol_type,
            "protocol_name": self.protocol,
            "assignments": rows,
        }
        return SyncGroupRequest(**fields | changes)

    def heartbeat_request(self, **changes: Any) -> Any:
        fields = {
            "group_id": self.group,
            "generation_id": self.generation,
            "member_id": self.id,
            "group_instance_id": self.instance,
        }
        return HeartbeatRequest(**fields | changes)

    def leave_request(self) -> Any:
        identity = MemberIdentity(member_id=self.id, group_instance_id=self.instance)
        return LeaveGroupRequest(group_id=self.group, member_id=self.id, members=[identity])

    # --- JoinGroup

    def send_join(self, version: int | None = None) -> None:
        """Asks to join and goes on; a member without an id fetches itself one first (KIP-394)."""
        if not self.id and self.instance is None:
            version = self.kafka.version(JoinGroupRequest) if version is None else version
            if version >= 4:
                self.fetch_id(version)
        self.connection.send(self.join_request(), version)

    def fetch_id(self, version: int | None = None) -> str:
        """The id that the broker gives with MEMBER_ID_REQUIRED (v4 and up)."""
        answer = self.connection.ask(self.join_request(), version)
        assert answer.error_code == ErrorCode.MEMBER_ID_REQUIRED
        self.id = answer.member_id
        return self.id

    def receive_join(self, timeout_s: float | None = None) -> Any:
        """The answer to `send_join`; what it says is remembered unless it is an error."""
        answer = self.connection.receive(timeout_s=timeout_s)
        if answer.error_code == 0:
            self.id, self.generation, self.protocol = (
                answer.member_id,
                answer.generation_id,
                answer.protocol_name,
            )
            self.joined = answer
        return answer

    def join(self, version: int | None = None) -> Any:
        """Joins and waits for the answer, whatever it is."""
        self.send_join(version)
        return self.receive_join()

    @property
    def leads(self) -> bool:
        return bool(self.joined.leader == self.id)

    # --- the rest, each with its error code or answer

    def sync(self, assignments: dict[str, bytes] | None = None, **changes: Any) -> Any:
        return self.connection.ask(self.sync_request(assignments, **changes))

    def heartbeat(self, **changes: Any) -> int:
        return int(self.connection.ask(self.heartbeat_request(**changes)).error_code)

    def leave(self) -> int:
        """The code of the request or, from v3 on, the member's own."""
        answer = self.connection.ask(self.leave_request())
        return int(answer.error_code or (answer.members[0].error_code if answer.members else 0))

    def commit(self, topic: Topic, offset: int = 1, **changes: Any) -> int:
        fields = {
            "generation_id_or_member_epoch": self.generation,
            "member_id": self.id,
            "group_instance_id": self.instance,
        }
        return commit(self.kafka, self.group, topic, offset, **fields | changes)

    def notices_rebalance(self) -> bool:
        """Waits until heartbeats say REBALANCE_IN_PROGRESS."""
        return eventually(lambda: self.heartbeat() == ErrorCode.REBALANCE_IN_PROGRESS)


# --- groups in a state


def lasting_group(kafka: Kafka) -> str:
    """A group that stays while it has no members, for it has committed an offset (of a topic that is always there)."""
    group = kafka.group()
    version = min(BY_NAME, kafka.subject.version(OffsetCommitRequest))
    commit(kafka, group, Topic("__consumer_offsets", bytes(16), 1), version=version)
    return group


def assignments_of(members: list[Member]) -> dict[str, bytes]:
    """Something different for each."""
    return {member.id: b"for " + member.id.encode() for member in members}


def joined(kafka: Kafka, count: int = 1, group: str | None = None, **options: Any) -> list[Member]:
    """A fresh group whose members have joined and not synced (CompletingRebalance); the first one leads."""
    group = group or lasting_group(kafka)
    members: list[Member] = []
    for _ in range(count):
        add(members, Member(kafka, group, **options))
    return members


def add(members: list[Member], newcomer: Member) -> list[Member]:
    """A further member joins, and all the others with it."""
    newcomer.send_join()
    if members:
        for member in members:
            member.notices_rebalance()
        for member in members:
            member.send_join()
        for member in members:
            assert member.receive_join().error_code == 0
    assert newcomer.receive_join().error_code == 0
    members.append(newcomer)
    return members


def synced(members: list[Member]) -> list[Member]:
    """All of them get an assignment; the group is Stable then."""
    assert members[0].leads
    assert members[0].sync(assignments_of(members)).error_code == 0
    for member in members[1:]:
        assert member.sync().error_code == 0
    return members


def stable(kafka: Kafka, count: int = 1, group: str | None = None, **options: Any) -> list[Member]:
    """A fresh Stable group. options: as of Member."""
    return synced(joined(kafka, count, group, **options))


def emptied(kafka: Kafka, **options: Any) -> str:
    """A group that had a member, which has left."""
    (member,) = stable(kafka, **options)
    assert member.leave() == 0
    return member.group


def described(kafka: Kafka, group: str) -> Any:
    """The group's row of DescribeGroups."""
    (row,) = kafka.ask(DescribeGroupsRequest(groups=[group])).groups
    return row


# --- offsets


def commit_request(group: str, topic: Topic, offset: int = 1, partition: int = 0, **changes: Any) -> Any:
    """Of one partition. changes: fields of the request or of the partition (committed_metadata ...)."""
    rows = {k: changes.pop(k) for k in list(changes) if k.startswith(("committed_", "commit_"))}
    row = OffsetCommitRequestPartition(
        **{"committed_metadata": "", "partition_index": partition, "committed_offset": offset} | rows
    )
    topics = [OffsetCommitRequestTopic(name=topic.name, topic_id=topic.id, partitions=[row])]
    return OffsetCommitRequest(**{"group_id": group, "topics": topics} | changes)


def commit(
    kafka: Kafka,
    group: str,
    topic: Topic,
    offset: int = 1,
    partition: int = 0,
    *,
    version: int | None = None,
    **changes: Any,
) -> int:
    """Commits one offset, as a consumer without group management unless `changes` says otherwise; its error code."""
    answer = kafka.ask(commit_request(group, topic, offset, partition, **changes), version)
    return int(answer.topics[0].partitions[0].error_code)


def fetch_request(
    group: str, wanted: dict[Topic, list[int]] | None, require_stable: bool = False, **changes: Any
) -> Any:
    """An OffsetFetch for one group in all versions. wanted: None for all. changes: member_id, member_epoch."""
    rows = None
    old_rows = None
    if wanted is not None:
        rows = [
            OffsetFetchRequestTopics(name=topic.name, topic_id=topic.id, partition_indexes=indexes)
            for topic, indexes in wanted.items()
        ]
        old_rows = [
            OffsetFetchRequestTopic(name=topic.name, partition_indexes=indexes)
            for topic, indexes in wanted.items()
        ]
    asked = OffsetFetchRequestGroup(group_id=group, topics=rows, **changes)
    return OffsetFetchRequest(group_id=group, topics=old_rows, groups=[asked], require_stable=require_stable)


def fetched(kafka: Kafka, group: str, wanted: dict[Topic, list[int]] | None, **changes: Any) -> Any:
    """(error code of the group, its topics) of an OffsetFetch."""
    answer = kafka.ask(fetch_request(group, wanted, **changes))
    row = answer.groups[0] if kafka.version(OffsetFetchRequest) >= MANY_GROUPS else answer
    return row.error_code, row.topics


def committed(kafka: Kafka, group: str, topic: Topic, partition: int = 0) -> Any:
    """The partition's row of an OffsetFetch: committed_offset -1 if there is none."""
    code, topics = fetched(kafka, group, {topic: [partition]})
    assert code == 0
    return topics[0].partitions[0]
