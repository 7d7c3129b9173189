"""What Fetch answers for a partition: offsets, errors, limits, the order of rows."""

from __future__ import annotations

from functools import partial

import pytest

from conformance import Codec, Kafka, Topic, batch, batches_in, case, eventually, records_in
from conformance.partitions import asked, deletion_of, fetch_of, nowhere, part, parts, topic_with
from wire.errors import ErrorCode
from wire.messages.delete_records import DeleteRecordsRequest
from wire.messages.delete_topics import DeleteTopicsRequest, DeleteTopicState
from wire.messages.fetch import FetchRequest, ReplicaState
from wire.messages.produce import ProduceRequest

FEATURE = "fetch"
LIMITS = "fetch limits"
TOPIC_IDS_FROM = 13
READ_COMMITTED = 1
EPOCH = 0  # of a fresh partition's leader
WRITES = (ProduceRequest,)

rows = partial(case, FetchRequest, feature=FEATURE)
limits = partial(case, FetchRequest, feature=LIMITS, versions="4+")


def filled(kafka: Kafka, batches: int = 5, size: int = 1000, partitions: int = 1) -> tuple[Topic, int]:
    """A topic with batches of one record in each partition, and the size of one batch in bytes."""
    topic = kafka.topic(partitions)
    data = batch(b"x" * size)
    for partition in range(partitions):
        for _ in range(batches):
            kafka.produce(topic, records=data, partition=partition)
    return topic, len(data)


def counts(answer: object) -> list[int]:
    """Batches in each row of an answer."""
    return [len(batches_in(row.records)) for *_, row in parts(answer)]


# --- rows


@rows(versions="4+", why="ReplicaManager.fetchMessages", also=WRITES)
def test_the_whole_row(kafka: Kafka, version: int) -> None:
    """High watermark, last stable offset and log start offset come with the records; the rest is as if not there."""
    topic = topic_with(kafka, b"a", b"b")
    row = kafka.fetch(topic)
    assert (row.partition_index, row.error_code) == (0, 0)
    assert (row.high_watermark, row.last_stable_offset) == (2, 2)
    assert row.log_start_offset == (0 if version >= 5 else -1)
    assert (row.diverging_epoch.epoch, row.current_leader.leader_id, row.snapshot_id.epoch) == (-1, -1, -1)
    assert row.preferred_read_replica == -1


@rows(versions="4+", why="FetchResponse; ReplicaManager.readFromLog")
def test_an_empty_partition(kafka: Kafka) -> None:
    """An empty partition gives offsets of 0 and empty records, not null."""
    row = kafka.fetch(kafka.topic())
    assert (row.error_code, row.high_watermark, row.last_stable_offset) == (0, 0, 0)
    assert row.records is not None
    assert len(row.records) == 0


@rows(versions="4+", why="UnifiedLog.read", also=WRITES)
def test_at_the_end(kafka: Kafka) -> None:
    """The offset behind the last record is no error: empty records and the high watermark."""
    topic = topic_with(kafka, b"a", b"b")
    row = kafka.fetch(topic, 2)
    assert (row.error_code, row.high_watermark, len(row.records)) == (0, 2, 0)


@pytest.mark.parametrize("offset", [3, 2**63 - 1, -1, -2])
@rows(versions="4+", why="UnifiedLog.read; ReplicaManager.readFromLog", also=WRITES)
def test_out_of_range(kafka: Kafka, offset: int) -> None:
    """Beyond the end, and below zero: OFFSET_OUT_OF_RANGE with offsets of -1 and no records."""
    topic = topic_with(kafka, b"a", b"b")
    row = kafka.fetch(topic, offset)
    assert row.error_code == ErrorCode.OFFSET_OUT_OF_RANGE
    assert (row.high_watermark, row.last_stable_offset, row.log_start_offset) == (-1, -1, -1)
    assert not row.records


@rows(versions="4+", why="UnifiedLog.read", also=(ProduceRequest, DeleteRecordsRequest))
def test_below_the_start(kafka: Kafka) -> None:
    """Below the log start, where records were deleted: OFFSET_OUT_OF_RANGE; at the start: what is there."""
    topic = kafka.topic()
    for value in (b"a", b"b", b"c"):
        kafka.produce(topic, value)
    kafka.ask(deletion_of((topic, 0, 2)))
    assert kafka.fetch(topic, 1).error_code == ErrorCode.OFFSET_OUT_OF_RANGE
    assert [record.value for record in kafka.records(topic, 2)] == [b"c"]


