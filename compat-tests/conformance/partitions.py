"""Requests about several partitions at once, and a partition's part of such an answer.

    answer = kafka.ask(produce_to((topic, 0, batch(b"a")), (topic, 7, batch(b"b"))))
    assert part(answer, topic, 7).error_code == 3

An unknown topic is one that nobody made: `nowhere(kafka)` has a fresh name and a fresh id.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from typing import Any

from conformance.kafka import Kafka, Topic
from conformance.records import Record
from wire.messages.delete_records import DeleteRecordsPartition, DeleteRecordsRequest, DeleteRecordsTopic
from wire.messages.fetch import FetchPartition, FetchRequest, FetchTopic
from wire.messages.list_offsets import ListOffsetsPartition, ListOffsetsRequest, ListOffsetsTopic
from wire.messages.offset_for_leader_epoch import (
    OffsetForLeaderEpochRequest,
    OffsetForLeaderPartition,
    OffsetForLeaderTopic,
)
from wire.messages.produce import PartitionProduceData, ProduceRequest, TopicProduceData


def nowhere(kafka: Kafka) -> Topic:
    """A topic that does not exist."""
    return Topic(kafka.name("nowhere"), os.urandom(16), 1)


def topic_with(kafka: Kafka, *records: Record | bytes, **configs: Any) -> Topic:
    """A fresh topic of one partition with these records in one batch."""
    topic = kafka.topic(**configs)
    kafka.produce(topic, *records)
    return topic


def _by_topic(entries: Iterable[tuple[Topic, Any]]) -> list[tuple[Topic, list[Any]]]:
    """Neighbours of one topic together, in the order given."""
    found: list[tuple[Topic, list[Any]]] = []
    for topic, entry in entries:
        if not found or found[-1][0] != topic:
            found.append((topic, []))
        found[-1][1].append(entry)
    return found


def produce_to(*entries: tuple[Topic, int, bytes | None], acks: int = -1, timeout_ms: int = 10_000) -> Any:
    """A Produce. entries: (topic, partition, records)."""
    rows = [(topic, PartitionProduceData(index=index, records=records)) for topic, index, records in entries]
    topics = [
        TopicProduceData(name=topic.name, topic_id=topic.id, partition_data=datas)
        for topic, datas in _by_topic(rows)
    ]
    return ProduceRequest(transactional_id=None, acks=acks, timeout_ms=timeout_ms, topic_data=topics)


def asked(partition: int, fetch_offset: int = 0, partition_max_bytes: int = 1 << 20, **fields: Any) -> Any:
    """One partition of a Fetch."""
    return FetchPartition(
        partition=partition, fetch_offset=fetch_offset, partition_max_bytes=partition_max_bytes, **fields
    )


def fetch_of(*entries: tuple[Topic, Any], **fields: Any) -> Any:
    """A Fetch that does not wait. entries: (topic, `asked(...)`); fields: further ones of FetchRequest."""
    topics = [
        FetchTopic(topic=topic.name, topic_id=topic.id, partitions=rows) for topic, rows in _by_topic(entries)
    ]
    options = {"max_wait_ms": 0, "min_bytes": 1, "max_bytes": 1 << 20} | fields
    return FetchRequest(topics=topics, **options)


def offsets_of(
    *entries: tuple[Topic, int, int], isolation_level: int = 0, replica_id: int = -1, **fields: Any
) -> Any:
    """A ListOffsets. entries: (topic, partition, timestamp); fields: further ones of each ListOffsetsPartition."""
    rows = [
        (topic, ListOffsetsPartition(partition_index=index, timestamp=timestamp, **fields))
        for topic, index, timestamp in entries
    ]
    topics = [ListOffsetsTopic(name=topic.name, partitions=found) for topic, found in _by_topic(rows)]
    return ListOffsetsRequest(replica_id=replica_id, isolation_level=isolation_level, topics=topics)


def epochs_of(*entries: tuple[Topic, int, int], current: int = -1, replica_id: int = -1) -> Any:
    """An OffsetForLeaderEpoch. entries: (topic, partition, leader epoch); current: the current leader epoch of each."""
    rows = [
        (
            topic,
            OffsetForLeaderPartition(partition=index, leader_epoch=epoch, current_leader_epoch=current),
        )
        for topic, index, epoch in entries
    ]
    topics = [OffsetForLeaderTopic(topic=topic.name, partitions=found) for topic, found in _by_topic(rows)]
    return OffsetForLeaderEpochRequest(replica_id=replica_id, topics=topics)


def deletion_of(*entries: tuple[Topic, int, int], timeout_ms: int = 10_000) -> Any:
    """A DeleteRecords. entries: (topic, partition, offset)."""
    rows = [
        (topic, DeleteRecordsPartition(partition_index=index, offset=offset))
        for topic, index, offset in entries
    ]
    topics = [DeleteRecordsTopic(name=topic.name, partitions=found) for topic, found in _by_topic(rows)]
    return DeleteRecordsRequest(topics=topics, timeout_ms=timeout_ms)


def parts(answer: Any) -> Iterator[tuple[str | bytes, int, Any]]:
    """(topic name, or id where there is no name, partition, row) of each partition, in the order of the answer."""
    for topic in _first(answer, "responses", "topics") or ():
        name = _first(topic, "name", "topic") or bytes(getattr(topic, "topic_id", b""))
        for row in _first(topic, "partition_responses", "partitions") or ():
            index = next(
                getattr(row, field)
                for field in ("index", "partition_index", "partition")
                if hasattr(row, field)
            )
            yield name, index, row


def part(answer: Any, topic: Topic, partition: int = 0) -> Any:
    """The one row of this partition. Raises: AssertionError if there is none, or more."""
    found = [
        row for name, index, row in parts(answer) if name in (topic.name, topic.id) and index == partition
    ]
    assert len(found) == 1, f"{len(found)} rows for partition {partition} of {topic.name}"
    return found[0]


def _first(obj: Any, *names: str) -> Any:
    for name in names:
        if value := getattr(obj, name, None):
            return value
    return None
