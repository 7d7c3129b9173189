"""CreateTopics: names, counts, assignments, settings, and what the answer tells."""

from __future__ import annotations

import pytest

from conformance import Brokers, Kafka, case, eventually
from conformance.admin import TOPIC, TOPIC_CONFIG, create, create_one, entry, new_topic, topic_row
from wire.errors import ErrorCode
from wire.messages.create_topics import CreateTopicsRequest
from wire.messages.describe_configs import DescribeConfigsRequest

WHY = "KIP-4; ReplicationControlManager.createTopics"
NO_ID = bytes(16)


@case(CreateTopicsRequest, feature="create topics", why=WHY)
def test_created_topic_is_there(kafka: Kafka) -> None:
    """A topic is made with as many partitions as were asked for, each of them led."""
    name = kafka.name("topic")
    assert create_one(kafka, name, 3).error_code == 0
    assert len(kafka.wait_led(name, 3).id) == 16


@case(CreateTopicsRequest, feature="create topics", why=WHY)
def test_existing_topic(kafka: Kafka) -> None:
    """A topic that exists answers TOPIC_ALREADY_EXISTS."""
    assert create_one(kafka, kafka.topic().name).error_code == ErrorCode.TOPIC_ALREADY_EXISTS


@case(CreateTopicsRequest, feature="create topics", why=WHY)
def test_existing_topic_before_bad_counts(kafka: Kafka) -> None:
    """That a topic exists is found before its counts are looked at."""
    assert create_one(kafka, kafka.topic().name, 0, 0).error_code == ErrorCode.TOPIC_ALREADY_EXISTS


@pytest.mark.parametrize("name", ["", ".", "..", "with blank", "ä", "a/b", "a:b", "x" * 250], ids=repr)
@case(CreateTopicsRequest, versions="latest", feature="create topics", why="common Topic.validate")
def test_invalid_name(kafka: Kafka, name: str) -> None:
    """Names are 1 to 249 of the characters a-z, A-Z, 0-9, '.', '_', '-', and not '.' or '..': INVALID_TOPIC_EXCEPTION."""
    row = create_one(kafka, name)
    assert (row.name, row.error_code) == (name, ErrorCode.INVALID_TOPIC_EXCEPTION)


@case(CreateTopicsRequest, versions="latest", feature="create topics", why="common Topic.validate")
def test_invalid_name_and_bad_counts(kafka: Kafka) -> None:
    """4.x judges the name before the counts, 3.9 the counts before the name."""
    code = create_one(kafka, "a b", 0, 1).error_code
    assert code in kafka.either(v3=ErrorCode.INVALID_PARTITIONS, v4=ErrorCode.INVALID_TOPIC_EXCEPTION)


@case(CreateTopicsRequest, versions="latest", feature="create topics", why="common Topic.MAX_NAME_LENGTH")
def test_longest_name(kafka: Kafka) -> None:
    """A name of 249 characters is allowed."""
    name = kafka.name("topic").ljust(249, "x")
    assert create_one(kafka, name).error_code == 0


@case(CreateTopicsRequest, versions="latest", feature="create topics", why="common Topic.validate")
def test_all_legal_characters(kafka: Kafka) -> None:
    """Every kind of legal character may stand in a name, at its ends too."""
    name = f".-A.{kafka.name('topic')}.z-."
    assert create_one(kafka, name).error_code == 0


@pytest.mark.parametrize(("first", "second"), [(".", "_"), ("_", ".")])
@case(CreateTopicsRequest, versions="latest", feature="create topics", why="common Topic.hasCollision")
def test_colliding_name(kafka: Kafka, first: str, second: str) -> None:
    """'.' and '_' are one in names of metrics: a name that differs in these alone answers INVALID_TOPIC_EXCEPTION."""
    name = kafka.name("topic")
    assert create_one(kafka, f"{name}{first}a").error_code == 0
    assert create_one(kafka, f"{name}{second}a").error_code == ErrorCode.INVALID_TOPIC_EXCEPTION