@rows(versions="5+", why="KIP-107", also=(ProduceRequest, DeleteRecordsRequest))
def test_log_start_offset(kafka: Kafka) -> None:
    """Every row tells where the log starts."""
    topic = topic_with(kafka, b"a", b"b", b"c")
    kafka.ask(deletion_of((topic, 0, 2)))
    assert kafka.fetch(topic, 3).log_start_offset == 2


@rows(versions="4+", why="UnifiedLog.read: whole batches", also=WRITES)
def test_the_log_start_in_the_middle_of_a_batch(kafka: Kafka) -> None:
    """A batch in whose middle the log starts is given whole: the client skips what is before."""
    topic = topic_with(kafka, b"a", b"b", b"c")
    kafka.ask(deletion_of((topic, 0, 2)))
    assert [record.offset for record in records_in(kafka.fetch(topic, 2).records)] == [0, 1, 2]


@pytest.mark.parametrize("codec", [Codec.GZIP, Codec.SNAPPY, Codec.LZ4], ids=lambda codec: codec.name.lower())
@case(
    FetchRequest,
    versions="4+",
    feature="compression",
    why="KIP-74; FileRecords.slice",
    also=WRITES,
)
def test_the_middle_of_a_compressed_batch(kafka: Kafka, codec: Codec) -> None:
    """An offset inside a compressed batch gives the batch as it stands."""
    topic = topic_with(kafka, b"first")
    data = batch(*(b"%d" % number for number in range(20)), codec=codec)
    kafka.produce(topic, records=data)
    stored = bytes(kafka.fetch(topic, 11).records)
    assert [record.offset for record in records_in(stored)] == list(range(1, 21))
    assert stored[17:] == data[17:]


@case(
    FetchRequest,
    versions="4+",
    feature="compression",
    why="KIP-110; KafkaApis.handleFetchRequest",
    also=WRITES,
)
def test_zstd_batches(kafka: Kafka) -> None:
    """A zstd batch in a topic of compression.type=producer is given to every version: nobody looks into it."""
    topic = kafka.topic()
    kafka.produce(topic, b"a", b"b", codec=Codec.ZSTD)
    assert [record.value for record in records_in(kafka.fetch(topic).records)] == [b"a", b"b"]


@case(FetchRequest, versions="4-9", feature="compression", why="KIP-110; KafkaApis.handleFetchRequest")
def test_a_zstd_topic_before_v10(kafka: Kafka) -> None:
    """Before 4.0 a topic of compression.type=zstd answered versions below 10 with UNSUPPORTED_COMPRESSION_TYPE."""
    row = kafka.fetch(kafka.topic(compression_type="zstd"))
    assert row.error_code in kafka.either(v3=ErrorCode.UNSUPPORTED_COMPRESSION_TYPE, v4=0)


@rows(versions="4-12", why="KafkaApis.handleFetchRequest")
def test_unknown_topic(kafka: Kafka) -> None:
    """A topic that does not exist answers UNKNOWN_TOPIC_OR_PARTITION with its name and offsets of -1."""
    topic = nowhere(kafka)
    row = part(kafka.ask(fetch_of((topic, asked(0)))), topic)
    assert row.error_code == ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
    assert (row.high_watermark, row.last_stable_offset, row.log_start_offset) == (-1, -1, -1)
    assert not row.records


@case(FetchRequest, versions="13+", feature="topic ids", why="KIP-516; KafkaApis.handleFetchRequest")
def test_unknown_topic_id(kafka: Kafka) -> None:
    """An id that no topic has answers UNKNOWN_TOPIC_ID for each partition, and no error of the whole."""
    topic = nowhere(kafka)
    answer = kafka.ask(fetch_of((topic, asked(0)), (topic, asked(3))))
    assert answer.error_code == 0
    assert [(index, row.error_code) for _, index, row in parts(answer)] == [
        (0, ErrorCode.UNKNOWN_TOPIC_ID),
        (3, ErrorCode.UNKNOWN_TOPIC_ID),
    ]


@case(FetchRequest, versions="13+", feature="topic ids", why="KIP-516; KafkaApis.handleFetchRequest")
def test_zero_topic_id(kafka: Kafka) -> None:
    """The id of sixteen zero bytes is no topic's: UNKNOWN_TOPIC_ID."""
    topic = kafka.topic()._replace(id=bytes(16))
    assert kafka.fetch(topic).error_code == ErrorCode.UNKNOWN_TOPIC_ID


