"""ConsumerGroupHeartbeat (KIP-848): what is refused, and in which words."""

from __future__ import annotations

from typing import Any

import pytest

from conformance import Kafka, Setting, Topic, case
from conformance.consumer_groups import LEAVE, LEAVE_STATIC, NEW_GROUPS, Consumer, described, joined
from wire.errors import ErrorCode
from wire.messages.consumer_group_describe import ConsumerGroupDescribeRequest
from wire.messages.consumer_group_heartbeat import ConsumerGroupHeartbeatRequest, TopicPartitions

CASE: dict[str, Any] = {
    "feature": "consumer groups",
    "also": (ConsumerGroupDescribeRequest,),
    "needs": NEW_GROUPS,
}
VALIDATION = "KIP-848; GroupMetadataManager.throwIfConsumerGroupHeartbeatRequestIsInvalid"
ANY = Topic("any", bytes(16), 1)
INVALID = ErrorCode.INVALID_REQUEST


@case(ConsumerGroupHeartbeatRequest, why=VALIDATION, **CASE)
@pytest.mark.parametrize(
    "wrong",
    [
        {"rebalance_timeout_ms": -1},
        {"subscribed_topic_names": None},
        {"topic_partitions": None},
        {"topic_partitions": [TopicPartitions(topic_id=b"1" * 16, partitions=[0])]},
        {"group_id": ""},
        {"instance_id": ""},
        {"rack_id": ""},
        {"member_epoch": -3},
    ],
    ids=[
        "no timeout",
        "no topics",
        "nothing owned is not said",
        "owns",
        "group",
        "instance",
        "rack",
        "epoch",
    ],
)
def test_a_first_heartbeat_that_is_not_whole(kafka: Kafka, wrong: dict[str, Any]) -> None:
    """A first heartbeat without timeout, subscription or list of what it owns, or with an empty id, is INVALID_REQUEST."""
    answer = Consumer(kafka, kafka.group(), ANY).join(**wrong)
    assert answer.error_code == INVALID
    assert answer.error_message
    assert (answer.member_id, answer.member_epoch, answer.assignment) == (None, 0, None)


@case(ConsumerGroupHeartbeatRequest, why=VALIDATION, **CASE)
@pytest.mark.parametrize("epoch", [1, LEAVE])
def test_a_member_id_is_needed_to_go_on(kafka: Kafka, epoch: int) -> None:
    """After the first heartbeat, also to leave, the member id must be there: INVALID_REQUEST."""
    member = Consumer(kafka, kafka.group(), id="", instance="i")
    assert member.heartbeat(member_epoch=epoch, instance_id="i").error_code == INVALID


@case(ConsumerGroupHeartbeatRequest, versions="0", why="KIP-848; v0: the broker makes the id", **CASE)
def test_an_id_is_made(kafka: Kafka) -> None:
    """In v0 a member without an id is given one."""
    answer = Consumer(kafka, kafka.group(), ANY, id="").join()
    assert answer.error_code == 0
    assert len(answer.member_id) == 22


@case(ConsumerGroupHeartbeatRequest, versions="1+", why="KIP-1082", **CASE)
def test_the_client_makes_the_id(kafka: Kafka) -> None:
    """From v1 on the client makes the member id: without one it is INVALID_REQUEST; any text will do."""
    group = kafka.group()
    assert Consumer(kafka, group, ANY, id="").join().error_code == INVALID
    answer = Consumer(kafka, group, ANY, id="my own").join()
    assert (answer.error_code, answer.member_id) == (0, "my own")


@case(ConsumerGroupHeartbeatRequest, why=VALIDATION, **CASE)
def test_an_instance_must_name_itself_to_leave_for_a_while(kafka: Kafka) -> None:
    """Epoch -2, to leave for a while, is for static members: without an instance id it is INVALID_REQUEST."""
    member = joined(kafka, kafka.topic())
    assert member.leave(LEAVE_STATIC).error_code == INVALID


@case(ConsumerGroupHeartbeatRequest, why="KIP-848: group.consumer.assignors", **CASE)
def test_an_unknown_assignor(kafka: Kafka) -> None:
    """An assignor that the broker does not have is UNSUPPORTED_ASSIGNOR, and the message names those that it has."""
    answer = Consumer(kafka, kafka.group(), ANY, server_assignor="mine").join()
    assert answer.error_code == ErrorCode.UNSUPPORTED_ASSIGNOR
    assert "uniform" in answer.error_message


