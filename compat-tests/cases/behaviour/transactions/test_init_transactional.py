"""InitProducerId with a transactional id: the id is kept, the epoch goes up, and whoever had the epoch before is fenced."""

from __future__ import annotations

import pytest

from conformance import Kafka, case, eventually
from conformance.transactions import (
    TRANSACTION_APIS,
    added,
    committed_values,
    describe,
    init,
    settled,
    transactional,
)
from wire.errors import ErrorCode
from wire.messages.add_offsets_to_txn import AddOffsetsToTxnRequest
from wire.messages.add_partitions_to_txn import AddPartitionsToTxnRequest
from wire.messages.describe_transactions import DescribeTransactionsRequest
from wire.messages.end_txn import EndTxnRequest
from wire.messages.init_producer_id import InitProducerIdRequest
from wire.messages.produce import ProduceRequest

HANDLER = "KIP-98; TransactionCoordinator.handleInitProducerId"
EXPECTED = "KIP-360; TransactionMetadata.prepareIncrementProducerEpoch"
SERVED = (AddPartitionsToTxnRequest,)  # a broker without transactions has no transactional ids


@case(InitProducerIdRequest, versions="0-5", feature="transactions", why=HANDLER, also=SERVED)
def test_a_new_transactional_id(kafka: Kafka) -> None:
    """A transactional id that is used for the first time gets a producer id and epoch 0."""
    answer = init(kafka, kafka.transactional_id())
    assert (answer.error_code, answer.producer_epoch) == (0, 0)
    assert answer.producer_id >= 0


@case(InitProducerIdRequest, versions="0-5", feature="transactions", why=HANDLER, also=SERVED)
def test_the_same_id_again(kafka: Kafka) -> None:
    """Each further InitProducerId of a transactional id keeps the producer id and raises the epoch by one."""
    key = kafka.transactional_id()
    answers = [init(kafka, key) for _ in range(4)]
    assert [each.producer_epoch for each in answers] == [0, 1, 2, 3]
    assert len({each.producer_id for each in answers}) == 1


@case(InitProducerIdRequest, versions="0-5", feature="transactions", why=HANDLER, also=SERVED)
def test_ids_apart(kafka: Kafka) -> None:
    """Two transactional ids, and one that differs by case alone, have different producer ids."""
    key = kafka.transactional_id()
    ids = {init(kafka, name).producer_id for name in (key, key.upper(), key + "2")}
    assert len(ids) == 3


@case(
    InitProducerIdRequest,
    versions="0-5",
    feature="transactions",
    why="TransactionStateManager.validateTransactionTimeoutMs",
    also=SERVED,
)
@pytest.mark.parametrize("timeout_ms", [0, -1, -(2**31)])
def test_a_timeout_that_is_none(kafka: Kafka, timeout_ms: int) -> None:
    """A transaction timeout of 0 or below answers INVALID_TRANSACTION_TIMEOUT."""
    answer = init(kafka, kafka.transactional_id(), timeout_ms=timeout_ms)
    assert answer.error_code == ErrorCode.INVALID_TRANSACTION_TIMEOUT
    assert (answer.producer_id, answer.producer_epoch) == (-1, -1)


@case(
    InitProducerIdRequest,
    versions="0-5",
    feature="transactions",
    why="TransactionStateManager.validateTransactionTimeoutMs",
    also=SERVED,
)
def test_the_longest_timeout(kafka: Kafka) -> None:
    """A timeout of transaction.max.timeout.ms is taken, one more answers INVALID_TRANSACTION_TIMEOUT."""
    key, longest = (
        kafka.transactional_id(),
        int(kafka.subject.setting("transaction.max.timeout.ms") or 900_000),
    )
    assert init(kafka, key, timeout_ms=longest).error_code == 0
    assert init(kafka, key, timeout_ms=longest + 1).error_code == ErrorCode.INVALID_TRANSACTION_TIMEOUT


@case(InitProducerIdRequest, versions="latest", feature="transactions", why=HANDLER, also=SERVED)
def test_a_refused_timeout_fences_nobody(kafka: Kafka) -> None:
    """A request that is refused for its timeout does not raise the epoch."""
    key = kafka.transactional_id()
    init(kafka, key)
    init(kafka, key, timeout_ms=0)
    assert init(kafka, key).producer_epoch == 1


@case(InitProducerIdRequest, versions="0-5", feature="transactions", why=HANDLER, also=SERVED)
def test_an_empty_id_goes_before_the_timeout(kafka: Kafka) -> None:
    """An empty transactional id with a timeout that is none answers INVALID_REQUEST."""
    assert init(kafka, "", timeout_ms=0).error_code == ErrorCode.INVALID_REQUEST


