"""ConsumerGroupHeartbeat (KIP-848): members come, share partitions out by epochs, and go."""

from __future__ import annotations

from typing import Any

from conformance import Kafka, case, eventually
from conformance.consumer_groups import (
    LEAVE,
    LEAVE_STATIC,
    NEW_GROUPS,
    Consumer,
    described,
    joined,
    partitions_of,
)
from wire.errors import ErrorCode
from wire.messages.consumer_group_describe import ConsumerGroupDescribeRequest
from wire.messages.consumer_group_heartbeat import ConsumerGroupHeartbeatRequest
from wire.messages.create_partitions import CreatePartitionsRequest, CreatePartitionsTopic

CASE: dict[str, Any] = {
    "feature": "consumer groups",
    "also": (ConsumerGroupDescribeRequest,),
    "needs": NEW_GROUPS,
}
WHY = "KIP-848; GroupMetadataManager.consumerGroupHeartbeat"


@case(ConsumerGroupHeartbeatRequest, why=WHY, **CASE)
def test_the_first_member(kafka: Kafka) -> None:
    """The first member has all partitions with its first answer, a positive epoch and the interval of heartbeats."""
    topic = kafka.topic(partitions=3)
    joined(kafka, topic)  # in another group: the coordinator knows the topic
    member = Consumer(kafka, kafka.group(), topic)
    answer = member.join()
    assert (answer.error_code, answer.error_message, answer.member_id) == (0, None, member.id)
    assert answer.member_epoch > 0
    assert answer.heartbeat_interval_ms > 0
    assert partitions_of(answer.assignment) == {topic.id: [0, 1, 2]}


@case(ConsumerGroupHeartbeatRequest, why=WHY, **CASE)
def test_nothing_new(kafka: Kafka) -> None:
    """While nothing changes, a heartbeat gets the same epoch and no assignment (null: unchanged)."""
    member = joined(kafka, kafka.topic())
    epoch = member.epoch
    answer = member.heartbeat()
    assert (answer.error_code, answer.member_epoch, answer.assignment) == (0, epoch, None)


@case(ConsumerGroupHeartbeatRequest, why=WHY, **CASE)
def test_a_whole_heartbeat_gets_the_assignment(kafka: Kafka) -> None:
    """A heartbeat that says all gets the assignment again, though it is unchanged."""
    topic = kafka.topic()
    member = joined(kafka, topic)
    answer = member.full_heartbeat()
    assert answer.assignment is not None
    assert partitions_of(answer.assignment) == {topic.id: [0]}


@case(ConsumerGroupHeartbeatRequest, why=WHY, **CASE)
def test_a_topic_that_is_not_there(kafka: Kafka) -> None:
    """A member of a topic that does not exist has an empty assignment, which is not null."""
    answer = Consumer(kafka, kafka.group(), subscribed_topic_names=[kafka.name("topic")]).join()
    assert answer.error_code == 0
    assert answer.assignment is not None
    assert partitions_of(answer.assignment) == {}


@case(ConsumerGroupHeartbeatRequest, why="KIP-848: reconciliation", **CASE)
def test_partitions_move_step_by_step(kafka: Kafka) -> None:
    """A newcomer gets a partition only when the other member has said that it has given it back."""
    topic = kafka.topic(partitions=2)
    first = joined(kafka, topic)
    before = first.epoch
    second = Consumer(kafka, first.group, topic)
    assert partitions_of(second.join().assignment) == {}
    revoking = eventually(lambda: (answer := first.heartbeat()).assignment and answer)
    assert revoking.member_epoch == before  # still in the old epoch, to give one back
    (kept,) = partitions_of(revoking.assignment)[topic.id]
    assert second.full_heartbeat().error_code == 0
    assert second.owned == {}
    first.settle(epoch=before + 1)  # says that it owns one only
    assert second.settle({topic.id: [1 - kept]}) == {topic.id: [1 - kept]}
    assert first.epoch == second.epoch == before + 1


@case(ConsumerGroupHeartbeatRequest, why="ConsumerGroup.state", **CASE)
def test_states_of_a_group(kafka: Kafka) -> None:
    """A group is Reconciling while partitions move, Stable when all have what they are to have, Empty when all have left."""
    topic = kafka.topic(partitions=2)
    first = joined(kafka, topic)
    assert described(kafka, first.group).group_state == "Stable"
    second = Consumer(kafka, first.group, topic)
    second.join()
    assert eventually(lambda: described(kafka, first.group).group_state == "Reconciling")
    first.settle(epoch=second.epoch)
    second.settle({topic.id: [0 if first.owned == {topic.id: [1]} else 1]})
    assert described(kafka, first.group).group_state == "Stable"
    first.leave(), second.leave()
    assert described(kafka, first.group).group_state in ("Empty", "Dead")  # Dead once it is cleaned up


