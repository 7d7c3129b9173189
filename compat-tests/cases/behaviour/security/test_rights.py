"""What ACLs make of each other, read from authorized operations, and what is hidden from who may not see it."""

from __future__ import annotations

from typing import Any

import pytest

from conformance import AUTHORIZER, Credentials, Kafka, Listener, case, eventually
from conformance.acls import (
    ALL,
    ALLOW,
    ALTER,
    ALTER_CONFIGS,
    APIS,
    CLUSTER,
    CREATE,
    DELETE,
    DENY,
    DESCRIBE,
    DESCRIBE_CONFIGS,
    GROUPS,
    LITERAL,
    PREFIXED,
    READ,
    THE_CLUSTER,
    TOPICS,
    WRITE,
    acl,
    closed,
    with_acls,
)
from wire.errors import ErrorCode
from wire.messages.create_topics import CreatableTopic, CreateTopicsRequest
from wire.messages.delete_topics import DeleteTopicsRequest, DeleteTopicState
from wire.messages.describe_configs import DescribeConfigsRequest, DescribeConfigsResource
from wire.messages.describe_groups import DescribeGroupsRequest
from wire.messages.find_coordinator import FindCoordinatorRequest
from wire.messages.list_groups import ListGroupsRequest
from wire.messages.metadata import MetadataRequest, MetadataRequestTopic
from wire.messages.offset_commit import (
    OffsetCommitRequest,
    OffsetCommitRequestPartition,
    OffsetCommitRequestTopic,
)
from wire.messages.offset_fetch import OffsetFetchRequest, OffsetFetchRequestGroup

FEATURE = "authorization"
NEEDS = (AUTHORIZER, Listener("SASL_PLAINTEXT"), Credentials("PLAIN", "alice"))
ME, ANYBODY = "User:alice", "User:*"
EVERY_OPERATION = {READ, WRITE, CREATE, DELETE, ALTER, DESCRIBE, DESCRIBE_CONFIGS, ALTER_CONFIGS}
NO_ID = bytes(16)


@pytest.fixture
def alice(kafka: Kafka) -> Kafka:
    return kafka.login("SASL_PLAINTEXT", "alice")


def metadata(kafka: Kafka, *, name: str | None = None, topic_id: bytes = NO_ID) -> Any:
    (row,) = kafka.ask(
        MetadataRequest(
            topics=[MetadataRequestTopic(name=name, topic_id=topic_id)],
            allow_auto_topic_creation=False,
            include_topic_authorized_operations=True,
        )
    ).topics
    return row


def bits(number: int) -> set[int]:
    return {n for n in range(32) if number >> n & 1}


RIGHTS: list[tuple[str, list[tuple[str, int, int, dict[str, Any]]], set[int]]] = [
    ("no ACL", [], EVERY_OPERATION),
    ("read", [(ME, READ, ALLOW, {})], {READ, DESCRIBE}),
    ("write", [(ME, WRITE, ALLOW, {})], {WRITE, DESCRIBE}),
    ("delete", [(ME, DELETE, ALLOW, {})], {DELETE, DESCRIBE}),
    ("alter", [(ME, ALTER, ALLOW, {})], {ALTER, DESCRIBE}),
    ("describe", [(ME, DESCRIBE, ALLOW, {})], {DESCRIBE}),
    (
        "alter configs",
        [(ME, ALTER_CONFIGS, ALLOW, {}), (ME, DESCRIBE, ALLOW, {})],
        {ALTER_CONFIGS, DESCRIBE_CONFIGS, DESCRIBE},
    ),
    ("all", [(ME, ALL, ALLOW, {})], EVERY_OPERATION),
    ("anybody", [(ANYBODY, READ, ALLOW, {})], {READ, DESCRIBE}),
    ("prefixed", [(ME, READ, ALLOW, {"pattern": PREFIXED})], {READ, DESCRIBE}),
    ("from here", [(ME, READ, ALLOW, {"host": "127.0.0.1"})], {READ, DESCRIBE}),
    ("from elsewhere", [(ME, READ, ALLOW, {"host": "192.0.2.1"}), (ME, DESCRIBE, ALLOW, {})], {DESCRIBE}),
    ("sum", [(ME, READ, ALLOW, {}), (ANYBODY, WRITE, ALLOW, {"pattern": PREFIXED})], {READ, WRITE, DESCRIBE}),
    ("deny alone", [(ME, WRITE, DENY, {})], set()),
    ("deny over allow", [(ME, ALL, ALLOW, {}), (ME, WRITE, DENY, {})], EVERY_OPERATION - {WRITE}),
    ("deny of anybody", [(ME, ALL, ALLOW, {}), (ANYBODY, WRITE, DENY, {})], EVERY_OPERATION - {WRITE}),
    ("deny of somebody", [(ME, ALL, ALLOW, {}), ("User:zoe", ALL, DENY, {})], EVERY_OPERATION),
    ("prefixed deny over allow", [(ME, ALL, ALLOW, {}), (ME, READ, DENY, {"pattern": PREFIXED})], EVERY_OPERATION - {READ}),
    ("deny describe", [(ME, ALL, ALLOW, {}), (ME, DESCRIBE, DENY, {})], set()),
    ("deny from elsewhere", [(ME, ALL, ALLOW, {}), (ME, ALL, DENY, {"host": "192.0.2.1"})], EVERY_OPERATION),
    ("deny all", [(ME, ALL, ALLOW, {}), (ME, ALL, DENY, {})], set()),
]  # fmt: skip


