"""Offsets committed as part of a transaction: AddOffsetsToTxn, TxnOffsetCommit, and what OffsetFetch says meanwhile."""

from __future__ import annotations

import pytest

from conformance import Kafka, Topic, case, eventually
from conformance.groups import commit, committed, fetched, stable
from conformance.kafka import STARTING
from conformance.transactions import (
    TRANSACTION_APIS,
    committed_values,
    idempotent,
    refusal,
    transactional,
)
from wire.errors import ErrorCode
from wire.messages.add_offsets_to_txn import AddOffsetsToTxnRequest
from wire.messages.join_group import JoinGroupRequest
from wire.messages.offset_commit import OffsetCommitRequest
from wire.messages.offset_delete import (
    OffsetDeleteRequest,
    OffsetDeleteRequestPartition,
    OffsetDeleteRequestTopic,
)
from wire.messages.offset_fetch import OffsetFetchRequest
from wire.messages.txn_offset_commit import (
    TxnOffsetCommitRequest,
    TxnOffsetCommitRequestPartition,
    TxnOffsetCommitRequestTopic,
)

ADD = "KIP-98; TransactionCoordinator.handleAddPartitionsToTransaction"
COMMIT = "KIP-98; OffsetMetadataManager.commitTransactionalOffset"
FENCING = "KIP-447; OffsetMetadataManager.validateTransactionalOffsetCommit"
VERIFICATION = "KIP-890; the coordinator verifies or adds __consumer_offsets"
PENDING = "KIP-447; OffsetMetadataManager.fetchOffsets"
ALSO = (*TRANSACTION_APIS, AddOffsetsToTxnRequest, TxnOffsetCommitRequest, OffsetFetchRequest)
ends = pytest.mark.parametrize("commits", [True, False])


def offset_of(kafka: Kafka, group: str, topic: Topic) -> int:
    return int(committed(kafka, group, topic).committed_offset)


def stable_offset(kafka: Kafka, group: str, topic: Topic) -> tuple[int, int]:
    """(error code, offset) with require_stable."""
    _, topics = fetched(kafka, group, {topic: [0]}, require_stable=True)
    row = topics[0].partitions[0]
    return row.error_code, row.committed_offset


# --- AddOffsetsToTxn


@case(AddOffsetsToTxnRequest, feature="transactions", why=ADD, also=ALSO)
def test_adding_a_group(kafka: Kafka) -> None:
    """AddOffsetsToTxn opens a transaction with the group's partition of __consumer_offsets."""
    producer = transactional(kafka)
    assert producer.add_offsets(kafka.group()) == 0
    row = producer.described()
    assert row.transaction_state == "Ongoing"
    assert [(each.topic, len(each.partitions)) for each in row.topics] == [("__consumer_offsets", 1)]


@case(AddOffsetsToTxnRequest, feature="transactions", why=ADD, also=ALSO)
def test_adding_a_group_again(kafka: Kafka) -> None:
    """The same group again answers 0."""
    producer, group = transactional(kafka), kafka.group()
    assert [producer.add_offsets(group) for _ in range(2)] == [0, 0]


@case(AddOffsetsToTxnRequest, feature="transactions", why=ADD, also=ALSO)
def test_adding_to_an_unknown_transactional_id(kafka: Kafka) -> None:
    """A transactional id that nobody initialized answers INVALID_PRODUCER_ID_MAPPING."""
    producer = idempotent(kafka)
    producer.transactional_id = kafka.transactional_id()
    assert producer.add_offsets(kafka.group()) == ErrorCode.INVALID_PRODUCER_ID_MAPPING


@case(AddOffsetsToTxnRequest, feature="transactions", why=ADD, also=ALSO)
def test_adding_with_another_producer_id(kafka: Kafka) -> None:
    """A producer id that is not that of the transactional id answers INVALID_PRODUCER_ID_MAPPING."""
    producer = transactional(kafka)
    producer.id += 1_000_000
    assert producer.add_offsets(kafka.group()) == ErrorCode.INVALID_PRODUCER_ID_MAPPING


