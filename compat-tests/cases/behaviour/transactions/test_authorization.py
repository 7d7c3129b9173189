"""Rights on transactional ids: WRITE to use one, DESCRIBE to see it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from conformance import AUTHORIZER, Credentials, Kafka, Listener, case, eventually
from conformance.transactions import (
    TRANSACTION_APIS,
    Producer,
    added,
    describe,
    idempotent,
    init,
    transactional,
)
from wire.errors import ErrorCode
from wire.messages.add_offsets_to_txn import AddOffsetsToTxnRequest
from wire.messages.add_partitions_to_txn import AddPartitionsToTxnRequest
from wire.messages.create_acls import AclCreation, CreateAclsRequest
from wire.messages.delete_acls import DeleteAclsFilter, DeleteAclsRequest
from wire.messages.describe_transactions import DescribeTransactionsRequest
from wire.messages.end_txn import EndTxnRequest
from wire.messages.init_producer_id import InitProducerIdRequest
from wire.messages.list_transactions import ListTransactionsRequest
from wire.messages.produce import ProduceRequest
from wire.messages.txn_offset_commit import TxnOffsetCommitRequest

WHY = "KIP-98; KafkaApis, AuthHelper"
NEEDS = (AUTHORIZER, Listener("SASL_PLAINTEXT"), Credentials("PLAIN", "alice"))
ALSO = (*TRANSACTION_APIS, CreateAclsRequest, DeleteAclsRequest, DescribeTransactionsRequest)
REFUSED = ErrorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED
TRANSACTIONAL_ID, LITERAL, ALL, DENY = (
    5,
    3,
    2,
    2,
)  # ResourceType, PatternType, AclOperation, AclPermissionType


@contextmanager
def denied(kafka: Kafka, key: str) -> Iterator[Kafka]:
    """alice, who may do nothing with this transactional id, from when the broker knows that."""
    pattern = {"principal": "User:alice", "host": "*", "operation": ALL, "permission_type": DENY}
    rule = AclCreation(
        resource_type=TRANSACTIONAL_ID, resource_name=key, resource_pattern_type=LITERAL, **pattern
    )
    (made,) = kafka.ask(CreateAclsRequest(creations=[rule])).results
    assert made.error_code == 0
    alice = kafka.login("SASL_PLAINTEXT", "alice")
    try:
        eventually(lambda: describe(alice, key).error_code == REFUSED)
        yield alice
    finally:
        chosen = DeleteAclsFilter(
            resource_type_filter=TRANSACTIONAL_ID,
            resource_name_filter=key,
            pattern_type_filter=LITERAL,
            principal_filter="User:alice",
            host_filter="*",
            operation=ALL,
            permission_type=DENY,
        )
        kafka.ask(DeleteAclsRequest(filters=[chosen]))


def as_alice(alice: Kafka, producer: Producer) -> Producer:
    """The same producer id and epoch, used by alice."""
    return Producer(alice, producer.id, producer.epoch, producer.transactional_id)


@case(InitProducerIdRequest, versions="0-5", feature="transactions", why=WHY, also=ALSO, needs=NEEDS)
def test_no_id(kafka: Kafka) -> None:
    """Without WRITE on it InitProducerId answers TRANSACTIONAL_ID_AUTHORIZATION_FAILED; the epoch stays."""
    key = kafka.transactional_id()
    with denied(kafka, key) as alice:
        assert init(alice, key).error_code == REFUSED
    assert init(kafka, key).producer_epoch == 0


@case(InitProducerIdRequest, versions="0-5", feature="transactions", why=WHY, also=ALSO, needs=NEEDS)
def test_another_id_is_allowed(kafka: Kafka) -> None:
    """The right is looked at for the very id: another one, and none, are free."""
    key = kafka.transactional_id()
    with denied(kafka, key) as alice:
        assert init(alice, key + "-other").error_code == 0
        assert init(alice, None).error_code == 0


@case(AddPartitionsToTxnRequest, versions="0-3", feature="transactions", why=WHY, also=ALSO, needs=NEEDS)
def test_no_partitions(kafka: Kafka) -> None:
    """AddPartitionsToTxn answers it for each partition, before it looks at topics."""
    producer, absent = transactional(kafka), kafka.name("absent")
    with denied(kafka, producer.transactional_id or "") as alice:
        request = producer.adding({absent: [0, 1]})
        assert added(alice.ask(request)) == {(absent, 0): REFUSED, (absent, 1): REFUSED}


@case(AddOffsetsToTxnRequest, feature="transactions", why=WHY, also=ALSO, needs=NEEDS)
def test_no_group(kafka: Kafka) -> None:
    """AddOffsetsToTxn answers it."""
    producer, group = transactional(kafka), kafka.group()
    with denied(kafka, producer.transactional_id or "") as alice:
        assert as_alice(alice, producer).add_offsets(group) == REFUSED


@case(TxnOffsetCommitRequest, feature="transactions", why=WHY, also=ALSO, needs=NEEDS)
def test_no_offsets(kafka: Kafka) -> None:
    """TxnOffsetCommit answers it for each partition, also once the group was added."""
    topic, group, producer = kafka.topic(), kafka.group(), transactional(kafka)
    producer.add_offsets(group)
    with denied(kafka, producer.transactional_id or "") as alice:
        assert as_alice(alice, producer).commit_offset(group, topic, 5) == REFUSED


@case(EndTxnRequest, feature="transactions", why=WHY, also=ALSO, needs=NEEDS)
def test_no_end(kafka: Kafka) -> None:
    """EndTxn answers it, and the transaction stays open."""
    topic, producer = kafka.topic(), transactional(kafka)
    producer.write(topic, b"a")
    with denied(kafka, producer.transactional_id or "") as alice:
        assert as_alice(alice, producer).end(False).error_code == REFUSED
    assert producer.described().transaction_state == "Ongoing"


@case(ProduceRequest, versions="3+", feature="transactions", why=WHY, also=ALSO, needs=NEEDS)
def test_no_records(kafka: Kafka) -> None:
    """A transactional batch answers it, also for a partition that was added, and is not stored."""
    topic, producer = kafka.topic(), transactional(kafka)
    producer.add(topic)
    with denied(kafka, producer.transactional_id or "") as alice:
        assert as_alice(alice, producer).send(topic, b"x").error_code == REFUSED
    assert kafka.offset(topic) == 0


@case(ProduceRequest, versions="3+", feature="transactions", why=WHY, also=ALSO, needs=NEEDS)
def test_plain_records_need_no_transactional_id(kafka: Kafka) -> None:
    """A batch that is not transactional is taken in a request that names the forbidden id."""
    topic, producer = kafka.topic(), idempotent(kafka)
    key = kafka.transactional_id()
    with denied(kafka, key) as alice:
        assert alice.produce(topic, records=producer.batch(b"a"), transactional_id=key).error_code == 0


@case(DescribeTransactionsRequest, feature="transactions", why=f"KIP-664; {WHY}", also=ALSO, needs=NEEDS)
def test_no_description(kafka: Kafka) -> None:
    """DescribeTransactions answers it, for an id that exists as for one that does not, and tells nothing else."""
    producer = transactional(kafka)
    for key in (producer.transactional_id or "", kafka.transactional_id()):
        with denied(kafka, key) as alice:
            row = describe(alice, key)
            assert (row.error_code, row.transactional_id, row.producer_id) == (REFUSED, key, 0)


@case(ListTransactionsRequest, feature="transactions", why=f"KIP-664; {WHY}", also=ALSO, needs=NEEDS)
def test_not_in_the_list(kafka: Kafka) -> None:
    """ListTransactions leaves out what one may not describe, without error."""
    producer, other = transactional(kafka), transactional(kafka)
    with denied(kafka, producer.transactional_id or "") as alice:
        answer = alice.ask(ListTransactionsRequest(producer_id_filters=[producer.id, other.id]))
    assert (answer.error_code, [row.transactional_id for row in answer.transaction_states]) == (
        0,
        [other.transactional_id],
    )