@pytest.mark.parametrize(("acls", "expected"), [row[1:] for row in RIGHTS], ids=[row[0] for row in RIGHTS])
@case(
    MetadataRequest,
    versions="latest",
    feature=FEATURE,
    why="KIP-11, KIP-290, KIP-430; StandardAuthorizerData",
    also=APIS,
    needs=NEEDS,
)
def test_rights(
    kafka: Kafka, alice: Kafka, acls: list[tuple[str, int, int, dict[str, Any]]], expected: set[int]
) -> None:
    """ACLs of a user, of anybody, literal and prefixed add up; a denial beats them; READ, WRITE ... imply DESCRIBE."""
    topic = kafka.topic()
    rows = []
    for principal, operation, permission, options in acls:
        name = topic.name[:-1] if options.get("pattern", LITERAL) == PREFIXED else topic.name
        rows.append(acl(principal, operation, TOPICS, name, permission=permission, **options))
    with with_acls(kafka, *rows):
        row = metadata(alice, name=topic.name)
        allowed = bits(row.topic_authorized_operations) if row.error_code == 0 else set()
        assert allowed == expected
        assert row.error_code == (0 if DESCRIBE in expected else ErrorCode.TOPIC_AUTHORIZATION_FAILED)


@case(DescribeGroupsRequest, versions="3+", feature=FEATURE, why="KIP-430", also=APIS, needs=NEEDS)
def test_group_operations(kafka: Kafka, alice: Kafka) -> None:
    """With READ on a group its authorized operations are READ and, implied, DESCRIBE."""
    group = kafka.group()
    commit(kafka, group, kafka.topic().name)
    with with_acls(kafka, acl(ME, READ, GROUPS, group)):
        request = DescribeGroupsRequest(groups=[group], include_authorized_operations=True)
        (row,) = alice.ask(request).groups
        assert bits(row.authorized_operations) == {READ, DESCRIBE}


# --- what is hidden


@case(MetadataRequest, feature=FEATURE, why="KafkaApis.handleTopicMetadataRequest", also=APIS, needs=NEEDS)
def test_all_topics(kafka: Kafka, alice: Kafka, version: int) -> None:
    """Asked for all topics, Metadata leaves out those that the user may not see."""
    seen, hidden = kafka.topic(), kafka.topic()
    with closed(kafka, (TOPICS, hidden.name)):
        rows = {row.name for row in alice.ask(MetadataRequest(topics=None if version else [])).topics}
        assert seen.name in rows
        assert hidden.name not in rows


@case(MetadataRequest, feature=FEATURE, why="KafkaApis.handleTopicMetadataRequest", also=APIS, needs=NEEDS)
def test_topic_that_is_not_there(kafka: Kafka, alice: Kafka) -> None:
    """A topic that is not there looks like one that the user may not see."""
    name, real = kafka.name("topic"), kafka.topic()
    with closed(kafka, (TOPICS, name), (TOPICS, real.name)):
        rows = [metadata(alice, name=each) for each in (name, real.name)]
        assert [(row.error_code, list(row.partitions), row.topic_id) for row in rows] == [
            (ErrorCode.TOPIC_AUTHORIZATION_FAILED, [], NO_ID)
        ] * 2