@case(AddOffsetsToTxnRequest, feature="transactions", why=ADD, also=ALSO)
def test_adding_with_an_epoch_that_does_not_exist_yet(kafka: Kafka, version: int) -> None:
    """An epoch above the present one answers PRODUCER_FENCED, below v2 INVALID_PRODUCER_EPOCH."""
    producer = transactional(kafka)
    producer.epoch += 1
    code = ErrorCode.PRODUCER_FENCED if version >= 2 else ErrorCode.INVALID_PRODUCER_EPOCH
    assert producer.add_offsets(kafka.group()) == code


@case(AddOffsetsToTxnRequest, feature="transactions", why=ADD, also=ALSO)
def test_adding_with_an_empty_transactional_id(kafka: Kafka) -> None:
    """An empty transactional id answers INVALID_REQUEST."""
    producer = transactional(kafka)
    producer.transactional_id = ""
    assert producer.add_offsets(kafka.group()) == ErrorCode.INVALID_REQUEST


@case(AddOffsetsToTxnRequest, feature="transactions", why="KafkaApis.handleAddOffsetsToTxnRequest", also=ALSO)
def test_adding_an_empty_group_id(kafka: Kafka) -> None:
    """The group is looked at when its offsets come: an empty group id answers 0 here."""
    assert transactional(kafka).add_offsets("") == 0


# --- TxnOffsetCommit


@case(TxnOffsetCommitRequest, feature="transactions", why=COMMIT, also=ALSO)
def test_offsets_show_after_the_commit(kafka: Kafka) -> None:
    """An offset of a transaction is there when the transaction is committed, and not before."""
    topic, group, producer = kafka.topic(), kafka.group(), transactional(kafka)
    assert producer.add_offsets(group) == 0
    assert producer.commit_offset(group, topic, 5) == 0
    assert offset_of(kafka, group, topic) == -1
    producer.commit()
    assert eventually(lambda: offset_of(kafka, group, topic) == 5)


@case(TxnOffsetCommitRequest, feature="transactions", why=COMMIT, also=ALSO)
def test_an_abort_drops_the_offsets(kafka: Kafka) -> None:
    """After an abort the offset that was committed before holds."""
    topic, group, producer = kafka.topic(), kafka.group(), transactional(kafka)
    assert commit(kafka, group, topic, 3) == 0
    producer.add_offsets(group)
    producer.commit_offset(group, topic, 5)
    producer.abort()
    assert eventually(lambda: stable_offset(kafka, group, topic) == (0, 3))


@case(TxnOffsetCommitRequest, feature="transactions", why=COMMIT, also=ALSO)
def test_records_and_offsets_together(kafka: Kafka) -> None:
    """Records in two partitions and the offsets of a group are aborted together, and then committed together."""
    topic, group, producer = kafka.topic(partitions=2), kafka.group(), transactional(kafka)
    for end in (producer.abort, producer.commit):
        for index in (0, 1):
            producer.write(topic, b"a", partition=index)
        assert producer.add_offsets(group) == 0
        assert producer.commit_offset(group, topic, 7) == 0
        assert offset_of(kafka, group, topic) == -1
        end()
    assert eventually(lambda: offset_of(kafka, group, topic) == 7)
    for index in (0, 1):
        assert committed_values(kafka, topic, partition=index) == [b"a"]
        assert kafka.offset(topic, partition=index) == 4


@case(TxnOffsetCommitRequest, feature="transactions", why=COMMIT, also=ALSO)
def test_the_last_offset_of_the_transaction_holds(kafka: Kafka) -> None:
    """Of several offsets for a partition in one transaction the last one holds, be it smaller."""
    topic, group, producer = kafka.topic(), kafka.group(), transactional(kafka)
    producer.add_offsets(group)
    for offset in (5, 9, 7):
        assert producer.commit_offset(group, topic, offset) == 0
    producer.commit()
    assert eventually(lambda: offset_of(kafka, group, topic) == 7)


@case(TxnOffsetCommitRequest, feature="transactions", why=COMMIT, also=(*ALSO, OffsetCommitRequest))
def test_a_plain_commit_in_the_middle(kafka: Kafka) -> None:
    """A plain commit shows at once, and holds against an offset that the transaction had committed before it."""
    topic, group, producer = kafka.topic(), kafka.group(), transactional(kafka)
    producer.add_offsets(group)
    producer.commit_offset(group, topic, 5)
    assert commit(kafka, group, topic, 9) == 0
    assert offset_of(kafka, group, topic) == 9
    producer.commit()
    assert eventually(lambda: stable_offset(kafka, group, topic) == (0, 9))