@pytest.mark.parametrize("count", [0, -2, -(2**31)])
@case(CreateTopicsRequest, feature="create topics", why=WHY)
def test_no_partitions(kafka: Kafka, count: int) -> None:
    """Less than one partition, other than -1, answers INVALID_PARTITIONS."""
    assert create_one(kafka, kafka.name("topic"), count).error_code == ErrorCode.INVALID_PARTITIONS


@pytest.mark.parametrize("count", [0, -2, -(2**15)])
@case(CreateTopicsRequest, feature="create topics", why=WHY)
def test_no_replicas(kafka: Kafka, count: int) -> None:
    """Less than one replica, other than -1, answers INVALID_REPLICATION_FACTOR."""
    assert create_one(kafka, kafka.name("topic"), 1, count).error_code == ErrorCode.INVALID_REPLICATION_FACTOR


@case(CreateTopicsRequest, versions="latest", feature="create topics", why=WHY)
def test_no_partitions_and_no_replicas(kafka: Kafka) -> None:
    """With both counts wrong, 4.x speaks of the replication factor, 3.9 of the partitions."""
    code = create_one(kafka, kafka.name("topic"), 0, 0).error_code
    assert code in kafka.either(v3=ErrorCode.INVALID_PARTITIONS, v4=ErrorCode.INVALID_REPLICATION_FACTOR)


@case(CreateTopicsRequest, feature="create topics", why=WHY)
def test_more_replicas_than_brokers(kafka: Kafka) -> None:
    """More replicas than there are brokers answers INVALID_REPLICATION_FACTOR."""
    row = create_one(kafka, kafka.name("topic"), 1, len(kafka.nodes) + 1)
    assert row.error_code == ErrorCode.INVALID_REPLICATION_FACTOR


@case(CreateTopicsRequest, feature="create topics", why="KIP-464")
def test_default_counts(kafka: Kafka) -> None:
    """-1 stands for the broker's num.partitions and default.replication.factor, in versions before 4 too."""
    name = kafka.name("topic")
    assert create_one(kafka, name, -1, -1).error_code == 0
    partitions = int(kafka.subject.setting("num.partitions") or 1)
    made = kafka.wait_led(name, partitions)
    assert made.partitions == partitions


@case(CreateTopicsRequest, versions="latest", feature="create topics", why=WHY)
def test_each_stands_for_itself(kafka: Kafka) -> None:
    """A bad topic in a request does not hinder the good ones."""
    good, bad = kafka.name("topic"), kafka.name("topic")
    rows = create(kafka, new_topic(bad, 0), new_topic(good))
    assert {row.name: row.error_code for row in rows} == {bad: ErrorCode.INVALID_PARTITIONS, good: 0}


@case(CreateTopicsRequest, feature="create topics", why=WHY)
def test_twice_in_a_request(kafka: Kafka) -> None:
    """A topic named twice in a request answers INVALID_REQUEST, and is not made."""
    name, other = kafka.name("topic"), kafka.name("topic")
    rows = create(kafka, new_topic(name), new_topic(name), new_topic(other))
    assert {row.name: row.error_code for row in rows} == {name: ErrorCode.INVALID_REQUEST, other: 0}
    kafka.wait_led(other, 1)
    assert topic_row(kafka, name).error_code == ErrorCode.UNKNOWN_TOPIC_OR_PARTITION


@case(CreateTopicsRequest, feature="create topics", why=WHY)
def test_none(kafka: Kafka) -> None:
    """A request about no topic is answered about none."""
    assert list(create(kafka)) == []


@case(
    CreateTopicsRequest,
    versions="latest",
    feature="create topics",
    why="KIP-595; KafkaApis.handleCreateTopicsRequest",
)
def test_metadata_log(kafka: Kafka) -> None:
    """The topic of the metadata log cannot be made."""
    assert create_one(kafka, "__cluster_metadata").error_code == ErrorCode.INVALID_REQUEST


# --- validate_only


