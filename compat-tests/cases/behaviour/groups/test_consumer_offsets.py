"""Offsets of consumer groups (KIP-848): member epochs in OffsetCommit and OffsetFetch; and the way from classic to new."""

from __future__ import annotations

from typing import Any

from conformance import Kafka, Setting, case, eventually
from conformance.consumer_groups import NEW_GROUPS, Consumer, described, joined
from conformance.groups import (
    Member,
    commit,
    committed,
    emptied,
    fetched,
    lasting_group,
    stable,
    subscription,
)
from conformance.groups import described as classic_view
from wire.errors import ErrorCode
from wire.messages.consumer_group_describe import ConsumerGroupDescribeRequest
from wire.messages.consumer_group_heartbeat import ConsumerGroupHeartbeatRequest
from wire.messages.join_group import JoinGroupRequest
from wire.messages.offset_commit import OffsetCommitRequest
from wire.messages.offset_fetch import OffsetFetchRequest

NEW: dict[str, Any] = {
    "feature": "consumer groups",
    "also": (ConsumerGroupHeartbeatRequest, ConsumerGroupDescribeRequest),
    "needs": NEW_GROUPS,
}
COMMIT = "KIP-848; ConsumerGroup.validateOffsetCommit"
MOVES = NEW | {"needs": (*NEW_GROUPS, Setting("group.consumer.migration.policy", one_of=("bidirectional",)))}


def code(member: Consumer, topic: Any, offset: int = 1, **changes: Any) -> int:
    fields = {"member_id": member.id, "generation_id_or_member_epoch": member.epoch} | changes
    return commit(member.kafka, member.group, topic, offset, **fields)


@case(OffsetCommitRequest, versions="9+", why=COMMIT, **NEW)
def test_commit_of_a_member(kafka: Kafka) -> None:
    """A member commits with its id and epoch, from v9 on."""
    topic = kafka.topic()
    member = joined(kafka, topic)
    assert code(member, topic, 5) == 0
    assert committed(kafka, member.group, topic).committed_offset == 5


@case(OffsetCommitRequest, versions="2-8", why=COMMIT, **NEW)
def test_old_versions_cannot_commit(kafka: Kafka) -> None:
    """Before v9, whose clients do not know what to do with its errors, a member's commit is UNSUPPORTED_VERSION."""
    topic = kafka.topic()
    assert code(joined(kafka, topic), topic) == ErrorCode.UNSUPPORTED_VERSION


@case(OffsetCommitRequest, versions="9+", why=COMMIT, **NEW)
def test_commit_with_an_epoch_to_come(kafka: Kafka) -> None:
    """An epoch above the member's is STALE_MEMBER_EPOCH."""
    topic = kafka.topic()
    member = joined(kafka, topic)
    assert code(member, topic, generation_id_or_member_epoch=member.epoch + 1) == ErrorCode.STALE_MEMBER_EPOCH


@case(OffsetCommitRequest, versions="9+", why=COMMIT, **NEW)
def test_commit_of_an_unknown_member(kafka: Kafka) -> None:
    """A member that the group does not have is UNKNOWN_MEMBER_ID, also an outsider without member id and epoch."""
    topic = kafka.topic()
    member = joined(kafka, topic)
    assert code(member, topic, member_id="stranger") == ErrorCode.UNKNOWN_MEMBER_ID
    outsider = commit(kafka, member.group, topic)
    assert outsider == ErrorCode.UNKNOWN_MEMBER_ID


@case(OffsetCommitRequest, versions="9+", why=COMMIT, **NEW)
def test_commit_to_a_group_without_members(kafka: Kafka) -> None:
    """A consumer group without members takes commits without member id and epoch: tools reset offsets so."""
    topic = kafka.topic()
    member = joined(kafka, topic)
    assert code(member, topic, 5) == 0
    member.leave()
    assert commit(kafka, member.group, topic, 2) == 0
    assert committed(kafka, member.group, topic).committed_offset == 2


@case(OffsetFetchRequest, versions="9+", why="ConsumerGroup.validateOffsetFetch", **NEW)
def test_fetch_of_a_member(kafka: Kafka) -> None:
    """From v9 on a member may say its id and epoch; without them anybody may read."""
    topic = kafka.topic()
    member = joined(kafka, topic)
    assert code(member, topic, 5) == 0
    for who in ({"member_id": member.id, "member_epoch": member.epoch}, {}):
        group_code, (row,) = fetched(kafka, member.group, {topic: [0]}, **who)
        assert (group_code, row.partitions[0].committed_offset) == (0, 5)


@case(OffsetFetchRequest, versions="9+", why="ConsumerGroup.validateOffsetFetch", **NEW)
def test_fetch_with_another_epoch(kafka: Kafka) -> None:
    """Another epoch than the member's is STALE_MEMBER_EPOCH, of the group, and nothing is told."""
    topic = kafka.topic()
    member = joined(kafka, topic)
    answer = fetched(kafka, member.group, {topic: [0]}, member_id=member.id, member_epoch=member.epoch + 1)
    assert answer == (ErrorCode.STALE_MEMBER_EPOCH, [])


