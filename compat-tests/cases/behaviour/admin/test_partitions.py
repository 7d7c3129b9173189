"""ElectLeaders, AlterPartitionReassignments, ListPartitionReassignments, DescribeLogDirs, AlterReplicaLogDirs."""

from __future__ import annotations

from typing import Any

import pytest

from conformance import Brokers, Kafka, Topic, case, eventually, make
from conformance.admin import topic_row
from wire.errors import ErrorCode
from wire.messages.alter_partition_reassignments import AlterPartitionReassignmentsRequest
from wire.messages.alter_replica_log_dirs import AlterReplicaLogDirsRequest
from wire.messages.describe_log_dirs import DescribeLogDirsRequest
from wire.messages.elect_leaders import ElectLeadersRequest
from wire.messages.list_partition_reassignments import ListPartitionReassignmentsRequest

PREFERRED, UNCLEAN = 0, 1
ELECT, REASSIGN, DIRS = "elect leaders", "reassignments", "log dirs"

# --- elections


def elect(kafka: Kafka, topics: dict[str, list[int]] | None, kind: int = PREFERRED) -> Any:
    """The answer; topics None: all."""
    rows = (
        None
        if topics is None
        else [{"topic": name, "partitions": indexes} for name, indexes in topics.items()]
    )
    values = {"election_type": kind, "topic_partitions": rows, "timeout_ms": 10_000}
    return kafka.ask(make(ElectLeadersRequest, values))


def codes(answer: Any) -> dict[tuple[str, int], int]:
    """(topic, partition) -> code of an election."""
    return {
        (row.topic, each.partition_id): each.error_code
        for row in answer.replica_election_results
        for each in row.partition_result
    }


@case(ElectLeadersRequest, feature=ELECT, why="KIP-183; ReplicationControlManager.electLeaders")
def test_not_needed(kafka: Kafka) -> None:
    """A partition that its preferred replica leads answers ELECTION_NOT_NEEDED."""
    topic = kafka.topic(2)
    answer = elect(kafka, {topic.name: [0, 1]})
    assert answer.error_code == 0
    assert codes(answer) == dict.fromkeys(
        [(topic.name, 0), (topic.name, 1)], int(ErrorCode.ELECTION_NOT_NEEDED)
    )


@case(ElectLeadersRequest, versions="1+", feature=ELECT, why="KIP-460")
def test_unclean_not_needed(kafka: Kafka) -> None:
    """An unclean election of a partition that is led answers ELECTION_NOT_NEEDED."""
    topic = kafka.topic()
    answer = elect(kafka, {topic.name: [0]}, UNCLEAN)
    assert codes(answer) == {(topic.name, 0): ErrorCode.ELECTION_NOT_NEEDED}


@case(ElectLeadersRequest, feature=ELECT, why="ReplicationControlManager.electLeader")
def test_unknown_partitions(kafka: Kafka) -> None:
    """A partition or a topic that is not there answers UNKNOWN_TOPIC_OR_PARTITION, the others are elected."""
    topic, unknown = kafka.topic(), kafka.name("topic")
    assert codes(elect(kafka, {topic.name: [0, 7], unknown: [0]})) == {
        (topic.name, 0): ErrorCode.ELECTION_NOT_NEEDED,
        (topic.name, 7): ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
        (unknown, 0): ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
    }


@pytest.mark.parametrize("kind", [PREFERRED, UNCLEAN], ids=["preferred", "unclean"])
@case(ElectLeadersRequest, versions="1+", feature=ELECT, why="KIP-183; KafkaAdminClient.electLeaders")
def test_all_partitions(kafka: Kafka, kind: int) -> None:
    """Null asks for all partitions; those that need no election are left out."""
    topic = kafka.topic()
    answer = elect(kafka, None, kind)
    assert answer.error_code == 0
    assert (topic.name, 0) not in codes(answer)


@case(ElectLeadersRequest, feature=ELECT, why="ReplicationControlManager.electLeaders")
def test_elect_nothing(kafka: Kafka) -> None:
    """An empty list asks for nothing."""
    assert codes(elect(kafka, {})) == {}


@case(ElectLeadersRequest, versions="1+", feature=ELECT, why="KIP-460; ElectionType.valueOf", line="4.x")
def test_unknown_election(kafka: Kafka) -> None:
    """A type of election that is not known answers INVALID_REQUEST, as a whole and for each partition."""
    topic = kafka.topic()
    answer = elect(kafka, {topic.name: [0]}, 5)
    assert answer.error_code == ErrorCode.INVALID_REQUEST
    assert codes(answer) == {(topic.name, 0): ErrorCode.INVALID_REQUEST}


