"""Members of groups of the new consumer protocol (KIP-848).

    first = Consumer(kafka, kafka.group(), topic)
    first.join()
    assert first.settle() == {topic.id: [0, 1]}      # heartbeats until it has what the broker wants it to have

A member joins and reconciles by heartbeats alone: it says what it owns, the broker what it should own.
"""

from __future__ import annotations

from typing import Any

from conformance.kafka import Kafka, Topic, eventually
from conformance.needs import Feature
from wire.messages.consumer_group_describe import ConsumerGroupDescribeRequest
from wire.messages.consumer_group_heartbeat import ConsumerGroupHeartbeatRequest, TopicPartitions

NEW_GROUPS = (Feature("group.version"),)  # 3.9 announces the APIs also where it does not serve them
JOIN, LEAVE, LEAVE_STATIC = 0, -1, -2  # member epochs

Partitions = dict[bytes, list[int]]


def partitions_of(assignment: Any) -> Partitions:
    """Topic id -> partitions, of an Assignment."""
    return {bytes(row.topic_id): sorted(row.partitions) for row in assignment.topic_partitions}


class Consumer:
    """One member. owned: what it holds and says so; epoch: as the broker told it last."""

    def __init__(
        self,
        kafka: Kafka,
        group: str,
        *topics: Topic,
        instance: str | None = None,
        id: str | None = None,
        **fields: Any,
    ) -> None:
        self.kafka, self.group, self.instance = kafka, group, instance
        self.id = kafka.name("member") if id is None else id
        self.fields = {
            "rebalance_timeout_ms": 30_000,
            "subscribed_topic_names": [topic.name for topic in topics] if topics else None,
            "instance_id": instance,
        } | fields
        self.epoch = JOIN
        self.owned: Partitions = {}
        self.interval_ms = 0

    def heartbeat(self, **changes: Any) -> Any:
        """A heartbeat that says only what it must, and `changes`; the answer is remembered unless it is an error."""
        fields = {"group_id": self.group, "member_id": self.id, "member_epoch": self.epoch} | changes
        answer = self.kafka.ask(ConsumerGroupHeartbeatRequest(**fields))
        if answer.error_code == 0 and answer.member_epoch >= 0:
            self.id, self.epoch, self.interval_ms = (
                answer.member_id,
                answer.member_epoch,
                answer.heartbeat_interval_ms,
            )
            if answer.assignment is not None:
                self.owned = partitions_of(answer.assignment)
        return answer

    def full_heartbeat(self, **changes: Any) -> Any:
        """A heartbeat that says all."""
        return self.heartbeat(**self.fields | {"topic_partitions": owned_rows(self.owned)} | changes)

    def join(self, **changes: Any) -> Any:
        """The first heartbeat, or one to begin anew."""
        self.epoch, self.owned = JOIN, {}
        return self.full_heartbeat(**changes)

    def settle(self, until: Partitions | None = None, epoch: int = 1) -> Partitions:
        """Heartbeats, owning what was assigned, until it owns `until` (None: whatever stays), from this epoch on."""

        def beat() -> Any:
            before = self.owned
            assert self.full_heartbeat().error_code == 0
            return self.epoch >= epoch and self.owned == (before if until is None else until)

        eventually(beat)
        return self.owned

    def leave(self, epoch: int = LEAVE) -> Any:
        return self.heartbeat(member_epoch=epoch, instance_id=self.instance)


def owned_rows(owned: Partitions) -> list[Any]:
    return [TopicPartitions(topic_id=topic_id, partitions=list(rows)) for topic_id, rows in owned.items()]


def joined(kafka: Kafka, *topics: Topic, group: str | None = None, **options: Any) -> Consumer:
    """The only member of a fresh group, with all partitions of its topics, which the coordinator knows by now."""
    member = Consumer(kafka, group or kafka.group(), *topics, **options)
    assert member.join().error_code == 0
    member.settle({topic.id: list(range(topic.partitions)) for topic in topics})
    return member


def described(kafka: Kafka, group: str) -> Any:
    """The group's row of ConsumerGroupDescribe."""
    (row,) = kafka.ask(ConsumerGroupDescribeRequest(group_ids=[group])).groups
    return row