@case(MetadataRequest, versions="12+", feature=FEATURE, why="KIP-516; KafkaApis", also=APIS, needs=NEEDS)
def test_topic_by_id(kafka: Kafka, alice: Kafka) -> None:
    """By its id a topic that the user may not see is refused without its name."""
    topic = kafka.topic()
    with closed(kafka, (TOPICS, topic.name)):
        row = metadata(alice, topic_id=topic.id)
        assert (row.error_code, row.name, row.topic_id) == (
            ErrorCode.TOPIC_AUTHORIZATION_FAILED,
            None,
            topic.id,
        )


@case(
    DescribeConfigsRequest,
    feature=FEATURE,
    why="KafkaApis.handleDescribeConfigsRequest",
    also=APIS,
    needs=NEEDS,
)
def test_configs_of_what_is_not_there(kafka: Kafka, alice: Kafka) -> None:
    """Settings of a topic that is not there are refused like those of one that the user may not see."""
    name = kafka.name("topic")
    with closed(kafka, (TOPICS, name)):
        resource = DescribeConfigsResource(resource_type=2, resource_name=name, configuration_keys=None)
        (row,) = alice.ask(DescribeConfigsRequest(resources=[resource])).results
        assert row.error_code == ErrorCode.TOPIC_AUTHORIZATION_FAILED


@case(
    DeleteTopicsRequest,
    versions="6+",
    feature=FEATURE,
    why="KIP-516; ControllerApis.deleteTopics",
    also=APIS,
    needs=NEEDS,
)
def test_delete_by_id(kafka: Kafka, alice: Kafka) -> None:
    """To delete by id what one may not see is refused without its name; with DESCRIBE, with its name."""
    topic = kafka.topic()
    request = DeleteTopicsRequest(topics=[DeleteTopicState(name=None, topic_id=topic.id)], timeout_ms=1000)
    with closed(kafka, (TOPICS, topic.name), (CLUSTER, THE_CLUSTER)):
        (row,) = alice.ask(request).responses
        assert (row.name, row.error_code) == (None, ErrorCode.TOPIC_AUTHORIZATION_FAILED)
        with with_acls(kafka, acl(ME, DESCRIBE, TOPICS, topic.name)):
            (row,) = alice.ask(request).responses
            assert (row.name, row.error_code) == (topic.name, ErrorCode.TOPIC_AUTHORIZATION_FAILED)


@case(CreateTopicsRequest, feature=FEATURE, why="KIP-11; ControllerApis.createTopics", also=APIS, needs=NEEDS)
def test_create_by_prefix(kafka: Kafka, alice: Kafka) -> None:
    """CREATE on a prefix lets a user make topics of that prefix, even where the cluster does not."""
    prefix = kafka.name("mine")
    mine = acl(ME, CREATE, TOPICS, prefix, pattern=PREFIXED)
    with closed(kafka, (CLUSTER, THE_CLUSTER)), with_acls(kafka, mine):
        topics = [CreatableTopic(name=f"{prefix}-a", num_partitions=1, replication_factor=1)]
        (row,) = alice.ask(CreateTopicsRequest(topics=topics, timeout_ms=10_000)).topics
        assert row.error_code == 0
        kafka.subject.topics.append(row.name)


@case(CreateTopicsRequest, versions="5+", feature=FEATURE, why="KIP-525", also=APIS, needs=NEEDS)
def test_created_but_not_described(kafka: Kafka, alice: Kafka) -> None:
    """Without DESCRIBE_CONFIGS the topic is made, and the answer has an error code in place of its description."""
    name = kafka.name("topic")
    with with_acls(kafka, acl(ME, CREATE, TOPICS, name)):
        topics = [CreatableTopic(name=name, num_partitions=2, replication_factor=1)]
        (row,) = alice.ask(CreateTopicsRequest(topics=topics, timeout_ms=10_000)).topics
        kafka.subject.topics.append(row.name)
        assert row.error_code == 0
        assert row.topic_config_error_code == ErrorCode.TOPIC_AUTHORIZATION_FAILED
        assert (row.num_partitions, row.replication_factor, list(row.configs or ())) == (-1, -1, [])