# --- reassignments


def reassign(kafka: Kafka, *partitions: tuple[str, int, list[int] | None], **options: Any) -> Any:
    """The answer; replicas None: cancel."""
    rows = [
        {"name": name, "partitions": [{"partition_index": index, "replicas": replicas}]}
        for name, index, replicas in partitions
    ]
    return kafka.ask(
        make(AlterPartitionReassignmentsRequest, {"topics": rows, "timeout_ms": 10_000, **options})
    )


def reassigned(answer: Any) -> dict[tuple[str, int], int]:
    """(topic, partition) -> code."""
    assert answer.error_code == 0
    return {
        (row.name, each.partition_index): each.error_code
        for row in answer.responses
        for each in row.partitions
    }


@case(AlterPartitionReassignmentsRequest, feature=REASSIGN, why="KIP-455; cancelPartitionReassignment")
def test_cancel_nothing(kafka: Kafka) -> None:
    """To cancel where nothing is going on answers NO_REASSIGNMENT_IN_PROGRESS."""
    topic = kafka.topic()
    answer = reassigned(reassign(kafka, (topic.name, 0, None)))
    assert answer == {(topic.name, 0): ErrorCode.NO_REASSIGNMENT_IN_PROGRESS}


@case(AlterPartitionReassignmentsRequest, feature=REASSIGN, why="KIP-455; changePartitionReassignment")
def test_where_it_is(kafka: Kafka) -> None:
    """A reassignment to where the partition is already is done at once."""
    topic = kafka.topic()
    replicas = list(topic_row(kafka, topic.name).partitions[0].replica_nodes)
    assert reassigned(reassign(kafka, (topic.name, 0, replicas))) == {(topic.name, 0): 0}
    assert kafka.offset(topic) == 0


@pytest.mark.parametrize("replicas", [[], [9999], [-1], "twice"], ids=str)
@case(
    AlterPartitionReassignmentsRequest,
    feature=REASSIGN,
    why="KIP-455; ReplicationControlManager.validateManualPartitionAssignment",
)
def test_invalid_assignment(kafka: Kafka, replicas: list[int] | str) -> None:
    """No replica, one on a broker that is not there, and one twice answer INVALID_REPLICA_ASSIGNMENT."""
    topic = kafka.topic()
    wanted = [min(kafka.nodes)] * 2 if replicas == "twice" else list(replicas)
    answer = reassigned(reassign(kafka, (topic.name, 0, wanted)))
    assert answer == {(topic.name, 0): ErrorCode.INVALID_REPLICA_ASSIGNMENT}


