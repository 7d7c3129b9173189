"""Members of share groups (KIP-932).

    member = sharing(kafka, topic)               # joined, its session is open, it begins at the earliest record
    row = member.take(topic)                     # the partition's answer, once there are records in it
    member.acknowledge(topic, (0, 2, ACCEPT))

A member joins by heartbeats; with each leader it has a session whose epoch counts its requests.
"""

from __future__ import annotations

import base64
import os
from typing import Any

from conformance.kafka import Kafka, Topic, eventually
from conformance.needs import Feature
from wire.messages.incremental_alter_configs import (
    AlterableConfig,
    AlterConfigsResource,
    IncrementalAlterConfigsRequest,
)
from wire.messages.share_acknowledge import (
    AcknowledgementBatch,
    AcknowledgePartition,
    AcknowledgeTopic,
    ShareAcknowledgeRequest,
)
from wire.messages.share_fetch import AcknowledgementBatch as FetchAcknowledgementBatch
from wire.messages.share_fetch import FetchPartition, FetchTopic, ShareFetchRequest
from wire.messages.share_group_describe import ShareGroupDescribeRequest
from wire.messages.share_group_heartbeat import ShareGroupHeartbeatRequest

SHARE_GROUPS = (Feature("share.version"),)
JOIN, LEAVE = 0, -1  # member epochs
OPEN, CLOSE = 0, -1  # session epochs
GAP, ACCEPT, RELEASE, REJECT, RENEW = range(5)
GROUP_RESOURCE = 32
INTERVAL_MS = 7000  # not the default, and within the bounds of every broker

Acknowledgement = tuple[int, int, int | list[int]]  # first and last offset; one type for all, or one for each


def member_id() -> str:
    """A uuid as Kafka's clients write it; sessions take no other text."""
    return base64.urlsafe_b64encode(os.urandom(16)).decode().rstrip("=")


class ShareMember:
    """One member. epoch: of the member; session: of its next request to the leader."""

    def __init__(self, kafka: Kafka, group: str, *topics: Topic, id: str | None = None) -> None:
        self.kafka, self.group, self.topics = kafka, group, topics
        self.id = member_id() if id is None else id
        self.epoch = JOIN
        self.session = OPEN
        self.assigned: dict[bytes, list[int]] = {}

    # --- the group

    def heartbeat(self, **changes: Any) -> Any:
        fields = {"group_id": self.group, "member_id": self.id, "member_epoch": self.epoch} | changes
        answer = self.kafka.ask(ShareGroupHeartbeatRequest(**fields))
        if answer.error_code == 0 and answer.member_epoch >= 0:
            self.id, self.epoch = answer.member_id, answer.member_epoch
            if answer.assignment is not None:
                self.assigned = {
                    bytes(row.topic_id): sorted(row.partitions) for row in answer.assignment.topic_partitions
                }
        return answer

    def join(self, **changes: Any) -> Any:
        """The first heartbeat, or one to begin anew."""
        self.epoch = JOIN
        return self.heartbeat(**{"subscribed_topic_names": [topic.name for topic in self.topics]} | changes)

    def settle(self, until: dict[bytes, list[int]]) -> None:
        """Heartbeats until it is assigned this; a broker may have to prepare partitions first."""
        eventually(lambda: self.heartbeat().error_code == 0 and self.assigned == until)

    def leave(self) -> Any:
        return self.heartbeat(member_epoch=LEAVE)

    # --- records

    def fetch_request(
        self, topic: Topic, *acknowledged: Acknowledgement, partition: int = 0, **changes: Any
    ) -> Any:
        """A ShareFetch of one partition, as the next request of the session."""
        rows = [
            FetchAcknowledgementBatch(first_offset=first, last_offset=last, acknowledge_types=types(kind))
            for first, last, kind in acknowledged
        ]
        wanted = FetchPartition(
            partition_index=partition, partition_max_bytes=1 << 20, acknowledgement_batches=rows
        )
        fields = {
            "group_id": self.group,
            "member_id": self.id,
            "share_session_epoch": self.session,
            "max_wait_ms": 100,
            "min_bytes": 1,
            "max_bytes": 1 << 20,
            "max_records": 500,
            "batch_size": 500,
            "topics": [FetchTopic(topic_id=topic.id, partitions=[wanted])],
        } | changes
        return ShareFetchRequest(**fields)

    def fetch(self, topic: Topic, *acknowledged: Acknowledgement, **changes: Any) -> Any:
        """A ShareFetch of one partition and its answer."""
        request = self.fetch_request(topic, *acknowledged, **changes)
        answer = self.kafka.ask(request)
        self._count(answer, request.share_session_epoch)
        return answer

    def _count(self, answer: Any, epoch: int) -> None:
        if answer.error_code == 0:
            self.session = OPEN if epoch == CLOSE else epoch + 1

    def take(self, topic: Topic, **options: Any) -> Any:
        """The partition's part of a ShareFetch, asked until it has acquired records."""

        def acquired() -> Any:
            answer = self.fetch(topic, **options)
            row = partition_of(answer)
            assert row is not None, answer
            assert row.acquired_records, row
            return row

        return eventually(acquired)

    def acknowledge(
        self, topic: Topic, *acknowledged: Acknowledgement, partition: int = 0, **changes: Any
    ) -> Any:
        """A ShareAcknowledge of one partition, which is the next request of the session."""
        rows = [
            AcknowledgementBatch(first_offset=first, last_offset=last, acknowledge_types=types(kind))
            for first, last, kind in acknowledged
        ]
        wanted = AcknowledgePartition(partition_index=partition, acknowledgement_batches=rows)
        fields = {
            "group_id": self.group,
            "member_id": self.id,
            "share_session_epoch": self.session,
            "topics": [AcknowledgeTopic(topic_id=topic.id, partitions=[wanted])],
        } | changes
        answer = self.kafka.ask(ShareAcknowledgeRequest(**fields))
        self._count(answer, fields["share_session_epoch"])
        return answer