@case(
    InitProducerIdRequest,
    versions="0-5",
    feature="transactions",
    why=HANDLER,
    also=(*SERVED, DescribeTransactionsRequest),
)
def test_the_timeout_of_the_last_one_holds(kafka: Kafka) -> None:
    """Each InitProducerId sets the timeout anew."""
    key = kafka.transactional_id()
    init(kafka, key, timeout_ms=12_345)
    assert describe(kafka, key).transaction_timeout_ms == 12_345
    init(kafka, key, timeout_ms=23_456)
    assert describe(kafka, key).transaction_timeout_ms == 23_456


# --- fencing


@case(InitProducerIdRequest, versions="0-5", feature="transactions", why=HANDLER, also=TRANSACTION_APIS)
def test_an_open_transaction_is_aborted_first(kafka: Kafka) -> None:
    """InitProducerId aborts an open transaction: CONCURRENT_TRANSACTIONS, and asked again an epoch two higher."""
    topic, producer = kafka.topic(), transactional(kafka)
    producer.write(topic, b"a")
    answer = init(kafka, producer.transactional_id)
    assert answer.error_code == ErrorCode.CONCURRENT_TRANSACTIONS
    assert (answer.producer_id, answer.producer_epoch) == (-1, -1)
    producer.wait_state("CompleteAbort")
    answer = eventually(lambda: settled(init(kafka, producer.transactional_id)))
    assert (answer.error_code, answer.producer_id, answer.producer_epoch) == (0, producer.id, 2)
    assert committed_values(kafka, topic) == []


@case(InitProducerIdRequest, versions="0-5", feature="transactions", why=HANDLER, also=TRANSACTION_APIS)
@pytest.mark.parametrize("committed", [True, False])
def test_after_the_end_the_epoch_goes_on(kafka: Kafka, committed: bool) -> None:
    """After a transaction that ended, InitProducerId gives the next epoch at once."""
    topic, producer = kafka.topic(), transactional(kafka)
    producer.write(topic, b"a")
    (producer.commit if committed else producer.abort)()
    answer = init(kafka, producer.transactional_id)
    assert (answer.error_code, answer.producer_id) == (0, producer.id)
    assert answer.producer_epoch == producer.epoch + 1


def fenced(version: int, first_own_code: int) -> int:
    """The code for a producer that was fenced, from the version on that knows it."""
    return ErrorCode.PRODUCER_FENCED if version >= first_own_code else ErrorCode.INVALID_PRODUCER_EPOCH


@case(AddPartitionsToTxnRequest, feature="transactions", why="KIP-588", also=TRANSACTION_APIS)
def test_a_fenced_producer_adds_no_partition(kafka: Kafka, version: int) -> None:
    """AddPartitionsToTxn in the epoch before answers PRODUCER_FENCED, below v2 INVALID_PRODUCER_EPOCH."""
    topic, old = kafka.topic(), transactional(kafka)
    old.again()
    codes = added(kafka.ask(old.adding({topic.name: [0]})))
    assert codes == {(topic.name, 0): fenced(version, 2)}


@case(EndTxnRequest, feature="transactions", why="KIP-588", also=TRANSACTION_APIS)
@pytest.mark.parametrize("committed", [True, False])
def test_a_fenced_producer_ends_no_transaction(kafka: Kafka, version: int, committed: bool) -> None:
    """EndTxn in the epoch before answers PRODUCER_FENCED, below v2 INVALID_PRODUCER_EPOCH; the open transaction stays."""
    topic, old = kafka.topic(), transactional(kafka)
    new = old.again()
    new.write(topic, b"a")
    assert old.end(committed).error_code == fenced(version, 2)
    assert new.described().transaction_state == "Ongoing"


@case(AddOffsetsToTxnRequest, feature="transactions", why="KIP-588", also=TRANSACTION_APIS)
def test_a_fenced_producer_adds_no_offsets(kafka: Kafka, version: int) -> None:
    """AddOffsetsToTxn in the epoch before answers PRODUCER_FENCED, below v2 INVALID_PRODUCER_EPOCH."""
    old = transactional(kafka)
    old.again()
    assert old.add_offsets(kafka.group()) == fenced(version, 2)


@case(
    ProduceRequest,
    versions="3+",
    feature="transactions",
    why="KIP-588; ProducerAppendInfo",
    also=TRANSACTION_APIS,
)
def test_a_fenced_producer_writes_nothing(kafka: Kafka) -> None:
    """A batch in the epoch before answers INVALID_PRODUCER_EPOCH, before and after the new epoch wrote something itself."""
    topic, old = kafka.topic(), transactional(kafka)
    new = old.again()
    assert old.send(topic, b"x").error_code == ErrorCode.INVALID_PRODUCER_EPOCH
    new.write(topic, b"a")
    assert old.send(topic, b"x").error_code == ErrorCode.INVALID_PRODUCER_EPOCH
    assert kafka.offset(topic) == 1


