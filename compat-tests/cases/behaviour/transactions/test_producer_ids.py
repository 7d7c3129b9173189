"""InitProducerId without a transactional id: what an idempotent producer starts with."""

from __future__ import annotations

import pytest

from conformance import Kafka, case
from conformance.transactions import init
from wire.errors import ErrorCode
from wire.messages.init_producer_id import InitProducerIdRequest

COORDINATOR = "KIP-98; TransactionCoordinator.handleInitProducerId"


@case(InitProducerIdRequest, versions="0-5", feature="idempotence", why=COORDINATOR)
def test_a_fresh_id_at_epoch_0(kafka: Kafka) -> None:
    """Without a transactional id a producer gets an id of its own and epoch 0."""
    answer = init(kafka, None)
    assert (answer.error_code, answer.producer_epoch) == (0, 0)
    assert answer.producer_id >= 0


@case(InitProducerIdRequest, versions="0-5", feature="idempotence", why=COORDINATOR)
def test_no_id_is_given_twice(kafka: Kafka) -> None:
    """Each request gets another id, also over one connection."""
    ids = [init(kafka, None).producer_id for _ in range(5)]
    assert len(set(ids)) == 5


@case(
    InitProducerIdRequest,
    versions="latest",
    feature="idempotence",
    why="RPCProducerIdManager: blocks of 1000",
)
def test_ids_go_on_when_a_block_is_used_up(kafka: Kafka) -> None:
    """A thousand requests and more in a row are answered with a thousand ids and more, none of them twice.

    Kafka gives a retriable code while it fetches the next block.
    """
    connection = kafka.connection()
    ids: set[int] = set()
    for _ in range(60):
        for _ in range(50):
            connection.send(InitProducerIdRequest(transactional_id=None, transaction_timeout_ms=1000))
        answers = [connection.receive() for _ in range(50)]
        given = [answer.producer_id for answer in answers if not answer.error_code]
        assert len(set(given)) == len(given)
        assert not ids.intersection(given)
        ids.update(given)
        codes = {answer.error_code for answer in answers}
        assert codes <= {0, ErrorCode.COORDINATOR_LOAD_IN_PROGRESS}
        if len(ids) > 1100:
            break
    assert len(ids) > 1100


@case(InitProducerIdRequest, versions="0-5", feature="idempotence", why=COORDINATOR)
@pytest.mark.parametrize("timeout_ms", [0, -1, 2**31 - 1])
def test_the_transaction_timeout_is_not_looked_at(kafka: Kafka, timeout_ms: int) -> None:
    """Without a transactional id any transaction timeout will do."""
    assert init(kafka, None, timeout_ms=timeout_ms).error_code == 0


@case(InitProducerIdRequest, versions="3-5", feature="idempotence", why=f"KIP-360; {COORDINATOR}")
def test_an_id_of_ones_own_is_not_kept(kafka: Kafka) -> None:
    """Without a transactional id, naming an id and epoch gives a new id at epoch 0: it counts its epochs by itself."""
    first = init(kafka, None)
    again = init(kafka, None, first.producer_id, first.producer_epoch)
    assert (again.error_code, again.producer_epoch) == (0, 0)
    assert again.producer_id != first.producer_id


@case(InitProducerIdRequest, versions="3-5", feature="idempotence", why=f"KIP-360; {COORDINATOR}")
@pytest.mark.parametrize(("producer_id", "epoch"), [(2**63 - 1, 0), (0, 2**15 - 1), (2**40, 5), (-2, -2)])
def test_an_id_of_somebody_else_is_not_looked_at(kafka: Kafka, producer_id: int, epoch: int) -> None:
    """Without a transactional id, any id and epoch that are named give a new id at epoch 0."""
    answer = init(kafka, None, producer_id, epoch)
    assert (answer.error_code, answer.producer_epoch) == (0, 0)
    assert answer.producer_id not in (-1, producer_id)


@case(
    InitProducerIdRequest,
    versions="3-5",
    feature="idempotence",
    why="KIP-360; KafkaApis.handleInitProducerIdRequest",
)
@pytest.mark.parametrize(("producer_id", "epoch"), [(-1, 0), (-1, 7), (0, -1), (2**40, -1)])
def test_id_and_epoch_come_together(kafka: Kafka, producer_id: int, epoch: int) -> None:
    """An id without epoch, and an epoch without id, answer INVALID_REQUEST."""
    assert init(kafka, None, producer_id, epoch).error_code == ErrorCode.INVALID_REQUEST


@case(
    InitProducerIdRequest,
    versions="3-5",
    feature="idempotence",
    why="KIP-360; KafkaApis.handleInitProducerIdRequest",
)
def test_a_refusal_has_no_id(kafka: Kafka) -> None:
    """With an error, the producer id is -1."""
    answer = init(kafka, None, -1, 3)
    assert answer.error_code == ErrorCode.INVALID_REQUEST
    assert answer.producer_id == -1


@case(
    InitProducerIdRequest,
    versions="0-5",
    feature="idempotence",
    why="KIP-98; TransactionCoordinator: like the clients",
)
def test_an_empty_transactional_id(kafka: Kafka) -> None:
    """An empty transactional id is none of its own kind: INVALID_REQUEST."""
    assert init(kafka, "").error_code == ErrorCode.INVALID_REQUEST