def types(kind: int | list[int]) -> list[int]:
    return [kind] if isinstance(kind, int) else kind


def partition_of(answer: Any) -> Any:
    """The only partition of an answer; None if there is none."""
    return next((row for topic in answer.responses for row in topic.partitions), None)


def acquired(row: Any) -> list[tuple[int, int, int]]:
    """First and last offset and delivery count of what a member was given."""
    return [(each.first_offset, each.last_offset, each.delivery_count) for each in row.acquired_records]


def share_group(kafka: Kafka, **settings: Any) -> str:
    """A fresh group that begins at the earliest record. settings: others of its own, without "share.", `_` for `.`.

    A broker may take a moment until it heeds them: that shows by the interval of heartbeats, which a first member is told.
    """
    group = kafka.group()
    wanted = {"auto_offset_reset": "earliest", "heartbeat_interval_ms": INTERVAL_MS} | settings
    configs = [
        AlterableConfig(name=f"share.{name.replace('_', '.')}", value=str(value))
        for name, value in wanted.items()
    ]
    resource = AlterConfigsResource(resource_type=GROUP_RESOURCE, resource_name=group, configs=configs)
    (row,) = kafka.ask(IncrementalAlterConfigsRequest(resources=[resource])).responses
    assert row.error_code == 0, row.error_message
    probe = ShareMember(kafka, group)
    probe.join(subscribed_topic_names=["no-topic"])
    eventually(lambda: probe.heartbeat().heartbeat_interval_ms == wanted["heartbeat_interval_ms"])
    assert probe.leave().error_code == 0
    return group


def sharing(kafka: Kafka, *topics: Topic, group: str | None = None) -> ShareMember:
    """A member that is assigned all partitions of its topics, in a fresh group if none is given."""
    member = ShareMember(kafka, group or share_group(kafka), *topics)
    assert member.join().error_code == 0
    member.settle({topic.id: list(range(topic.partitions)) for topic in topics})
    return member


def described(kafka: Kafka, group: str) -> Any:
    """The group's row of ShareGroupDescribe."""
    (row,) = kafka.ask(ShareGroupDescribeRequest(group_ids=[group])).groups
    return row