@case(CreateTopicsRequest, versions="1+", feature="create topics", why="KIP-4")
def test_validate_only(kafka: Kafka) -> None:
    """With validate_only a good request answers no error, and nothing is made."""
    name = kafka.name("topic")
    assert create_one(kafka, name, validate_only=True).error_code == 0
    assert create_one(kafka, name).error_code == 0


@case(CreateTopicsRequest, versions="1+", feature="create topics", why="KIP-4")
def test_validate_only_refuses(kafka: Kafka) -> None:
    """With validate_only a bad request answers its error."""
    row = create_one(kafka, kafka.name("topic"), 0, validate_only=True)
    assert row.error_code == ErrorCode.INVALID_PARTITIONS


@case(CreateTopicsRequest, versions="5+", feature="create topics", why="KIP-525")
def test_validate_only_describes(kafka: Kafka) -> None:
    """With validate_only the answer describes the topic that would be made."""
    row = create_one(kafka, kafka.name("topic"), 3, validate_only=True)
    assert (row.num_partitions, row.replication_factor) == (3, 1)
    assert row.configs


@case(CreateTopicsRequest, versions="1+", feature="create topics", why=WHY)
def test_validate_only_existing(kafka: Kafka) -> None:
    """With validate_only a topic that exists answers TOPIC_ALREADY_EXISTS."""
    row = create_one(kafka, kafka.topic().name, validate_only=True)
    assert row.error_code == ErrorCode.TOPIC_ALREADY_EXISTS


# --- the answer


@case(CreateTopicsRequest, versions="1+", feature="create topics", why="KIP-4")
def test_error_message(kafka: Kafka) -> None:
    """An error comes with a message, success without one."""
    bad, good = (
        create(kafka, new_topic(kafka.name("topic"), 0)),
        create(kafka, new_topic(kafka.name("topic"))),
    )
    assert bad[0].error_message
    assert good[0].error_message is None


@case(CreateTopicsRequest, versions="5+", feature="create topics", why="KIP-525")
def test_answer_has_counts(kafka: Kafka) -> None:
    """The answer tells how many partitions and replicas the topic has, defaults filled in."""
    row = create_one(kafka, kafka.name("topic"), 2, -1)
    replicas = int(kafka.subject.setting("default.replication.factor") or 1)
    assert (row.num_partitions, row.replication_factor, row.topic_config_error_code) == (2, replicas, 0)


@case(CreateTopicsRequest, versions="5+", feature="create topics", why="KIP-525")
def test_refused_has_no_counts(kafka: Kafka) -> None:
    """With an error the counts are -1."""
    row = create_one(kafka, kafka.name("topic"), 0)
    assert (row.num_partitions, row.replication_factor, list(row.configs or ())) == (-1, -1, [])


@case(CreateTopicsRequest, versions="5+", feature="create topics", why="KIP-525")
def test_answer_has_configs(kafka: Kafka) -> None:
    """The answer has all settings of the topic; those of its own have the source TOPIC_CONFIG."""
    row = create_one(kafka, kafka.name("topic"), configs=[("retention.ms", "12345")])
    found = {config.name: config for config in row.configs}
    assert {"cleanup.policy", "segment.bytes", "max.message.bytes"} <= found.keys()
    mine = found["retention.ms"]
    assert (mine.value, mine.config_source, mine.is_sensitive, mine.read_only) == (
        "12345",
        TOPIC_CONFIG,
        False,
        False,
    )
    assert [config.name for config in row.configs if config.config_source == TOPIC_CONFIG] == ["retention.ms"]


@case(CreateTopicsRequest, versions="7+", feature="create topics", why="KIP-516")
def test_answer_has_the_id(kafka: Kafka) -> None:
    """The answer has the id by which Metadata knows the topic."""
    name = kafka.name("topic")
    row = create_one(kafka, name)
    assert row.topic_id != NO_ID
    assert kafka.wait_led(name, 1).id == row.topic_id