@pytest.mark.parametrize("partition", [1, -1])
@rows(versions="4+", why="ReplicaManager.getPartitionOrException")
def test_unknown_partition(kafka: Kafka, partition: int) -> None:
    """A partition that the topic does not have answers UNKNOWN_TOPIC_OR_PARTITION, with ids too."""
    row = kafka.fetch(kafka.topic(), partition=partition)
    assert (row.partition_index, row.error_code) == (partition, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)


@rows(versions="4+", why="KafkaApis.handleFetchRequest", also=WRITES)
def test_errors_beside_records(kafka: Kafka) -> None:
    """Each partition has its own answer: records, out of range, unknown."""
    topic = kafka.topic(2)
    kafka.produce(topic, b"a", partition=1)
    answer = kafka.ask(fetch_of((topic, asked(0, 5)), (topic, asked(1)), (topic, asked(2))))
    assert part(answer, topic, 0).error_code == ErrorCode.OFFSET_OUT_OF_RANGE
    assert (part(answer, topic, 1).error_code, part(answer, topic, 1).high_watermark) == (0, 1)
    assert part(answer, topic, 2).error_code == ErrorCode.UNKNOWN_TOPIC_OR_PARTITION


@rows(versions="4+", why="KafkaApis.handleFetchRequest")
def test_no_topics(kafka: Kafka) -> None:
    """A fetch of nothing answers nothing, at once, however long it would wait."""
    answer = kafka.ask(fetch_of(max_wait_ms=20_000), timeout_s=5)
    assert (answer.error_code, list(answer.responses)) == (0, [])


@rows(versions="4+", why="FetchSession; FetchResponse.of", also=WRITES)
def test_order_of_rows(kafka: Kafka) -> None:
    """Rows come in the order in which the partitions were asked for."""
    first, second = kafka.topic(3), kafka.topic()
    wanted = [(first, asked(2)), (first, asked(0)), (second, asked(0)), (first, asked(1))]
    found = [
        (name in (first.name, first.id), index) for name, index, _ in parts(kafka.ask(fetch_of(*wanted)))
    ]
    assert found == [(True, 2), (True, 0), (False, 0), (True, 1)]


@rows(versions="4+", why="FetchRequest.fetchData is a map", also=WRITES)
def test_a_partition_named_twice(kafka: Kafka) -> None:
    """A partition named twice is answered once, as it was named last."""
    topic = topic_with(kafka, b"a")
    kafka.produce(topic, b"b")
    answer = kafka.ask(fetch_of((topic, asked(0, 0)), (topic, asked(0, 1))))
    assert [record.value for record in records_in(part(answer, topic).records)] == [b"b"]


@rows(
    versions="latest",
    why="KafkaApis.handleFetchRequest; ReplicaManager",
    also=(ProduceRequest, DeleteTopicsRequest),
)
def test_a_deleted_topic(kafka: Kafka) -> None:
    """The id of a topic that was deleted is unknown, also when another one has its name now."""
    topic = topic_with(kafka, b"a")
    state = DeleteTopicState(name=topic.name)
    kafka.ask(
        DeleteTopicsRequest(topics=[state], topic_names=[topic.name], timeout_ms=10_000),
        min(5, kafka.version(DeleteTopicsRequest)),
    )
    eventually(lambda: kafka.fetch(topic).error_code == ErrorCode.UNKNOWN_TOPIC_ID)


# --- isolation


@case(
    FetchRequest,
    versions="4+",
    feature="isolation level",
    why="KIP-98; KafkaApis.handleFetchRequest",
    also=WRITES,
)
def test_read_uncommitted_has_no_aborted_transactions(kafka: Kafka) -> None:
    """With isolation level 0 the list of aborted transactions is null."""
    topic = topic_with(kafka, b"a")
    assert kafka.fetch(topic).aborted_transactions is None


@case(
    FetchRequest,
    versions="4+",
    feature="isolation level",
    why="KIP-98; UnifiedLog.read",
    also=WRITES,
)
def test_read_committed_has_a_list(kafka: Kafka) -> None:
    """With isolation level 1 the list of aborted transactions is empty where there are none, and the records come."""
    topic = topic_with(kafka, b"a")
    row = kafka.fetch(topic, isolation_level=READ_COMMITTED)
    assert row.aborted_transactions is not None
    assert len(row.aborted_transactions) == 0
    assert [record.value for record in records_in(row.records)] == [b"a"]