@case(ConsumerGroupHeartbeatRequest, why="KIP-848: the group epoch", **CASE)
def test_a_member_changes_its_subscription(kafka: Kafka) -> None:
    """A member that subscribes to something else gets a new epoch and the new partitions; the old ones go."""
    old, new = kafka.topic(), kafka.topic(partitions=2)
    member = joined(kafka, old)
    before = member.epoch
    member.fields["subscribed_topic_names"] = [new.name]
    assert member.settle({new.id: [0, 1]}) == {new.id: [0, 1]}
    assert member.epoch > before


@case(ConsumerGroupHeartbeatRequest, why="KIP-848: the group epoch", **CASE)
def test_the_same_subscription_again(kafka: Kafka) -> None:
    """The same topics again, in another order, are no news: the epoch stays."""
    topics = [kafka.topic(), kafka.topic()]
    member = joined(kafka, *topics)
    before = member.epoch
    answer = member.heartbeat(subscribed_topic_names=[topic.name for topic in reversed(topics)])
    assert (answer.error_code, answer.member_epoch) == (0, before)


@case(ConsumerGroupHeartbeatRequest, why="KIP-848: leaving", **CASE)
def test_a_member_leaves(kafka: Kafka) -> None:
    """Epoch -1 leaves: the answer has epoch -1, the member is unknown then, and the others get its partitions."""
    topic = kafka.topic(partitions=2)
    first = joined(kafka, topic)
    second = Consumer(kafka, first.group, topic)
    second.join()
    first.settle(epoch=second.epoch)
    second.settle()
    answer = second.leave()
    assert (answer.error_code, answer.member_id, answer.member_epoch) == (0, second.id, LEAVE)
    assert second.heartbeat().error_code == ErrorCode.UNKNOWN_MEMBER_ID
    assert first.settle({topic.id: [0, 1]}) == {topic.id: [0, 1]}


@case(ConsumerGroupHeartbeatRequest, why="KIP-848: rejoining", **CASE)
def test_a_member_begins_anew(kafka: Kafka) -> None:
    """A known member that joins again with epoch 0 keeps its place and gets its assignment."""
    topic = kafka.topic(partitions=2)
    member = joined(kafka, topic)
    answer = member.join()
    assert answer.error_code == 0
    assert partitions_of(answer.assignment) == {topic.id: [0, 1]}
    assert len(described(kafka, member.group).members) == 1


@case(ConsumerGroupHeartbeatRequest, why="KIP-848: uniform assignor", **CASE)
def test_partitions_are_shared_out_evenly(kafka: Kafka) -> None:
    """Three members of five partitions have two, two and one, and none twice."""
    topic, group = kafka.topic(partitions=5), kafka.group()
    members = [Consumer(kafka, group, topic) for _ in range(3)]
    for member in members:
        member.join()

    def shared() -> bool:
        for member in members:
            assert member.full_heartbeat().error_code == 0
        rows = [member.owned.get(topic.id, []) for member in members]
        return sorted(p for row in rows for p in row) == list(range(5)) and sorted(map(len, rows)) == [
            1,
            2,
            2,
        ]

    assert eventually(shared)


@case(
    ConsumerGroupHeartbeatRequest,
    versions="latest",
    why="KIP-848: the metadata image",
    **CASE | {"also": (ConsumerGroupDescribeRequest, CreatePartitionsRequest)},
)
def test_a_topic_grows(kafka: Kafka) -> None:
    """Partitions that a topic gets later are assigned without any member asking."""
    topic = kafka.topic()
    member = joined(kafka, topic)
    request = CreatePartitionsRequest(
        topics=[CreatePartitionsTopic(name=topic.name, count=3, assignments=None)], timeout_ms=10_000
    )
    assert kafka.ask(request).results[0].error_code == 0
    assert member.settle({topic.id: [0, 1, 2]}) == {topic.id: [0, 1, 2]}


@case(ConsumerGroupHeartbeatRequest, versions="latest", why="KIP-848: the metadata image", **CASE)
def test_a_topic_comes_to_be(kafka: Kafka) -> None:
    """A topic that is made after somebody subscribed to it is assigned."""
    name = kafka.name("topic")
    member = Consumer(kafka, kafka.group(), subscribed_topic_names=[name])
    member.join()
    topic = kafka.topic(partitions=2, name=name)
    assert member.settle({topic.id: [0, 1]}) == {topic.id: [0, 1]}


@case(ConsumerGroupHeartbeatRequest, versions="1+", why="KIP-848: SubscribedTopicRegex (RE2J)", **CASE)
def test_a_regular_expression(kafka: Kafka) -> None:
    """From v1 on a member may subscribe by a regular expression, which must match the whole name."""
    prefix = kafka.name("regex")
    matching = kafka.topic(name=f"{prefix}-a")
    kafka.topic(name=f"other-{prefix}-a")
    member = Consumer(kafka, kafka.group(), subscribed_topic_regex=f"{prefix}-.*")
    assert member.join().error_code == 0
    assert member.settle({matching.id: [0]}) == {matching.id: [0]}