@case(TxnOffsetCommitRequest, versions="0-3", feature="transactions", why=VERIFICATION, also=ALSO)
def test_offsets_of_a_group_that_was_not_added(kafka: Kafka) -> None:
    """Up to v3 offsets without AddOffsetsToTxn answer INVALID_TXN_STATE."""
    topic, group, producer = kafka.topic(), kafka.group(), transactional(kafka)
    producer.add(topic)
    wanted = ErrorCode.INVALID_TXN_STATE
    assert refusal(lambda: producer.commit_offset(group, topic, 5), wanted) == wanted


@case(TxnOffsetCommitRequest, versions="4", feature="transactions", why=VERIFICATION, also=ALSO)
def test_offsets_of_a_group_that_was_not_added_are_abortable(kafka: Kafka) -> None:
    """In v4 offsets without AddOffsetsToTxn answer TRANSACTION_ABORTABLE."""
    topic, group, producer = kafka.topic(), kafka.group(), transactional(kafka)
    producer.add(topic)
    wanted = ErrorCode.TRANSACTION_ABORTABLE
    assert refusal(lambda: producer.commit_offset(group, topic, 5), wanted) == wanted


@case(TxnOffsetCommitRequest, versions="5+", feature="transactions v2", why=VERIFICATION, also=ALSO)
def test_the_coordinator_adds_the_group(kafka: Kafka) -> None:
    """From v5 on TxnOffsetCommit adds the group by itself and opens the transaction."""
    topic, group, producer = kafka.topic(), kafka.group(), transactional(kafka)
    assert producer.commit_offset(group, topic, 5) == 0
    assert [each.topic for each in producer.described().topics] == ["__consumer_offsets"]
    producer.commit()
    assert eventually(lambda: offset_of(kafka, group, topic) == 5)


@case(TxnOffsetCommitRequest, feature="transactions", why="KafkaApis.handleTxnOffsetCommitRequest", also=ALSO)
def test_unknown_topics_and_partitions(kafka: Kafka) -> None:
    """Unknown topics and partitions answer UNKNOWN_TOPIC_OR_PARTITION; the others of the request are committed."""
    topic, group, producer, absent = kafka.topic(), kafka.group(), transactional(kafka), kafka.name("absent")
    assert producer.add_offsets(group) == 0
    wanted = {topic.name: [0, 4], absent: [0]}
    request = TxnOffsetCommitRequest(
        transactional_id=producer.transactional_id,
        group_id=group,
        producer_id=producer.id,
        producer_epoch=producer.epoch,
        topics=[
            TxnOffsetCommitRequestTopic(
                name=name,
                partitions=[
                    TxnOffsetCommitRequestPartition(partition_index=n, committed_offset=8) for n in indexes
                ],
            )
            for name, indexes in wanted.items()
        ],
    )

    def codes() -> dict[tuple[str, int], int]:
        rows = kafka.ask(request).topics
        return {(row.name, part.partition_index): part.error_code for row in rows for part in row.partitions}

    unknown = ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
    expected = {(topic.name, 0): 0, (topic.name, 4): unknown, (absent, 0): unknown}
    found = eventually(lambda: None if STARTING.intersection((got := codes()).values()) else got)
    assert found == expected
    producer.commit()
    assert eventually(lambda: offset_of(kafka, group, topic) == 8)


@case(
    TxnOffsetCommitRequest,
    feature="transactions",
    why="GroupCoordinatorService.commitTransactionalOffsets",
    also=ALSO,
)
def test_an_empty_group_id(kafka: Kafka) -> None:
    """An empty group id answers INVALID_GROUP_ID for each partition."""
    topic, producer = kafka.topic(), transactional(kafka)
    producer.add_offsets("")
    assert producer.commit_offset("", topic, 5) == ErrorCode.INVALID_GROUP_ID