@case(AlterPartitionReassignmentsRequest, feature=REASSIGN, why="KIP-455")
def test_reassign_unknown(kafka: Kafka) -> None:
    """A topic or a partition that is not there answers UNKNOWN_TOPIC_OR_PARTITION, the others are reassigned."""
    topic, unknown, node = kafka.topic(), kafka.name("topic"), min(kafka.nodes)
    answer = reassign(kafka, (unknown, 0, [node]), (topic.name, 7, [node]))
    assert reassigned(answer) == dict.fromkeys(
        [(unknown, 0), (topic.name, 7)], int(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
    )


@case(AlterPartitionReassignmentsRequest, feature=REASSIGN, why="KIP-455", line="4.x")
def test_cancel_unknown(kafka: Kafka) -> None:
    """To cancel in a partition that is not there answers UNKNOWN_TOPIC_OR_PARTITION."""
    topic = kafka.topic()
    answer = reassigned(reassign(kafka, (topic.name, 7, None)))
    assert answer == {(topic.name, 7): ErrorCode.UNKNOWN_TOPIC_OR_PARTITION}


@case(AlterPartitionReassignmentsRequest, feature=REASSIGN, why="KIP-455")
def test_reassign_nothing(kafka: Kafka) -> None:
    """A request about nothing is answered about nothing."""
    assert reassigned(reassign(kafka)) == {}


@case(AlterPartitionReassignmentsRequest, versions="1+", feature=REASSIGN, why="KIP-860")
def test_replication_factor_stays(kafka: Kafka) -> None:
    """Where the number of replicas may not change, the answer repeats that, and the same number is fine."""
    topic = kafka.topic()
    replicas = list(topic_row(kafka, topic.name).partitions[0].replica_nodes)
    answer = reassign(kafka, (topic.name, 0, replicas), allow_replication_factor_change=False)
    assert reassigned(answer) == {(topic.name, 0): 0}
    assert answer.allow_replication_factor_change is False


@case(AlterPartitionReassignmentsRequest, versions="1+", feature=REASSIGN, why="KIP-860", needs=(Brokers(2),))
def test_replication_factor_may_not_change(kafka: Kafka) -> None:
    """Another number of replicas, where it may not change, answers INVALID_REPLICATION_FACTOR."""
    topic = kafka.topic()
    nodes = sorted(kafka.nodes)[:2]
    answer = reassign(kafka, (topic.name, 0, nodes), allow_replication_factor_change=False)
    assert reassigned(answer) == {(topic.name, 0): ErrorCode.INVALID_REPLICATION_FACTOR}


@case(AlterPartitionReassignmentsRequest, feature=REASSIGN, why="KIP-455", needs=(Brokers(2),))
def test_move(kafka: Kafka) -> None:
    """A partition moves to another broker with its records."""
    topic = kafka.topic()
    kafka.produce(topic, b"kept")
    here = topic_row(kafka, topic.name).partitions[0].leader_id
    there = min(node for node in kafka.nodes if node != here)
    assert reassigned(reassign(kafka, (topic.name, 0, [there]))) == {(topic.name, 0): 0}
    eventually(lambda: list(topic_row(kafka, topic.name).partitions[0].replica_nodes) == [there])
    eventually(lambda: kafka.offset(topic) == 1)


@pytest.mark.parametrize("which", ["all", "none", "unknown", "quiet"])
@case(ListPartitionReassignmentsRequest, feature=REASSIGN, why="KIP-455; listPartitionReassignments")
def test_list_quiet(kafka: Kafka, which: str) -> None:
    """Only reassignments that are going on are listed: a quiet partition and an unknown topic are left out, no error."""
    topic = kafka.topic()
    names = {"all": None, "none": [], "unknown": [kafka.name("topic")], "quiet": [topic.name]}[which]
    rows = None if names is None else [{"name": name, "partition_indexes": [0]} for name in names]
    answer = kafka.ask(make(ListPartitionReassignmentsRequest, {"topics": rows, "timeout_ms": 10_000}))
    assert answer.error_code == 0
    assert topic.name not in {row.name for row in answer.topics}


# --- log dirs


def log_dirs(kafka: Kafka, topics: dict[str, list[int]] | None, *, to: int | None = None) -> list[Any]:
    rows = (
        None
        if topics is None
        else [{"topic": name, "partitions": indexes} for name, indexes in topics.items()]
    )
    answer = kafka.ask(make(DescribeLogDirsRequest, {"topics": rows}), to=to)
    assert answer.error_code == 0
    return list(answer.results)


def sizes(kafka: Kafka, topic: Topic, *indexes: int) -> dict[int, int]:
    """Partition -> bytes, as the leader of partition 0 has it on its disks."""
    found = log_dirs(kafka, {topic.name: list(indexes)}, to=kafka.leader(topic))
    return {
        each.partition_index: each.partition_size
        for result in found
        for row in result.topics
        for each in row.partitions
    }


@case(DescribeLogDirsRequest, feature=DIRS, why="KIP-113; ReplicaManager.describeLogDirs")
def test_directories(kafka: Kafka) -> None:
    """Each directory is described, without error and by its absolute path, when nothing is asked for in it."""
    results = log_dirs(kafka, {})
    assert results
    for result in results:
        assert (result.error_code, list(result.topics)) == (0, [])
        assert result.log_dir.startswith("/")


@case(DescribeLogDirsRequest, feature=DIRS, why="KIP-113; ReplicaManager.describeLogDirs")
def test_size(kafka: Kafka) -> None:
    """The size of a partition is that of its log in bytes."""
    topic = kafka.topic()
    assert sizes(kafka, topic, 0) == {0: 0}
    kafka.produce(topic, b"x" * 1000)
    assert 1000 < sizes(kafka, topic, 0)[0] < 1200


@case(DescribeLogDirsRequest, feature=DIRS, why="KIP-113; ReplicaManager.describeLogDirs")
def test_some_partitions(kafka: Kafka) -> None:
    """Just the partitions asked for are described; unknown ones are left out."""
    topic = kafka.topic(2)
    node = kafka.leader(topic, 1)
    found = log_dirs(kafka, {topic.name: [1, 9], kafka.name("topic"): [0]}, to=node)
    rows = [
        (row.name, [each.partition_index for each in row.partitions])
        for result in found
        for row in result.topics
    ]
    assert rows == [(topic.name, [1])]


@case(DescribeLogDirsRequest, feature=DIRS, why="KIP-113; ReplicaManager.describeLogDirs")
def test_all_topics(kafka: Kafka) -> None:
    """Null asks for all that is on the broker."""
    topic = kafka.topic()
    found = log_dirs(kafka, None, to=kafka.leader(topic))
    assert topic.name in {row.name for result in found for row in result.topics}


@case(DescribeLogDirsRequest, feature=DIRS, why="KIP-113")
def test_not_moving(kafka: Kafka) -> None:
    """A partition that is where it shall be has no lag and is no future replica."""
    topic = kafka.topic()
    kafka.produce(topic, b"x")
    found = log_dirs(kafka, {topic.name: [0]}, to=kafka.leader(topic))
    (each,) = [each for result in found for row in result.topics for each in row.partitions]
    assert (each.offset_lag, each.is_future_key) == (0, False)


@case(DescribeLogDirsRequest, versions="4+", feature=DIRS, why="KIP-827")
def test_volume(kafka: Kafka) -> None:
    """The volume's size and what is usable of it are given in bytes."""
    for result in log_dirs(kafka, {}):
        assert 0 <= result.usable_bytes <= result.total_bytes
        assert result.total_bytes > 0


def move(kafka: Kafka, path: str, topic: str, index: int, *, to: int | None) -> int:
    """The code of AlterReplicaLogDirs for one partition."""
    row = {"path": path, "topics": [{"name": topic, "partitions": [index]}]}
    (result,) = kafka.ask(make(AlterReplicaLogDirsRequest, {"dirs": [row]}), to=to).results
    assert result.topic_name == topic
    (each,) = result.partitions
    assert each.partition_index == index
    return int(each.error_code)


@case(
    AlterReplicaLogDirsRequest,
    feature=DIRS,
    why="KIP-113; ReplicaManager.alterReplicaLogDirs",
    also=(DescribeLogDirsRequest,),
)
def test_move_to_where_it_is(kafka: Kafka) -> None:
    """A partition that is told to go where it is already answers no error."""
    topic = kafka.topic()
    node = kafka.leader(topic)
    found = log_dirs(kafka, {topic.name: [0]}, to=node)
    (path,) = [result.log_dir for result in found if result.topics]
    assert move(kafka, path, topic.name, 0, to=node) == 0


@pytest.mark.parametrize("path", ["/no/such/directory", "relative", ""])
@case(AlterReplicaLogDirsRequest, feature=DIRS, why="KIP-113; ReplicaManager.alterReplicaLogDirs")
def test_move_to_nowhere(kafka: Kafka, path: str) -> None:
    """A path that is none of the broker's directories answers LOG_DIR_NOT_FOUND, before the topic is looked for."""
    topic = kafka.topic()
    node = kafka.leader(topic)
    assert move(kafka, path, topic.name, 0, to=node) == ErrorCode.LOG_DIR_NOT_FOUND
    assert move(kafka, path, kafka.name("topic"), 0, to=node) == ErrorCode.LOG_DIR_NOT_FOUND


@case(
    AlterReplicaLogDirsRequest,
    feature=DIRS,
    why="KIP-113; ReplicaManager.alterReplicaLogDirs",
    also=(DescribeLogDirsRequest,),
    needs=(Brokers(at_most=1),),
)
def test_move_of_unknown(kafka: Kafka) -> None:
    """A topic or partition that is not there answers UNKNOWN_TOPIC_OR_PARTITION."""
    topic, node = kafka.topic(), min(kafka.nodes)
    path = log_dirs(kafka, {}, to=node)[0].log_dir
    assert move(kafka, path, kafka.name("topic"), 0, to=node) == ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
    assert move(kafka, path, topic.name, 9, to=node) == ErrorCode.UNKNOWN_TOPIC_OR_PARTITION


@case(AlterReplicaLogDirsRequest, feature=DIRS, why="KIP-113")
def test_move_nothing(kafka: Kafka) -> None:
    """A request about nothing is answered about nothing."""
    assert list(kafka.ask(make(AlterReplicaLogDirsRequest, {"dirs": []})).results) == []