@case(
    FetchRequest,
    versions="4+",
    feature="isolation level",
    why="IsolationLevel.forId; FetchRequest.getErrorResponse",
    also=WRITES,
    differs="isolation-level",
)
def test_unknown_isolation_level(kafka: Kafka, version: int) -> None:
    """An isolation level that nobody knows is an error: of the whole answer from v7, of each partition before."""
    topic = topic_with(kafka, b"a")
    answer = kafka.ask(fetch_of((topic, asked(0)), isolation_level=2))
    code = answer.error_code if version >= 7 else part(answer, topic).error_code
    assert code in (ErrorCode.UNKNOWN_SERVER_ERROR, ErrorCode.INVALID_REQUEST)
    assert not any(row.records for *_, row in parts(answer))


# --- limits


@limits(why="KIP-74; UnifiedLog.read", also=WRITES)
def test_partition_max_bytes(kafka: Kafka) -> None:
    """No more whole batches than partition_max_bytes holds."""
    topic, size = filled(kafka)
    assert counts(kafka.ask(fetch_of((topic, asked(0, 0, 2 * size))))) == [2]
    assert counts(kafka.ask(fetch_of((topic, asked(0, 0, 3 * size - 1))))) == [2]


@pytest.mark.parametrize("limit", [1, 0])
@limits(why="KIP-74; ReplicaManager.readFromLog", also=WRITES)
def test_the_first_batch_is_whole(kafka: Kafka, limit: int) -> None:
    """A batch larger than partition_max_bytes comes whole, or nobody could go on; even with a limit of 0."""
    topic, _ = filled(kafka)
    (row,) = [row for *_, row in parts(kafka.ask(fetch_of((topic, asked(0, 1, limit)))))]
    assert [header.base_offset for header in batches_in(row.records)] == [1]


@limits(why="KIP-74; ReplicaManager.readFromLog", also=WRITES)
def test_max_bytes(kafka: Kafka) -> None:
    """All partitions together give no more than max_bytes, the first ones first; the others their offsets."""
    topic, size = filled(kafka, partitions=3)
    wanted = [(topic, asked(index)) for index in range(3)]
    answer = kafka.ask(fetch_of(*wanted, max_bytes=7 * size))
    assert counts(answer) == [5, 2, 0]
    assert [row.high_watermark for *_, row in parts(answer)] == [5, 5, 5]


@limits(why="KIP-74; ReplicaManager.readFromLog", also=WRITES)
def test_max_bytes_below_one_batch(kafka: Kafka) -> None:
    """max_bytes below the first batch gives that batch, and nothing of the other partitions."""
    topic, _ = filled(kafka, partitions=2)
    answer = kafka.ask(fetch_of((topic, asked(1)), (topic, asked(0)), max_bytes=1))
    assert [index for _, index, _ in parts(answer)] == [1, 0]
    assert counts(answer) == [1, 0]


@limits(why="KIP-74; ReplicaManager.readFromLog", also=WRITES)
def test_only_the_first_partition_with_records_exceeds_its_limit(kafka: Kafka) -> None:
    """Empty partitions do not use up the right to one whole batch; a second partition has no such right."""
    topic = kafka.topic(3)
    for partition in (1, 2):
        kafka.produce(topic, b"x" * 1000, partition=partition)
    answer = kafka.ask(fetch_of(*((topic, asked(index, 0, 10)) for index in range(3))))
    assert counts(answer) == [0, 1, 0]


@case(FetchRequest, versions="latest", feature=LIMITS, why="KIP-74; FileRecords", also=WRITES)
def test_incomplete_batches_are_no_use(kafka: Kafka) -> None:
    """What follows the last whole batch, if anything, is the beginning of the next one."""
    topic, size = filled(kafka)
    stored = bytes(kafka.fetch(topic, partition_max_bytes=2 * size + 300).records)
    whole = bytes(kafka.fetch(topic).records)
    assert 2 * size <= len(stored) <= 2 * size + 300
    assert whole.startswith(stored)


# --- who asks