@case(CreateTopicsRequest, versions="7+", feature="create topics", why="KIP-516")
def test_refused_has_no_id(kafka: Kafka) -> None:
    """With an error there is no topic id."""
    assert create_one(kafka, kafka.name("topic"), 0).topic_id == NO_ID


# --- assignments


@case(CreateTopicsRequest, feature="create topics", why=WHY)
def test_assignment(kafka: Kafka) -> None:
    """A manual assignment says how many partitions there are, and who holds them."""
    node, name = min(kafka.nodes), kafka.name("topic")
    assert create_one(kafka, name, -1, -1, assigned=[[node], [node], [node]]).error_code == 0
    kafka.wait_led(name, 3)
    assert [list(each.replica_nodes) for each in topic_row(kafka, name).partitions] == [[node]] * 3


@case(CreateTopicsRequest, versions="5+", feature="create topics", why="KIP-525")
def test_assignment_in_the_answer(kafka: Kafka) -> None:
    """The answer counts what was assigned."""
    node = min(kafka.nodes)
    row = create_one(kafka, kafka.name("topic"), -1, -1, assigned=[[node], [node]])
    assert (row.num_partitions, row.replication_factor) == (2, 1)


@pytest.mark.parametrize("counts", [(1, -1), (-1, 1), (1, 1)], ids=str)
@case(CreateTopicsRequest, feature="create topics", why=WHY)
def test_assignment_and_counts(kafka: Kafka, counts: tuple[int, int]) -> None:
    """A manual assignment beside a count answers INVALID_REQUEST, even if they agree."""
    row = create_one(kafka, kafka.name("topic"), *counts, assigned=[[min(kafka.nodes)]])
    assert row.error_code == ErrorCode.INVALID_REQUEST


@pytest.mark.parametrize("indexes", [(1,), (0, 2), (-1, 0)], ids=str)
@case(CreateTopicsRequest, versions="latest", feature="create topics", why=WHY)
def test_assignment_with_a_gap(kafka: Kafka, indexes: tuple[int, ...]) -> None:
    """Assigned partitions count from 0 without gap: INVALID_REPLICA_ASSIGNMENT."""
    assigned = {index: [min(kafka.nodes)] for index in indexes}
    row = create_one(kafka, kafka.name("topic"), -1, -1, assigned=assigned)
    assert row.error_code == ErrorCode.INVALID_REPLICA_ASSIGNMENT


@case(CreateTopicsRequest, versions="latest", feature="create topics", why=WHY)
def test_assignment_names_a_broker_twice(kafka: Kafka) -> None:
    """A broker twice in a partition answers INVALID_REPLICA_ASSIGNMENT."""
    row = create_one(kafka, kafka.name("topic"), -1, -1, assigned=[[min(kafka.nodes)] * 2])
    assert row.error_code == ErrorCode.INVALID_REPLICA_ASSIGNMENT


@pytest.mark.parametrize("brokers", [[], [9999], [-1]], ids=str)
@case(
    CreateTopicsRequest,
    versions="latest",
    feature="create topics",
    why="ReplicationControlManager.validateManualPartitionAssignment",
    line="4.x",  # with ZooKeeper they are made, and never led
)
def test_assignment_to_nobody(kafka: Kafka, brokers: list[int]) -> None:
    """A partition without replicas, or on a broker that is not there, answers INVALID_REPLICA_ASSIGNMENT."""
    row = create_one(kafka, kafka.name("topic"), -1, -1, assigned=[brokers])
    assert row.error_code == ErrorCode.INVALID_REPLICA_ASSIGNMENT


@case(CreateTopicsRequest, versions="latest", feature="create topics", why=WHY, needs=(Brokers(2),))
def test_uneven_assignment(kafka: Kafka) -> None:
    """Partitions with different numbers of replicas answer INVALID_REPLICA_ASSIGNMENT."""
    first, second = sorted(kafka.nodes)[:2]
    row = create_one(kafka, kafka.name("topic"), -1, -1, assigned=[[first], [first, second]])
    assert row.error_code == ErrorCode.INVALID_REPLICA_ASSIGNMENT


# --- settings