def commit(kafka: Kafka, group: str, *names: str) -> Any:
    partition = OffsetCommitRequestPartition(partition_index=0, committed_offset=7)
    topics = [
        OffsetCommitRequestTopic(name=name, topic_id=kafka.wait_led(name, 1).id, partitions=[partition])
        for name in names
    ]
    return kafka.ask(OffsetCommitRequest(group_id=group, topics=topics))


@case(
    ListGroupsRequest,
    feature=FEATURE,
    why="KafkaApis.handleListGroupsRequest",
    also=(*APIS, OffsetCommitRequest),
    needs=NEEDS,
)
def test_list_groups(kafka: Kafka, alice: Kafka) -> None:
    """Groups that the user may not see are left out; with DESCRIBE on the cluster he would see all."""
    seen, hidden = kafka.group(), kafka.group()
    topic = kafka.topic()
    for group in (seen, hidden):
        commit(kafka, group, topic.name)
    with closed(kafka, (GROUPS, hidden), (CLUSTER, THE_CLUSTER)):
        node = kafka.coordinator(seen)
        eventually(lambda: seen in {row.group_id for row in alice.ask(ListGroupsRequest(), to=node).groups})
        other = kafka.coordinator(hidden)
        assert hidden not in {row.group_id for row in alice.ask(ListGroupsRequest(), to=other).groups}


@case(
    OffsetFetchRequest,
    versions="2-8",
    feature=FEATURE,
    why="KafkaApis.fetchAllOffsetsForGroup",
    also=APIS,
    needs=NEEDS,
)
def test_offsets_of_all_topics(kafka: Kafka, alice: Kafka, version: int) -> None:
    """Offsets of topics that the user may not see are left out where all are asked for."""
    group, seen, hidden = kafka.group(), kafka.topic(), kafka.topic()
    commit(kafka, group, seen.name, hidden.name)
    with closed(kafka, (TOPICS, hidden.name)):
        request = OffsetFetchRequest(
            group_id=group, topics=None, groups=[OffsetFetchRequestGroup(group_id=group, topics=None)]
        )
        answer = alice.ask(request)
        rows = answer.topics if version < 8 else answer.groups[0].topics
        assert [row.name for row in rows] == [seen.name]


@case(OffsetCommitRequest, feature=FEATURE, why="KafkaApis.handleOffsetCommitRequest", also=APIS, needs=NEEDS)
def test_commit_for_some(kafka: Kafka, alice: Kafka) -> None:
    """A commit is refused for the topics that the user may not read, and taken for the others."""
    group, open_topic, closed_topic = kafka.group(), kafka.topic(), kafka.topic()
    partition = OffsetCommitRequestPartition(partition_index=0, committed_offset=7)
    rows = [
        OffsetCommitRequestTopic(name=topic.name, topic_id=topic.id, partitions=[partition])
        for topic in (closed_topic, open_topic)
    ]
    with closed(kafka, (TOPICS, closed_topic.name)):
        answer = alice.ask(OffsetCommitRequest(group_id=group, topics=rows))
        found = {(row.name or row.topic_id): row.partitions[0].error_code for row in answer.topics}
        by_name = {
            topic.name: found.get(topic.name, found.get(topic.id)) for topic in (open_topic, closed_topic)
        }
        assert by_name == {open_topic.name: 0, closed_topic.name: ErrorCode.TOPIC_AUTHORIZATION_FAILED}


@case(FindCoordinatorRequest, versions="4+", feature=FEATURE, why="KIP-699", also=APIS, needs=NEEDS)
def test_coordinators_of_some(kafka: Kafka, alice: Kafka) -> None:
    """Each key of a FindCoordinator stands for itself."""
    seen, hidden = kafka.group(), kafka.name("group")
    with closed(kafka, (GROUPS, hidden)):
        answer = alice.ask(FindCoordinatorRequest(coordinator_keys=[seen, hidden], key_type=0))
        assert {row.key: row.error_code for row in answer.coordinators} == {
            seen: 0,
            hidden: ErrorCode.GROUP_AUTHORIZATION_FAILED,
        }
