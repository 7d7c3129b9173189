"""DescribeTransactions and ListTransactions: what an administrator sees of transactional ids."""

from __future__ import annotations

import re

import pytest

from conformance import Kafka, case, eventually, now_ms
from conformance.transactions import TRANSACTION_APIS, Producer, describe, transactional
from wire.errors import ErrorCode
from wire.messages.describe_transactions import DescribeTransactionsRequest
from wire.messages.list_transactions import ListTransactionsRequest

DESCRIBE = "KIP-664; TransactionCoordinator.handleDescribeTransactions"
LIST = "KIP-664; TransactionStateManager.listTransactionStates"
ALSO = (*TRANSACTION_APIS, ListTransactionsRequest)


def listed(kafka: Kafka, **filters: object) -> dict[str, tuple[int, str]]:
    """Transactional id -> (producer id, state) of a ListTransactions."""
    answer = kafka.ask(ListTransactionsRequest(**filters))
    assert answer.error_code == 0, ErrorCode(answer.error_code)
    return {
        row.transactional_id: (row.producer_id, row.transaction_state) for row in answer.transaction_states
    }


def in_state(kafka: Kafka, state: str) -> Producer:
    """A producer whose transactional id is Empty, Ongoing, CompleteCommit or CompleteAbort."""
    producer = transactional(kafka)
    if state != "Empty":
        producer.write(kafka.topic(), b"a")
    if state.startswith("Complete"):
        (producer.commit if state == "CompleteCommit" else producer.abort)()
    return producer


states = pytest.mark.parametrize("state", ["Empty", "Ongoing", "CompleteCommit", "CompleteAbort"])


@case(DescribeTransactionsRequest, feature="transactions", why=DESCRIBE, also=ALSO)
@states
def test_a_transactional_id(kafka: Kafka, state: str) -> None:
    """A transactional id is described with its producer id, epoch and timeout, in each state."""
    producer = in_state(kafka, state)
    row = producer.described()
    assert (row.error_code, row.transaction_state, row.transaction_timeout_ms) == (0, state, 60_000)
    assert (row.transactional_id, row.producer_id) == (producer.transactional_id, producer.id)
    assert row.producer_epoch == producer.epoch


@case(DescribeTransactionsRequest, feature="transactions", why=DESCRIBE, also=ALSO)
def test_the_start_of_a_transaction(kafka: Kafka) -> None:
    """The start time is -1 before the first transaction, and the time of the first added partition from then on."""
    producer, topic = transactional(kafka), kafka.topic()
    assert producer.described().transaction_start_time_ms == -1
    before = now_ms()
    producer.add(topic)
    began = producer.described().transaction_start_time_ms
    assert before - 1000 <= began <= now_ms() + 1000
    producer.commit()
    assert producer.described().transaction_start_time_ms == began


@case(DescribeTransactionsRequest, feature="transactions", why=DESCRIBE, also=ALSO)
def test_partitions_are_gone_after_the_end(kafka: Kafka) -> None:
    """After the end no partitions are described."""
    assert list(in_state(kafka, "CompleteCommit").described().topics) == []


@case(DescribeTransactionsRequest, feature="transactions", why=DESCRIBE, also=ALSO)
def test_an_unknown_transactional_id(kafka: Kafka) -> None:
    """A transactional id that nobody initialized answers TRANSACTIONAL_ID_NOT_FOUND."""
    row = describe(kafka, kafka.transactional_id())
    assert (row.error_code, row.transaction_state) == (ErrorCode.TRANSACTIONAL_ID_NOT_FOUND, "")


@case(DescribeTransactionsRequest, feature="transactions", why=DESCRIBE, also=ALSO)
def test_an_empty_transactional_id(kafka: Kafka) -> None:
    """An empty transactional id answers INVALID_REQUEST."""
    assert describe(kafka, "").error_code == ErrorCode.INVALID_REQUEST


@case(DescribeTransactionsRequest, feature="transactions", why=DESCRIBE, also=ALSO)
def test_several_transactional_ids(kafka: Kafka) -> None:
    """Several ids are answered in the order of the question, also twice the same; none are answered with none."""
    one, absent = in_state(kafka, "Empty").transactional_id, kafka.transactional_id()
    answer = kafka.ask(DescribeTransactionsRequest(transactional_ids=[absent, one, one]))
    assert [(row.transactional_id, row.error_code) for row in answer.transaction_states] == [
        (absent, ErrorCode.TRANSACTIONAL_ID_NOT_FOUND),
        (one, 0),
        (one, 0),
    ]
    assert list(kafka.ask(DescribeTransactionsRequest(transactional_ids=[])).transaction_states) == []


# --- ListTransactions