@case(ConsumerGroupHeartbeatRequest, why="KIP-848: group.consumer.assignors", **CASE)
@pytest.mark.parametrize("assignor", ["uniform", "range"])
def test_known_assignors(kafka: Kafka, assignor: str) -> None:
    """The assignors uniform and range are there, and the group is shown with the one that its member prefers."""
    member = Consumer(kafka, kafka.group(), kafka.topic(), server_assignor=assignor)
    assert member.join().error_code == 0
    assert described(kafka, member.group).assignor_name == assignor


@case(ConsumerGroupHeartbeatRequest, why="GroupMetadataManager.getOrMaybeCreateConsumerGroup", **CASE)
@pytest.mark.parametrize("epoch", [1, LEAVE])
def test_an_unknown_group(kafka: Kafka, epoch: int) -> None:
    """Only a first heartbeat makes a group: with any other epoch an unknown one is GROUP_ID_NOT_FOUND."""
    answer = Consumer(kafka, kafka.group()).heartbeat(member_epoch=epoch)
    assert answer.error_code == ErrorCode.GROUP_ID_NOT_FOUND


@case(ConsumerGroupHeartbeatRequest, why="ConsumerGroup.getOrMaybeCreateMember", **CASE)
@pytest.mark.parametrize("epoch", [1, LEAVE])
def test_an_unknown_member(kafka: Kafka, epoch: int) -> None:
    """A member that the group does not have is UNKNOWN_MEMBER_ID unless it joins."""
    member = joined(kafka, kafka.topic())
    stranger = Consumer(kafka, member.group, id="stranger")
    assert stranger.heartbeat(member_epoch=epoch).error_code == ErrorCode.UNKNOWN_MEMBER_ID


@case(ConsumerGroupHeartbeatRequest, why="throwIfConsumerGroupMemberEpochIsInvalid", **CASE)
def test_an_epoch_to_come(kafka: Kafka) -> None:
    """A member epoch above the member's is FENCED_MEMBER_EPOCH."""
    member = joined(kafka, kafka.topic())
    answer = member.heartbeat(member_epoch=member.epoch + 1)
    assert answer.error_code == ErrorCode.FENCED_MEMBER_EPOCH
    assert member.heartbeat().error_code == 0


@case(ConsumerGroupHeartbeatRequest, why="throwIfConsumerGroupMemberEpochIsInvalid", **CASE)
def test_an_answer_that_was_lost(kafka: Kafka) -> None:
    """The epoch before is taken from a member that owns no more than it has: it did not get the answer with the new one."""
    topic = kafka.topic(partitions=2)
    member = joined(kafka, topic)
    before, owned = member.epoch, member.owned
    Consumer(kafka, member.group, topic).join()
    member.settle(epoch=before + 1)
    rows = [TopicPartitions(topic_id=topic.id, partitions=member.owned[topic.id])]
    assert member.heartbeat(member_epoch=before, topic_partitions=rows).error_code == 0
    rows = [TopicPartitions(topic_id=topic.id, partitions=owned[topic.id])]
    answer = member.heartbeat(member_epoch=before, topic_partitions=rows)
    assert answer.error_code == ErrorCode.FENCED_MEMBER_EPOCH


@case(ConsumerGroupHeartbeatRequest, why="throwIfConsumerGroupMemberEpochIsInvalid", **CASE)
def test_the_epoch_before_without_a_list(kafka: Kafka) -> None:
    """The epoch before, from a member that does not say what it owns, is FENCED_MEMBER_EPOCH."""
    first = kafka.topic()
    member = joined(kafka, first)
    before = member.epoch
    member.fields["subscribed_topic_names"] = [first.name, kafka.topic().name]
    member.settle(epoch=before + 1)
    answer = member.heartbeat(member_epoch=before, topic_partitions=None)
    assert answer.error_code == ErrorCode.FENCED_MEMBER_EPOCH


@case(
    ConsumerGroupHeartbeatRequest,
    versions="latest",
    why="group.consumer.max.size",
    **CASE | {"needs": (*NEW_GROUPS, Setting("group.consumer.max.size", at_most=32))},
)
def test_a_full_group(kafka: Kafka) -> None:
    """Who comes to a group of group.consumer.max.size members is GROUP_MAX_SIZE_REACHED; who is there goes on."""
    topic, group = kafka.topic(), kafka.group()
    members = [
        Consumer(kafka, group, topic)
        for _ in range(int(kafka.subject.setting("group.consumer.max.size") or 0))
    ]
    assert [member.join().error_code for member in members] == [0] * len(members)
    assert Consumer(kafka, group, topic).join().error_code == ErrorCode.GROUP_MAX_SIZE_REACHED
    assert members[0].join().error_code == 0
