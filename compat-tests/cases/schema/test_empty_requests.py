"""Requests that ask for nothing, or for all: empty arrays, and null where the schema allows it.

Kafka never answers two of them: AddPartitionsToTxn from v4 without transactions, and (3.9) OffsetFetch v8 and v9 without
groups. They are left out here, because no client sends them and no answer can be called right.
"""

from __future__ import annotations

from typing import Any

from cases.schema.requests import APIS, BUILDERS, scene
from cases.schema.test_answers import check_answer
from conformance import Kafka, api_name, case, make
from wire.messages.add_partitions_to_txn import AddPartitionsToTxnRequest
from wire.messages.describe_delegation_token import DescribeDelegationTokenRequest
from wire.messages.describe_log_dirs import DescribeLogDirsRequest
from wire.messages.describe_user_scram_credentials import DescribeUserScramCredentialsRequest
from wire.messages.elect_leaders import ElectLeadersRequest
from wire.messages.list_partition_reassignments import ListPartitionReassignmentsRequest
from wire.messages.metadata import MetadataRequest
from wire.messages.offset_fetch import OffsetFetchRequest
from wire.schema import Array, Message

SOMETIMES_UNANSWERED = (AddPartitionsToTxnRequest, OffsetFetchRequest)
WITH_ARRAYS = tuple(
    api
    for api in APIS
    if any(isinstance(field.type, Array) for field in api.fields) and api not in SOMETIMES_UNANSWERED
)


def emptied(kafka: Kafka, api: Message, **changed: Any) -> Any:
    """The well-formed request with every array of its top level empty, but for what is given."""
    values = BUILDERS[api_name(api)](scene(kafka))
    empty = {name: [] if isinstance(value, list) else value for name, value in values.items()}
    return make(api, {**empty, **changed})


@case(*WITH_ARRAYS, feature="empty arrays", why="the message definitions")
def test_nothing_is_asked(kafka: Kafka, api: Message, version: int) -> None:
    """A request without entries is answered in the schema of its version."""
    check_answer(kafka.ask(emptied(kafka, api), version))


@case(OffsetFetchRequest, versions="1-7", feature="empty arrays", why="the message definitions")
def test_no_offsets_are_asked(kafka: Kafka, version: int) -> None:
    """An OffsetFetch of one group without topics is answered in the schema of its version."""
    check_answer(kafka.ask(emptied(kafka, OffsetFetchRequest), version))


@case(MetadataRequest, versions="1+", feature="null arrays", why="KIP-4; MetadataRequest.json")
def test_metadata_of_all(kafka: Kafka) -> None:
    """Null topics are all topics; an empty array is none."""
    topic = scene(kafka).topic
    everything = kafka.ask(emptied(kafka, MetadataRequest, topics=None))
    assert topic.name in {row.name for row in everything.topics}
    assert kafka.ask(emptied(kafka, MetadataRequest)).topics == []


@case(DescribeLogDirsRequest, feature="null arrays", why="KIP-113; DescribeLogDirsRequest.json")
def test_log_dirs_of_all(kafka: Kafka) -> None:
    """Null topics are all topics that the broker holds."""
    answer = kafka.ask(
        emptied(kafka, DescribeLogDirsRequest, topics=None), to=kafka.leader(scene(kafka).topic)
    )
    assert scene(kafka).topic.name in {row.name for found in answer.results for row in found.topics}


@case(
    DescribeDelegationTokenRequest,
    DescribeUserScramCredentialsRequest,
    ListPartitionReassignmentsRequest,
    feature="null arrays",
    why="KIP-48, KIP-554, KIP-455; the message definitions",
)
def test_all_are_asked(kafka: Kafka, api: Message, version: int) -> None:
    """Null in place of a list of what to describe means all, and is answered in the schema of its version."""
    nulls = {field.name: None for field in api.fields if isinstance(field.type, Array)}
    check_answer(kafka.ask(emptied(kafka, api, **nulls), version))


@case(ElectLeadersRequest, feature="null arrays", why="KIP-460; ReplicationControlManager.electLeaders")
def test_election_of_all(kafka: Kafka, version: int) -> None:
    """Null partitions mean those that need an election: where the preferred replicas lead, none is reported."""
    answer = kafka.ask(emptied(kafka, ElectLeadersRequest, topic_partitions=None), version)
    check_answer(answer)
    assert answer.error_code == 0


@case(OffsetFetchRequest, versions="2-7", feature="null arrays", why="KIP-88; OffsetFetchRequest.json")
def test_offsets_of_all_topics(kafka: Kafka) -> None:
    """Null topics mean all that the group committed; of an unknown group that is nothing, and no error."""
    answer = kafka.ask(emptied(kafka, OffsetFetchRequest, group_id=kafka.group(), topics=None))
    assert (answer.error_code, answer.topics) == (0, [])