@case(
    ProduceRequest,
    versions="3+",
    feature="transactions",
    why="KIP-98: the fence is a marker",
    also=TRANSACTION_APIS,
)
def test_a_zombie_in_the_middle_of_its_transaction(kafka: Kafka) -> None:
    """A producer that is fenced in the middle of its transaction can neither write on nor commit."""
    topic, old = kafka.topic(), transactional(kafka)
    old.write(topic, b"a")
    old.again()
    assert old.send(topic, b"b").error_code == ErrorCode.INVALID_PRODUCER_EPOCH
    assert old.end(True).error_code == ErrorCode.PRODUCER_FENCED
    assert committed_values(kafka, topic) == []


# --- an epoch raised by its owner


@case(InitProducerIdRequest, versions="3-5", feature="transactions", why=EXPECTED, also=SERVED)
def test_the_owner_raises_its_epoch(kafka: Kafka) -> None:
    """Naming the producer id and epoch that one has raises the epoch by one."""
    key = kafka.transactional_id()
    first = init(kafka, key)
    answer = init(kafka, key, first.producer_id, first.producer_epoch)
    assert (answer.error_code, answer.producer_id, answer.producer_epoch) == (0, first.producer_id, 1)


@case(
    InitProducerIdRequest,
    versions="3-5",
    feature="transactions",
    why=f"{EXPECTED}: lastProducerEpoch",
    also=SERVED,
)
def test_the_owner_asks_again(kafka: Kafka) -> None:
    """The same request again, as after a lost answer, gives the same epoch and not the next."""
    key = kafka.transactional_id()
    first = init(kafka, key)
    answers = [init(kafka, key, first.producer_id, 0) for _ in range(3)]
    assert [(each.error_code, each.producer_epoch) for each in answers] == [(0, 1)] * 3


@case(InitProducerIdRequest, versions="3-5", feature="transactions", why="KIP-360, KIP-588", also=SERVED)
def test_an_owner_two_epochs_behind(kafka: Kafka, version: int) -> None:
    """An epoch before the last one is fenced: PRODUCER_FENCED, in v3 INVALID_PRODUCER_EPOCH."""
    key = kafka.transactional_id()
    first = init(kafka, key)
    init(kafka, key, first.producer_id, 0)
    init(kafka, key, first.producer_id, 1)
    answer = init(kafka, key, first.producer_id, 0)
    assert answer.error_code == fenced(version, 4)
    assert (answer.producer_id, answer.producer_epoch) == (-1, -1)


@case(InitProducerIdRequest, versions="3-5", feature="transactions", why="KIP-360, KIP-588", also=SERVED)
def test_an_owner_that_somebody_else_fenced(kafka: Kafka, version: int) -> None:
    """After another producer took over without naming an epoch, the one before is fenced, and is not taken for a retry."""
    key = kafka.transactional_id()
    first = init(kafka, key)
    init(kafka, key)
    assert init(kafka, key, first.producer_id, 0).error_code == fenced(version, 4)


@case(InitProducerIdRequest, versions="3-5", feature="transactions", why="KIP-360, KIP-588", also=SERVED)
def test_an_epoch_that_does_not_exist_yet(kafka: Kafka, version: int) -> None:
    """An epoch above the present one answers PRODUCER_FENCED, in v3 INVALID_PRODUCER_EPOCH."""
    key = kafka.transactional_id()
    first = init(kafka, key)
    assert init(kafka, key, first.producer_id, 1).error_code == fenced(version, 4)


@case(
    InitProducerIdRequest,
    versions="3-5",
    feature="transactions",
    why="KIP-360: isValidProducerId",
    also=SERVED,
)
def test_the_id_of_another_producer(kafka: Kafka, version: int) -> None:
    """Another producer id than that of the transactional id answers PRODUCER_FENCED, in v3 INVALID_PRODUCER_EPOCH."""
    key = kafka.transactional_id()
    first = init(kafka, key)
    assert init(kafka, key, first.producer_id + 1_000_000, 0).error_code == fenced(version, 4)
    assert init(kafka, key).producer_epoch == 1


@case(
    InitProducerIdRequest,
    versions="3-5",
    feature="transactions",
    why="KIP-360: isValidProducerId",
    also=SERVED,
)
def test_an_id_for_a_transactional_id_that_is_new(kafka: Kafka) -> None:
    """Where the transactional id is not known, the named id and epoch are not looked at: a new id at epoch 0."""
    answer = init(kafka, kafka.transactional_id(), 2**50, 17)
    assert (answer.error_code, answer.producer_epoch) == (0, 0)
    assert answer.producer_id != 2**50


@case(
    InitProducerIdRequest,
    versions="3-5",
    feature="transactions",
    why="KIP-360; KafkaApis.handleInitProducerIdRequest",
    also=SERVED,
)
@pytest.mark.parametrize(("producer_id", "epoch"), [(-1, 0), (5, -1)])
def test_half_an_expectation(kafka: Kafka, producer_id: int, epoch: int) -> None:
    """With a transactional id too, id and epoch come together: INVALID_REQUEST, and the epoch is not raised."""
    key = kafka.transactional_id()
    assert init(kafka, key, producer_id, epoch).error_code == ErrorCode.INVALID_REQUEST
    assert init(kafka, key).producer_epoch == 0