@case(ConsumerGroupHeartbeatRequest, versions="1+", why="KIP-848: INVALID_REGULAR_EXPRESSION", **CASE)
def test_a_bad_regular_expression(kafka: Kafka) -> None:
    """A regular expression that cannot be read is INVALID_REGULAR_EXPRESSION."""
    answer = Consumer(kafka, kafka.group(), subscribed_topic_regex="[").join()
    assert answer.error_code == ErrorCode.INVALID_REGULAR_EXPRESSION


@case(ConsumerGroupHeartbeatRequest, versions="1+", why="KIP-848", **CASE)
def test_names_and_an_expression(kafka: Kafka) -> None:
    """A member may subscribe by names and by a regular expression at once; an empty expression is none."""
    prefix = kafka.name("regex")
    matching, named = kafka.topic(name=f"{prefix}-a"), kafka.topic()
    member = Consumer(kafka, kafka.group(), named, subscribed_topic_regex=f"{prefix}.+")
    assert member.join().error_code == 0
    both = {matching.id: [0], named.id: [0]}
    assert member.settle(both) == both
    member.fields["subscribed_topic_regex"] = ""
    assert member.settle({named.id: [0]}) == {named.id: [0]}


# --- static members


@case(ConsumerGroupHeartbeatRequest, why="KIP-848: static membership", **CASE)
def test_an_instance_that_is_in_use(kafka: Kafka) -> None:
    """While its former self lives, a second member with the same instance id is UNRELEASED_INSTANCE_ID."""
    topic, instance = kafka.topic(), kafka.name("instance")
    member = joined(kafka, topic, instance=instance)
    answer = Consumer(kafka, member.group, topic, instance=instance).join()
    assert answer.error_code == ErrorCode.UNRELEASED_INSTANCE_ID
    assert member.full_heartbeat().error_code == 0


@case(ConsumerGroupHeartbeatRequest, why="KIP-848: static membership", **CASE)
def test_an_instance_comes_back(kafka: Kafka) -> None:
    """After epoch -2 an instance comes back under another member id, in the same epoch, with its partitions."""
    topic, instance = kafka.topic(partitions=2), kafka.name("instance")
    member = joined(kafka, topic, instance=instance)
    before = member.epoch
    answer = member.leave(LEAVE_STATIC)
    assert (answer.error_code, answer.member_epoch) == (0, LEAVE_STATIC)
    again = Consumer(kafka, member.group, topic, instance=instance)
    answer = again.join()
    assert (answer.error_code, answer.member_epoch) == (0, before)
    assert partitions_of(answer.assignment) == {topic.id: [0, 1]}
    assert [row.member_id for row in described(kafka, member.group).members] == [again.id]


@case(ConsumerGroupHeartbeatRequest, why="KIP-848: static membership", **CASE)
def test_the_former_member_is_fenced(kafka: Kafka) -> None:
    """Once its instance has come back, the former member is FENCED_INSTANCE_ID, or unknown if it hides its instance id."""
    topic, instance = kafka.topic(), kafka.name("instance")
    member = joined(kafka, topic, instance=instance)
    member.leave(LEAVE_STATIC)
    again = Consumer(kafka, member.group, topic, instance=instance)
    assert again.join().error_code == 0
    assert member.full_heartbeat().error_code == ErrorCode.FENCED_INSTANCE_ID
    assert member.heartbeat().error_code == ErrorCode.UNKNOWN_MEMBER_ID


@case(ConsumerGroupHeartbeatRequest, why="KIP-848: static membership", **CASE)
def test_partitions_of_an_instance_that_is_away(kafka: Kafka) -> None:
    """While an instance is away for a while, nobody else gets its partitions."""
    topic, instance = kafka.topic(partitions=2), kafka.name("instance")
    first = joined(kafka, topic)
    static = Consumer(kafka, first.group, topic, instance=instance)
    static.join()
    first.settle(epoch=static.epoch)
    static.settle()
    before = dict(first.owned)
    static.leave(LEAVE_STATIC)
    assert first.settle() == before


@case(ConsumerGroupHeartbeatRequest, why="KIP-848: static membership", **CASE)
def test_an_instance_leaves_for_good(kafka: Kafka) -> None:
    """A static member that leaves with epoch -1 is gone, and its instance id is free."""
    topic, instance = kafka.topic(), kafka.name("instance")
    member = joined(kafka, topic, instance=instance)
    assert member.leave(LEAVE).error_code == 0
    assert Consumer(kafka, member.group, topic, instance=instance).join().error_code == 0


@case(ConsumerGroupHeartbeatRequest, why="KIP-848: static membership", **CASE)
def test_an_unknown_instance(kafka: Kafka) -> None:
    """An instance id that the group does not have is UNKNOWN_MEMBER_ID unless it joins."""
    member = joined(kafka, kafka.topic())
    answer = member.heartbeat(instance_id="nobody")
    assert answer.error_code == ErrorCode.UNKNOWN_MEMBER_ID
