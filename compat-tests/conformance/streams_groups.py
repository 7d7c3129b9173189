"""Members of streams groups (KIP-1071): applications of Kafka Streams, whose tasks the broker shares out.

    member = StreamsMember(kafka, kafka.group(), topology("sub", topic))
    member.join()
    assert member.settle() == {"sub": [0, 1]}

A subtopology has one task for each partition of its source topics.
"""

from __future__ import annotations

from typing import Any

from conformance.kafka import Kafka, Topic, eventually
from conformance.needs import Feature
from wire.messages.streams_group_describe import StreamsGroupDescribeRequest
from wire.messages.streams_group_heartbeat import StreamsGroupHeartbeatRequest, Subtopology, TaskIds, Topology

STREAMS_GROUPS = (Feature("streams.version"),)
JOIN, LEAVE = 0, -1  # member epochs

Tasks = dict[str, list[int]]  # subtopology -> partitions


def topology(name: str, *topics: Topic | str, epoch: int = 0, **parts: Any) -> Any:
    """One subtopology that reads these topics."""
    sources = [topic if isinstance(topic, str) else topic.name for topic in topics]
    return Topology(
        epoch=epoch,
        subtopologies=[Subtopology(**{"subtopology_id": name, "source_topics": sources} | parts)],
    )


def rows_of(tasks: Tasks) -> list[Any]:
    return [TaskIds(subtopology_id=name, partitions=list(partitions)) for name, partitions in tasks.items()]


def tasks_of(rows: Any) -> Tasks:
    return {row.subtopology_id: sorted(row.partitions) for row in rows}


class StreamsMember:
    """One member. active: tasks that it runs and says so."""

    def __init__(self, kafka: Kafka, group: str, topology: Any = None, **fields: Any) -> None:
        self.kafka, self.group = kafka, group
        self.id = kafka.name("member")
        self.fields = {
            "topology": topology,
            "rebalance_timeout_ms": 30_000,
            "process_id": kafka.name("process"),
            "client_tags": [],
            "standby_tasks": [],
            "warmup_tasks": [],
        } | fields
        self.epoch = JOIN
        self.active: Tasks = {}

    def heartbeat(self, **changes: Any) -> Any:
        """A heartbeat that says only what it must, and `changes`; the answer is remembered unless it is an error."""
        fields = {"group_id": self.group, "member_id": self.id, "member_epoch": self.epoch} | changes
        answer = self.kafka.ask(StreamsGroupHeartbeatRequest(**fields))
        if answer.error_code == 0 and answer.member_epoch >= 0:
            self.epoch = answer.member_epoch
            if answer.active_tasks is not None:
                self.active = tasks_of(answer.active_tasks)
        return answer

    def join(self, **changes: Any) -> Any:
        """The first heartbeat, or one to begin anew."""
        self.epoch, self.active = JOIN, {}
        return self.heartbeat(**self.fields | {"active_tasks": []} | changes)

    def run(self) -> Any:
        """A heartbeat that says which tasks it runs: all that it was given."""
        return self.heartbeat(active_tasks=rows_of(self.active), standby_tasks=[], warmup_tasks=[])

    def settle(self, until: Tasks) -> Tasks:
        """Heartbeats until it runs these."""
        eventually(lambda: self.run().error_code == 0 and self.active == until)
        return self.active

    def leave(self) -> Any:
        return self.heartbeat(member_epoch=LEAVE)


def described(kafka: Kafka, group: str) -> Any:
    """The group's row of StreamsGroupDescribe."""
    (row,) = kafka.ask(StreamsGroupDescribeRequest(group_ids=[group])).groups
    return row