@rows(versions="4+", why="Partition.followerReplicaOrThrow; KIP-903", also=WRITES)
def test_a_fetch_as_a_broker_that_is_no_replica(kafka: Kafka, version: int) -> None:
    """A replica id that is none of the partition's replicas gets no records."""
    topic = topic_with(kafka, b"a")
    options = (
        {"replica_id": 4711}
        if version < 15
        else {"replica_state": ReplicaState(replica_id=4711, replica_epoch=1)}
    )
    row = part(kafka.ask(fetch_of((topic, asked(0)), **options)), topic)
    assert row.error_code != 0
    assert not row.records


@rows(versions="11+", why="KIP-392", also=WRITES)
def test_rack(kafka: Kafka) -> None:
    """A rack that no broker is in changes nothing: no preferred replica, and the records come."""
    topic = topic_with(kafka, b"a")
    row = part(kafka.ask(fetch_of((topic, asked(0)), rack_id="nowhere")), topic)
    assert (row.error_code, row.preferred_read_replica) == (0, -1)
    assert records_in(row.records)


@rows(versions="12+", why="KIP-595; a broker does not look at it")
def test_cluster_id(kafka: Kafka) -> None:
    """The cluster id in a fetch is for the quorum's controllers alone: a broker does not compare it."""
    topic = kafka.topic()
    row = part(kafka.ask(fetch_of((topic, asked(0)), cluster_id="another-cluster")), topic)
    assert row.error_code == 0


# --- leader epochs


@case(
    FetchRequest,
    versions="9+",
    feature="leader epochs",
    why="KIP-320; Partition.checkCurrentLeaderEpoch",
    also=WRITES,
)
def test_current_leader_epoch(kafka: Kafka) -> None:
    """The right epoch, and none, are served."""
    topic = topic_with(kafka, b"a")
    for epoch in (EPOCH, -1):
        assert kafka.fetch(topic, current_leader_epoch=epoch).error_code == 0


@case(FetchRequest, versions="9+", feature="leader epochs", why="KIP-320; Partition.checkCurrentLeaderEpoch")
def test_an_epoch_to_come(kafka: Kafka) -> None:
    """A leader epoch that the broker does not know yet answers UNKNOWN_LEADER_EPOCH."""
    row = kafka.fetch(kafka.topic(), current_leader_epoch=EPOCH + 1)
    assert row.error_code == ErrorCode.UNKNOWN_LEADER_EPOCH


@case(FetchRequest, versions="9+", feature="leader epochs", why="FetchRequest.optionalEpoch")
def test_a_negative_epoch(kafka: Kafka) -> None:
    """Any negative leader epoch means none."""
    assert kafka.fetch(kafka.topic(), current_leader_epoch=-2).error_code == 0


@case(
    FetchRequest,
    versions="9+",
    feature="leader epochs",
    why="Partition.checkCurrentLeaderEpoch; UnifiedLog.read",
)
def test_the_epoch_is_looked_at_before_the_offset(kafka: Kafka) -> None:
    """A wrong epoch and an offset out of range: the epoch is told."""
    row = kafka.fetch(kafka.topic(), 99, current_leader_epoch=EPOCH + 1)
    assert row.error_code == ErrorCode.UNKNOWN_LEADER_EPOCH


@case(
    FetchRequest,
    versions="12+",
    feature="leader epochs",
    why="KIP-595; Partition.readRecords",
    also=WRITES,
)
def test_last_fetched_epoch(kafka: Kafka) -> None:
    """A last fetched epoch that agrees with the log is served without a word."""
    topic = topic_with(kafka, b"a")
    kafka.produce(topic, b"b")
    row = kafka.fetch(topic, 1, last_fetched_epoch=EPOCH, current_leader_epoch=EPOCH)
    assert (row.error_code, row.diverging_epoch.epoch) == (0, -1)
    assert [record.value for record in records_in(row.records)] == [b"b"]


@case(
    FetchRequest,
    versions="12+",
    feature="leader epochs",
    why="KIP-595; Partition.readRecords",
    also=WRITES,
)
def test_a_reader_that_is_ahead_diverges(kafka: Kafka) -> None:
    """Where the epoch ends before the fetch offset: the diverging epoch with its end, no records and no error."""
    topic = topic_with(kafka, b"a", b"b")
    row = kafka.fetch(topic, 7, last_fetched_epoch=EPOCH)
    assert row.error_code == 0
    assert (row.diverging_epoch.epoch, row.diverging_epoch.end_offset) == (EPOCH, 2)
    assert not row.records
