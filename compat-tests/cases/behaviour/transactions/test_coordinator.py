"""The coordinator of transactional ids, and the topic that it keeps them in."""

from __future__ import annotations

import pytest

from conformance import TRANSACTION, Kafka, Topic, case, eventually
from conformance.transactions import TRANSACTION_APIS, init, transactional
from wire.errors import ErrorCode
from wire.messages.add_partitions_to_txn import AddPartitionsToTxnRequest
from wire.messages.create_topics import CreatableTopic, CreateTopicsRequest
from wire.messages.find_coordinator import FindCoordinatorRequest
from wire.messages.metadata import MetadataRequest, MetadataRequestTopic
from wire.messages.produce import ProduceRequest

WHY = "KIP-98; KafkaApis.getCoordinator"
SERVED = (AddPartitionsToTxnRequest,)
STATE_TOPIC = "__transaction_state"


def found(kafka: Kafka, key: str, kind: int = TRANSACTION) -> tuple[int, int]:
    """(error code, node id) of a FindCoordinator for one key, in any version."""
    answer = kafka.ask(FindCoordinatorRequest(key=key, key_type=kind, coordinator_keys=[key]))
    row = answer.coordinators[0] if kafka.version(FindCoordinatorRequest) >= 4 else answer
    return row.error_code, row.node_id


@case(FindCoordinatorRequest, versions="1+", feature="transactions", why=WHY, also=SERVED)
def test_the_coordinator_of_a_transactional_id(kafka: Kafka) -> None:
    """Type 1 finds a broker for a transactional id, used or not, and always the same."""
    key = kafka.transactional_id()
    code, node = found(kafka, key)
    assert code == 0
    assert node in kafka.nodes
    init(kafka, key)
    assert found(kafka, key) == (0, node)


@case(FindCoordinatorRequest, versions="4+", feature="transactions", why="KIP-699", also=SERVED)
def test_several_transactional_ids(kafka: Kafka) -> None:
    """Each of several keys is answered; no keys are answered with none."""
    keys = [kafka.transactional_id() for _ in range(3)]
    answer = kafka.ask(FindCoordinatorRequest(key_type=TRANSACTION, coordinator_keys=keys))
    assert {row.key: row.error_code for row in answer.coordinators} == dict.fromkeys(keys, 0)
    assert (
        list(kafka.ask(FindCoordinatorRequest(key_type=TRANSACTION, coordinator_keys=[])).coordinators) == []
    )


@case(FindCoordinatorRequest, versions="1+", feature="transactions", why=WHY, also=SERVED)
def test_an_empty_transactional_id(kafka: Kafka) -> None:
    """An empty transactional id has a coordinator like any other: only InitProducerId refuses it."""
    kafka.transactional_id()
    assert found(kafka, "")[0] == 0


@case(FindCoordinatorRequest, versions="1+", feature="transactions", why=WHY)
@pytest.mark.parametrize("kind", [-1, 3, 127])
def test_unknown_types(kafka: Kafka, kind: int) -> None:
    """A type of coordinator that does not exist answers INVALID_REQUEST, and node -1."""
    assert found(kafka, "key", kind) == (ErrorCode.INVALID_REQUEST, -1)


@case(MetadataRequest, versions="1+", feature="transactions", why="Topic.isInternal", also=SERVED)
def test_the_state_topic(kafka: Kafka) -> None:
    """__transaction_state is internal, and has transaction.state.log.num.partitions partitions."""
    kafka.transactional_id()
    wanted = int(kafka.subject.setting("transaction.state.log.num.partitions") or 50)

    def look() -> bool:
        request = MetadataRequest(
            topics=[MetadataRequestTopic(name=STATE_TOPIC)], allow_auto_topic_creation=False
        )
        (row,) = kafka.ask(request).topics
        return (row.error_code, row.is_internal, len(row.partitions)) == (0, True, wanted)

    assert eventually(look)


@case(
    ProduceRequest,
    versions="3+",
    feature="transactions",
    why="ReplicaManager: internalTopicsAllowed",
    also=TRANSACTION_APIS,
)
def test_clients_do_not_write_to_the_state_topic(kafka: Kafka) -> None:
    """A client's batch for __transaction_state answers INVALID_TOPIC_EXCEPTION."""
    transactional(kafka)
    (row,) = kafka.ask(MetadataRequest(topics=[MetadataRequestTopic(name=STATE_TOPIC)])).topics
    topic = Topic(STATE_TOPIC, bytes(row.topic_id), len(row.partitions))
    assert kafka.produce(topic, b"x").error_code == ErrorCode.INVALID_TOPIC_EXCEPTION


@case(
    CreateTopicsRequest,
    feature="transactions",
    why="ReplicationControlManager; Topic.isInternal",
    also=SERVED,
)
def test_the_state_topic_is_not_made_by_clients(kafka: Kafka) -> None:
    """Once there is one, CreateTopics of __transaction_state answers TOPIC_ALREADY_EXISTS."""
    kafka.transactional_id()
    creation = CreatableTopic(name=STATE_TOPIC, num_partitions=1, replication_factor=1)
    (row,) = kafka.ask(CreateTopicsRequest(topics=[creation], timeout_ms=5000)).topics
    assert row.error_code == ErrorCode.TOPIC_ALREADY_EXISTS