@case(OffsetFetchRequest, versions="9+", why="ConsumerGroup.validateOffsetFetch", **NEW)
def test_fetch_of_an_unknown_member(kafka: Kafka) -> None:
    """A member id that the group does not have is UNKNOWN_MEMBER_ID, of the group."""
    topic = kafka.topic()
    member = joined(kafka, topic)
    answer = fetched(kafka, member.group, {topic: [0]}, member_id="stranger", member_epoch=member.epoch)
    assert answer == (ErrorCode.UNKNOWN_MEMBER_ID, [])


# --- from the classic protocol to the new one and back


@case(ConsumerGroupHeartbeatRequest, why="KIP-848: upgrade", **NEW)
def test_an_empty_classic_group_is_taken_over(kafka: Kafka) -> None:
    """A classic group without members becomes a consumer group with the first such member; its offsets stay."""
    topic, group = kafka.topic(), emptied(kafka)
    commit(kafka, group, topic, 7)
    member = Consumer(kafka, group, topic)
    assert member.join().error_code == 0
    assert described(kafka, group).error_code == 0
    assert committed(kafka, group, topic).committed_offset == 7


@case(JoinGroupRequest, versions="latest", why="KIP-848: downgrade", **NEW)
def test_an_empty_consumer_group_is_taken_over(kafka: Kafka) -> None:
    """A consumer group without members becomes a classic one with the first classic member; its offsets stay."""
    topic = kafka.topic()
    new = joined(kafka, topic)
    assert code(new, topic, 7) == 0
    new.leave()
    (member,) = stable(kafka, group=new.group)
    assert classic_view(kafka, new.group).group_state == "Stable"
    assert committed(kafka, member.group, topic).committed_offset == 7


@case(ConsumerGroupHeartbeatRequest, why="KIP-848: online upgrade; group.consumer.migration.policy", **MOVES)
def test_a_new_member_joins_classic_ones(kafka: Kafka) -> None:
    """A member of the new protocol turns a group of classic consumers into a consumer group; those are members of it too."""
    topic = kafka.topic()
    (classic,) = joined_classic(kafka, topic.name)
    new = Consumer(kafka, classic.group, topic)
    assert new.join().error_code == 0
    rows = {row.member_id: row for row in described(kafka, classic.group).members}
    assert set(rows) == {classic.id, new.id}


@case(ConsumerGroupHeartbeatRequest, why="KIP-848: online upgrade", **MOVES)
def test_a_classic_member_in_a_consumer_group(kafka: Kafka) -> None:
    """A classic member of a consumer group is told to rebalance, joins again, and syncs to get its assignment."""
    topic = kafka.topic(partitions=2)
    new = joined(kafka, topic)
    classic = Member(kafka, new.group, protocols={"range": subscription(topic.name)})
    answer = classic.join()
    assert (answer.error_code, answer.protocol_name, answer.leader) == (0, "range", "")
    synced = classic.sync()
    assert synced.error_code == 0
    assert eventually(lambda: new.settle() and len(new.owned[topic.id]) == 1)


@case(ConsumerGroupHeartbeatRequest, why="GroupMetadataManager.validateOnlineUpgrade", **MOVES)
def test_a_group_that_is_not_of_consumers(kafka: Kafka) -> None:
    """A group with members of another protocol type cannot be joined by the new protocol: GROUP_ID_NOT_FOUND."""
    topic = kafka.topic()
    (worker,) = stable(kafka, protocol_type="connect", protocols={"default": b""})
    assert Consumer(kafka, worker.group, topic).join().error_code == ErrorCode.GROUP_ID_NOT_FOUND
    assert worker.heartbeat() == 0


@case(JoinGroupRequest, versions="latest", why="KIP-848: classicGroupJoinToConsumerGroup", **NEW)
def test_another_protocol_type_in_a_consumer_group(kafka: Kafka) -> None:
    """A classic member that is no consumer is INCONSISTENT_GROUP_PROTOCOL in a consumer group."""
    new = joined(kafka, kafka.topic())
    worker = Member(kafka, new.group, protocol_type="connect", protocols={"default": b""})
    answer = worker.connection.ask(worker.join_request())
    assert answer.error_code == ErrorCode.INCONSISTENT_GROUP_PROTOCOL


def joined_classic(kafka: Kafka, *topics: str) -> list[Member]:
    """A Stable group of one classic consumer, whose assignment is an empty one in Kafka's form."""
    member = Member(kafka, lasting_group(kafka), protocols={"range": subscription(*topics)})
    member.join()
    assert member.sync({member.id: b"\0\0" + bytes(4) + b"\xff\xff\xff\xff"}).error_code == 0
    return [member]
