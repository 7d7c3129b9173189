"""FindCoordinator: which broker looks after a group, a transactional id, a share partition."""

from __future__ import annotations

from typing import Any

from conformance import GROUP, SHARE, TRANSACTION, Brokers, Feature, Kafka, case, eventually
from wire.errors import ErrorCode
from wire.messages.add_partitions_to_txn import AddPartitionsToTxnRequest
from wire.messages.find_coordinator import FindCoordinatorRequest

FEATURE = "coordinators"
NO_NODE = -1


def find(kafka: Kafka, *keys: str, kind: int = GROUP) -> list[Any]:
    """Rows of the answer; before v4, where one key is asked for, the answer itself."""
    request = FindCoordinatorRequest(key=keys[0] if keys else "", key_type=kind, coordinator_keys=list(keys))
    answer = kafka.ask(request)
    return list(answer.coordinators) if kafka.version(FindCoordinatorRequest) >= 4 else [answer]


def place(row: Any) -> tuple[int, int, str, int]:
    return row.error_code, row.node_id, row.host, row.port


@case(FindCoordinatorRequest, feature=FEATURE, why="KafkaApis.getCoordinator")
def test_the_coordinator_of_a_group(kafka: Kafka) -> None:
    """The coordinator of a group, also of one that nobody knows, is a broker of the cluster, with its address."""
    group = kafka.group()
    (row,) = find(kafka, group)
    assert row.error_code == 0
    assert (row.host, row.port) == kafka.nodes[row.node_id]


@case(FindCoordinatorRequest, feature=FEATURE, why="KafkaApis.getCoordinator")
def test_the_same_broker_each_time(kafka: Kafka) -> None:
    """The same group has the same coordinator, whichever broker is asked."""
    group = kafka.group()
    request = FindCoordinatorRequest(key=group, coordinator_keys=[group])
    answers = [kafka.ask(request, to=node) for node in kafka.nodes] * 2
    rows = [answer.coordinators[0] if answer.coordinators else answer for answer in answers]
    assert len({place(row) for row in rows}) == 1


@case(FindCoordinatorRequest, feature=FEATURE, why="KafkaApis.getCoordinator")
def test_an_empty_group_id_has_a_coordinator(kafka: Kafka) -> None:
    """An empty group id is looked after like any other."""
    kafka.group()
    (row,) = find(kafka, "")
    assert row.error_code == 0


@case(FindCoordinatorRequest, versions="1+", feature=FEATURE, why="KIP-98", also=(AddPartitionsToTxnRequest,))
def test_the_coordinator_of_a_transactional_id(kafka: Kafka) -> None:
    """From v1 on the coordinator of a transactional id is found by key type 1."""
    key = kafka.name("txn")
    kafka.coordinator(key, TRANSACTION)
    (row,) = find(kafka, key, kind=TRANSACTION)
    assert (row.host, row.port) == kafka.nodes[row.node_id]


@case(FindCoordinatorRequest, versions="1-3", feature=FEATURE, why="FindCoordinatorResponse")
def test_the_message_says_none(kafka: Kafka) -> None:
    """From v1 to v3 the error message of a success is "NONE"."""
    (row,) = find(kafka, kafka.group())
    assert (row.error_code, row.error_message) == (0, "NONE")


@case(FindCoordinatorRequest, versions="4+", feature=FEATURE, why="KIP-699")
def test_several_keys(kafka: Kafka) -> None:
    """From v4 on several keys are asked for at once; each has its row, in the order asked, also the second time."""
    first, second = kafka.group(), kafka.group()
    keys = [first, second, first]
    rows = find(kafka, *keys)
    assert [(row.key, row.error_code) for row in rows] == [(key, 0) for key in keys]


@case(FindCoordinatorRequest, versions="4+", feature=FEATURE, why="KIP-699")
def test_no_keys(kafka: Kafka) -> None:
    """From v4 on a request for no keys is answered with no rows."""
    assert find(kafka) == []


@case(FindCoordinatorRequest, versions="4+", feature=FEATURE, why="KIP-699")
def test_the_old_fields_are_not_used(kafka: Kafka) -> None:
    """From v4 on a row has neither message nor anything in the fields of a single key."""
    (row,) = find(kafka, kafka.group())
    assert row.error_message == ""


@case(FindCoordinatorRequest, versions="1-5", feature=FEATURE, why="KIP-932: from v6 on")
def test_share_keys_before_v6(kafka: Kafka) -> None:
    """Key type 2 (share) before v6 is INVALID_REQUEST, in every row."""
    (row,) = find(kafka, "group:AAAAAAAAAAAAAAAAAAAAAA:0", kind=SHARE)
    assert row.error_code == ErrorCode.INVALID_REQUEST
    assert row.node_id == NO_NODE


@case(
    FindCoordinatorRequest,
    versions="6+",
    feature="share groups",
    why="KIP-932",
    needs=(Feature("share.version"),),
)
def test_the_coordinator_of_a_share_partition(kafka: Kafka) -> None:
    """From v6 on a key of group, topic id and partition has a share coordinator."""
    key = f"{kafka.name('share')}:AAAAAAAAAAAAAAAAAAAAAA:0"
    assert eventually(lambda: find(kafka, key, kind=SHARE)[0].error_code == 0)


@case(
    FindCoordinatorRequest,
    versions="latest",
    feature=FEATURE,
    why="KafkaApis.getCoordinator: by the offsets topic's partitions",
    needs=(Brokers(2),),
)
def test_groups_are_spread(kafka: Kafka) -> None:
    """In a cluster groups are spread over several brokers."""
    kafka.group()
    rows = find(kafka, *[kafka.name("group") for _ in range(50)])
    assert len({row.node_id for row in rows}) > 1