@case(
    TxnOffsetCommitRequest,
    feature="transactions",
    why="OffsetMetadataManager: offset.metadata.max.bytes",
    also=ALSO,
)
def test_metadata_that_is_too_large(kafka: Kafka) -> None:
    """Metadata above offset.metadata.max.bytes answers OFFSET_METADATA_TOO_LARGE."""
    topic, group, producer = kafka.topic(), kafka.group(), transactional(kafka)
    producer.add_offsets(group)
    limit = int(kafka.subject.setting("offset.metadata.max.bytes") or 4096)
    code = producer.commit_offset(group, topic, 1, committed_metadata="x" * (limit + 1))
    assert code == ErrorCode.OFFSET_METADATA_TOO_LARGE


@case(TxnOffsetCommitRequest, feature="transactions", why=COMMIT, also=ALSO)
def test_metadata_is_kept(kafka: Kafka) -> None:
    """The metadata of an offset is there with it after the commit."""
    topic, group, producer = kafka.topic(), kafka.group(), transactional(kafka)
    producer.add_offsets(group)
    assert producer.commit_offset(group, topic, 1, committed_metadata="note") == 0
    producer.commit()
    assert eventually(lambda: committed(kafka, group, topic).metadata == "note")


@case(TxnOffsetCommitRequest, feature="transactions", why="KIP-98; ProducerAppendInfo", also=ALSO)
def test_a_fenced_producer_commits_no_offsets(kafka: Kafka) -> None:
    """Offsets in the epoch before, after the new epoch has written some itself, answer INVALID_PRODUCER_EPOCH."""
    topic, group, old = kafka.topic(), kafka.group(), transactional(kafka)
    new = old.again()
    new.add_offsets(group)
    assert new.commit_offset(group, topic, 6) == 0
    assert old.commit_offset(group, topic, 5) == ErrorCode.INVALID_PRODUCER_EPOCH


# --- the consumer's generation


@case(
    TxnOffsetCommitRequest, versions="3+", feature="transactions", why=FENCING, also=(*ALSO, JoinGroupRequest)
)
def test_a_member_commits(kafka: Kafka) -> None:
    """From v3 on a member commits with its id and generation."""
    (member,) = stable(kafka)
    topic, producer = kafka.topic(), transactional(kafka)
    producer.add_offsets(member.group)
    who = {"generation_id": member.generation, "member_id": member.id}
    assert producer.commit_offset(member.group, topic, 5, **who) == 0
    producer.commit()
    assert eventually(lambda: offset_of(kafka, member.group, topic) == 5)


@case(
    TxnOffsetCommitRequest, versions="3+", feature="transactions", why=FENCING, also=(*ALSO, JoinGroupRequest)
)
@pytest.mark.parametrize("change", [-1, 1])
def test_another_generation(kafka: Kafka, change: int) -> None:
    """A member with another generation than the group's answers ILLEGAL_GENERATION: that is how zombies are fenced."""
    members = stable(kafka, 2)
    topic, producer, member = kafka.topic(), transactional(kafka), members[0]
    producer.add_offsets(member.group)
    who = {"generation_id": member.generation + change, "member_id": member.id}
    assert producer.commit_offset(member.group, topic, 5, **who) == ErrorCode.ILLEGAL_GENERATION


@case(
    TxnOffsetCommitRequest, versions="3+", feature="transactions", why=FENCING, also=(*ALSO, JoinGroupRequest)
)
def test_a_stranger(kafka: Kafka) -> None:
    """A member id that the group does not have answers UNKNOWN_MEMBER_ID."""
    (member,) = stable(kafka)
    topic, producer = kafka.topic(), transactional(kafka)
    producer.add_offsets(member.group)
    who = {"generation_id": member.generation, "member_id": "stranger"}
    assert producer.commit_offset(member.group, topic, 5, **who) == ErrorCode.UNKNOWN_MEMBER_ID


@case(TxnOffsetCommitRequest, feature="transactions", why=FENCING, also=(*ALSO, JoinGroupRequest))
def test_without_member_and_generation(kafka: Kafka) -> None:
    """Without member and generation offsets are taken, even while the group has members: clients before KIP-447."""
    (member,) = stable(kafka)
    topic, producer = kafka.topic(), transactional(kafka)
    producer.add_offsets(member.group)
    assert producer.commit_offset(member.group, topic, 5) == 0