@case(CreateTopicsRequest, feature="create topics", why=WHY, also=(DescribeConfigsRequest,))
def test_configs_are_set(kafka: Kafka) -> None:
    """Settings given at creation are those of the topic, with the source TOPIC_CONFIG."""
    name = kafka.name("topic")
    assert create_one(kafka, name, configs=[("cleanup.policy", "compact")]).error_code == 0
    kafka.wait_led(name, 1)
    found = eventually(lambda: entry(kafka, TOPIC, name, "cleanup.policy"))
    assert (found.value, found.config_source) == ("compact", TOPIC_CONFIG)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("no.such.config", "1"),
        ("", "1"),
        ("retention.ms", None),
        ("retention.ms", "soon"),
        ("retention.ms", ""),
        ("retention.ms", "-2"),
        ("retention.ms", "9223372036854775808"),
        ("segment.bytes", "1.5"),
        ("max.message.bytes", "-1"),
        ("min.insync.replicas", "0"),
        ("cleanup.policy", "forget"),
        ("cleanup.policy", "compact,forget"),
        ("compression.type", "rar"),
        ("compression.gzip.level", "10"),
        ("message.timestamp.type", "Yesterday"),
        ("min.cleanable.dirty.ratio", "1.1"),
        ("unclean.leader.election.enable", "yes"),
        ("log.retention.ms", "1000"),
    ],
    ids=str,
)
@case(
    CreateTopicsRequest,
    versions="latest",
    feature="create topics",
    why="LogConfig.validate; ControllerConfigurationValidator",
)
def test_invalid_config(kafka: Kafka, name: str, value: str | None) -> None:
    """An unknown setting, a null value, and a value that the setting does not take answer INVALID_CONFIG."""
    row = create_one(kafka, kafka.name("topic"), configs=[(name, value)])
    assert row.error_code == ErrorCode.INVALID_CONFIG


@case(CreateTopicsRequest, feature="create topics", why="LogConfig.validate")
def test_invalid_config_in_each_version(kafka: Kafka) -> None:
    """A setting out of its range answers INVALID_CONFIG, and the topic is not made."""
    name = kafka.name("topic")
    assert create_one(kafka, name, configs=[("retention.ms", "-2")]).error_code == ErrorCode.INVALID_CONFIG
    assert create_one(kafka, name).error_code == 0


@case(
    CreateTopicsRequest,
    versions="5+",
    feature="create topics",
    why="ReplicationControlManager.computeConfigChanges",
)
def test_config_twice(kafka: Kafka) -> None:
    """Of a setting that is named twice, the last value holds."""
    row = create_one(kafka, kafka.name("topic"), configs=[("retention.ms", "1000"), ("retention.ms", "2000")])
    assert row.error_code == 0
    assert {config.name: config.value for config in row.configs}["retention.ms"] == "2000"


@pytest.mark.parametrize(
    ("given", "shown"), [(" 1000 ", "1000"), ("+1000", "1000"), ("01000", "1000")], ids=repr
)
@case(CreateTopicsRequest, versions="latest", feature="create topics", why="ConfigDef.parseType")
def test_number_forms(kafka: Kafka, given: str, shown: str) -> None:
    """Numbers are taken with blanks around them, a plus sign and leading zeros; 4.x shows them as given, 3.9 as read."""
    row = create_one(kafka, kafka.name("topic"), configs=[("retention.ms", given)])
    assert row.error_code == 0
    value = {config.name: config.value for config in row.configs}["retention.ms"]
    assert value in kafka.either(v3=shown, v4=given)


@pytest.mark.parametrize("given", ["delete,compact", "compact, delete", "compact"], ids=repr)
@case(CreateTopicsRequest, versions="latest", feature="create topics", why="LogConfig; ConfigDef.ValidList")
def test_list_forms(kafka: Kafka, given: str) -> None:
    """A list is given with commas, with or without blanks."""
    assert create_one(kafka, kafka.name("topic"), configs=[("cleanup.policy", given)]).error_code == 0