@case(ListTransactionsRequest, feature="transactions", why=LIST, also=ALSO)
@states
def test_listed_with_its_state(kafka: Kafka, state: str) -> None:
    """A transactional id is listed with producer id and state, filtered by producer id or not."""
    producer = in_state(kafka, state)
    row = (producer.id, state)
    assert listed(kafka)[producer.transactional_id or ""] == row
    assert listed(kafka, producer_id_filters=[producer.id]) == {producer.transactional_id: row}


@case(ListTransactionsRequest, feature="transactions", why=LIST, also=ALSO)
def test_filtered_by_state(kafka: Kafka) -> None:
    """A state filter gives those in one of its states alone; with a producer filter both must hold."""
    idle, busy = in_state(kafka, "Empty"), in_state(kafka, "Ongoing")
    ids = {"producer_id_filters": [idle.id, busy.id]}
    assert set(listed(kafka, **ids, state_filters=["Ongoing"])) == {busy.transactional_id}
    assert set(listed(kafka, **ids, state_filters=["Empty"])) == {idle.transactional_id}
    assert len(listed(kafka, **ids, state_filters=["Empty", "Ongoing"])) == 2
    assert listed(kafka, **ids, state_filters=["CompleteAbort"]) == {}


@case(ListTransactionsRequest, feature="transactions", why=LIST, also=ALSO)
@pytest.mark.parametrize("name", ["ongoing", "Nonsense", ""])
def test_unknown_states(kafka: Kafka, name: str) -> None:
    """A state that does not exist (names are case-sensitive) is named in the answer, without error, and matches nothing."""
    producer = in_state(kafka, "Empty")
    answer = kafka.ask(ListTransactionsRequest(producer_id_filters=[producer.id], state_filters=[name]))
    assert (answer.error_code, list(answer.unknown_state_filters), list(answer.transaction_states)) == (
        0,
        [name],
        [],
    )


@case(ListTransactionsRequest, feature="transactions", why=LIST, also=ALSO)
def test_a_known_state_beside_an_unknown_one(kafka: Kafka) -> None:
    """An unknown state beside a known one leaves the known one in force."""
    producer = in_state(kafka, "Empty")
    request = ListTransactionsRequest(producer_id_filters=[producer.id], state_filters=["Empty", "Nonsense"])
    answer = kafka.ask(request)
    assert list(answer.unknown_state_filters) == ["Nonsense"]
    assert [row.transactional_id for row in answer.transaction_states] == [producer.transactional_id]


@case(ListTransactionsRequest, feature="transactions", why=LIST, also=ALSO)
def test_unknown_producer_ids(kafka: Kafka) -> None:
    """Producer ids that no transactional id has match nothing, without error."""
    assert listed(kafka, producer_id_filters=[-1, 2**62]) == {}


@case(ListTransactionsRequest, versions="1+", feature="transactions", why="KIP-994", also=ALSO)
def test_filtered_by_duration(kafka: Kafka) -> None:
    """A duration filter gives those whose transaction began longer ago; -1 gives all."""
    producer = in_state(kafka, "Ongoing")
    ids = {"producer_id_filters": [producer.id]}
    assert len(listed(kafka, **ids, duration_filter=-1)) == 1
    assert listed(kafka, **ids, duration_filter=3_600_000) == {}
    assert eventually(lambda: len(listed(kafka, **ids, duration_filter=20)) == 1)


@case(ListTransactionsRequest, versions="2+", feature="transactions", why="KIP-1152", also=ALSO)
def test_filtered_by_pattern(kafka: Kafka) -> None:
    """A pattern must match the whole transactional id; null and an empty pattern give all."""
    producer = in_state(kafka, "Empty")
    key = producer.transactional_id or ""
    ids = {"producer_id_filters": [producer.id]}
    for pattern in (None, "", re.escape(key), key[:-3] + ".*", ".*"):
        assert set(listed(kafka, **ids, transactional_id_pattern=pattern)) == {key}
    for pattern in (key[:-1], "x.*", key + "."):
        assert listed(kafka, **ids, transactional_id_pattern=pattern) == {}


@case(ListTransactionsRequest, versions="2+", feature="transactions", why="KIP-1152; RE2/J", also=ALSO)
@pytest.mark.parametrize("pattern", ["[", "(a", "*"])
def test_a_pattern_that_is_none(kafka: Kafka, pattern: str) -> None:
    """A pattern that is no regular expression answers INVALID_REGULAR_EXPRESSION, and lists nothing."""
    answer = kafka.ask(ListTransactionsRequest(transactional_id_pattern=pattern))
    assert answer.error_code == ErrorCode.INVALID_REGULAR_EXPRESSION
    assert list(answer.transaction_states) == []