@case(TxnOffsetCommitRequest, versions="3+", feature="transactions", why=FENCING, also=ALSO)
def test_a_generation_of_a_group_that_does_not_exist(kafka: Kafka) -> None:
    """A generation of a group without members answers UNKNOWN_MEMBER_ID or ILLEGAL_GENERATION, and commits nothing."""
    topic, group, producer = kafka.topic(), kafka.group(), transactional(kafka)
    producer.add_offsets(group)
    code = producer.commit_offset(group, topic, 5, generation_id=3, member_id="nobody")
    assert code in (ErrorCode.UNKNOWN_MEMBER_ID, ErrorCode.ILLEGAL_GENERATION)
    assert stable_offset(kafka, group, topic) == (0, -1)


# --- OffsetFetch meanwhile


@case(OffsetFetchRequest, versions="7+", feature="transactions", why=PENDING, also=ALSO)
@ends
def test_unstable_offsets(kafka: Kafka, commits: bool) -> None:
    """With require_stable a partition with a pending offset answers UNSTABLE_OFFSET_COMMIT until the transaction ends."""
    topic, group, producer = kafka.topic(), kafka.group(), transactional(kafka)
    assert commit(kafka, group, topic, 3) == 0
    producer.add_offsets(group)
    producer.commit_offset(group, topic, 5)
    assert stable_offset(kafka, group, topic) == (ErrorCode.UNSTABLE_OFFSET_COMMIT, -1)
    (producer.commit if commits else producer.abort)()
    assert eventually(lambda: stable_offset(kafka, group, topic) == (0, 5 if commits else 3))


@case(OffsetFetchRequest, versions="1+", feature="transactions", why=PENDING, also=ALSO)
def test_pending_offsets_do_not_hold_others_back(kafka: Kafka) -> None:
    """Without require_stable the offset that was committed last is given, whatever is pending."""
    topic, group, producer = kafka.topic(), kafka.group(), transactional(kafka)
    assert commit(kafka, group, topic, 3) == 0
    producer.add_offsets(group)
    producer.commit_offset(group, topic, 5)
    row = committed(kafka, group, topic)
    assert (row.error_code, row.committed_offset) == (0, 3)


@case(OffsetFetchRequest, versions="7+", feature="transactions", why=PENDING, also=ALSO)
def test_one_partition_is_unstable(kafka: Kafka) -> None:
    """Only the partition with a pending offset is held back, the others of the group are given."""
    topic, group, producer = kafka.topic(partitions=2), kafka.group(), transactional(kafka)
    assert commit(kafka, group, topic, 3, partition=1) == 0
    producer.add_offsets(group)
    producer.commit_offset(group, topic, 5)
    _, topics = fetched(kafka, group, {topic: [0, 1]}, require_stable=True)
    rows = {row.partition_index: (row.error_code, row.committed_offset) for row in topics[0].partitions}
    assert rows == {0: (ErrorCode.UNSTABLE_OFFSET_COMMIT, -1), 1: (0, 3)}


@case(OffsetFetchRequest, versions="7+", feature="transactions", why=PENDING, also=ALSO)
def test_another_group_is_stable(kafka: Kafka) -> None:
    """A pending offset of one group does not touch another group."""
    topic, group, other, producer = kafka.topic(), kafka.group(), kafka.group(), transactional(kafka)
    producer.add_offsets(group)
    producer.commit_offset(group, topic, 5)
    assert stable_offset(kafka, other, topic) == (0, -1)


@case(OffsetDeleteRequest, feature="transactions", why="OffsetMetadataManager.deleteOffsets", also=ALSO)
def test_deleting_pending_offsets(kafka: Kafka) -> None:
    """OffsetDelete drops a pending offset too: the commit of the transaction brings nothing then."""
    topic, group, producer = kafka.topic(), kafka.group(), transactional(kafka)
    assert commit(kafka, group, topic, 3) == 0
    producer.add_offsets(group)
    producer.commit_offset(group, topic, 5)
    rows = [
        OffsetDeleteRequestTopic(
            name=topic.name, partitions=[OffsetDeleteRequestPartition(partition_index=0)]
        )
    ]
    answer = kafka.ask(OffsetDeleteRequest(group_id=group, topics=rows))
    assert (answer.error_code, answer.topics[0].partitions[0].error_code) == (0, 0)
    assert stable_offset(kafka, group, topic) == (0, -1)
    producer.commit()
    assert stable_offset(kafka, group, topic) == (0, -1)
