"""Produce with sequences: what is stored, what is a repetition, and what is refused.

A partition knows the last five batches of each producer id, and its epoch.
"""

from __future__ import annotations

from functools import partial

import pytest

from conformance import Codec, Kafka, batches_in, case
from conformance.transactions import LAST_SEQUENCE, idempotent
from wire.errors import ErrorCode
from wire.messages.delete_records import DeleteRecordsPartition, DeleteRecordsRequest, DeleteRecordsTopic
from wire.messages.fetch import FetchRequest
from wire.messages.init_producer_id import InitProducerIdRequest
from wire.messages.produce import ProduceRequest

STATE = "KIP-98; ProducerStateEntry, ProducerAppendInfo"
DUPLICATES = "KIP-98; ProducerStateEntry.findDuplicateBatch, UnifiedLog.append"
ALSO = (InitProducerIdRequest,)

idempotence = partial(case, ProduceRequest, feature="idempotence", also=ALSO)


@idempotence(versions="3+", why=STATE)
def test_sequences_count_on(kafka: Kafka) -> None:
    """Batches whose sequences follow each other are stored one behind the other."""
    topic, producer = kafka.topic(), idempotent(kafka)
    answers = [producer.send(topic, *values) for values in ([b"a", b"b"], [b"c"], [b"d", b"e", b"f"])]
    assert [(each.error_code, each.base_offset) for each in answers] == [(0, 0), (0, 2), (0, 3)]


@idempotence(versions="3+", why=DUPLICATES)
def test_the_last_batch_again(kafka: Kafka) -> None:
    """The last batch sent again is answered with its own offset and without error, and not stored again."""
    topic, producer = kafka.topic(), idempotent(kafka)
    producer.send(topic, b"a", b"b")
    producer.send(topic, b"c", b"d")
    again = producer.send(topic, b"c", b"d", sequence=2)
    assert (again.error_code, again.base_offset) == (0, 2)
    assert kafka.offset(topic) == 4


@idempotence(versions="3+", why=f"{DUPLICATES}: NUM_BATCHES_TO_RETAIN")
def test_the_last_five_batches_again(kafka: Kafka) -> None:
    """Each of the last five batches sent again is answered with the offset that it got first."""
    topic, producer = kafka.topic(), idempotent(kafka)
    for number in range(7):
        producer.send(topic, b"%d" % number, b"+")
    answers = [producer.send(topic, b"%d" % number, b"+", sequence=2 * number) for number in range(2, 7)]
    assert [(each.error_code, each.base_offset) for each in answers] == [(0, 2 * n) for n in range(2, 7)]
    assert kafka.offset(topic) == 14


@idempotence(versions="3+", why=f"{DUPLICATES}: NUM_BATCHES_TO_RETAIN")
def test_a_batch_before_the_last_five_again(kafka: Kafka) -> None:
    """A repetition older than five batches answers OUT_OF_ORDER_SEQUENCE_NUMBER, and never DUPLICATE_SEQUENCE_NUMBER."""
    topic, producer = kafka.topic(), idempotent(kafka)
    for number in range(6):
        producer.send(topic, b"%d" % number)
    assert producer.send(topic, b"0", sequence=0).error_code == ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER
    assert kafka.offset(topic) == 6


@idempotence(versions="3+", why=STATE)
def test_a_gap(kafka: Kafka) -> None:
    """A batch whose sequence leaves one out answers OUT_OF_ORDER_SEQUENCE_NUMBER and is not stored."""
    topic, producer = kafka.topic(), idempotent(kafka)
    producer.send(topic, b"a", b"b")
    refused = producer.send(topic, b"x", sequence=3)
    assert (refused.error_code, refused.base_offset) == (ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER, -1)
    assert kafka.offset(topic) == 2


@idempotence(versions="3+", why=STATE)
def test_after_a_refusal_the_right_sequence_goes_on(kafka: Kafka) -> None:
    """A refused batch changes nothing: the one that is due is taken, and then the refused one."""
    topic, producer = kafka.topic(), idempotent(kafka)
    producer.send(topic, b"a")
    assert producer.send(topic, b"c", sequence=2).error_code == ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER
    assert producer.send(topic, b"b", sequence=1).error_code == 0
    assert producer.send(topic, b"c", sequence=2).base_offset == 2


@idempotence(versions="3+", why=DUPLICATES)
@pytest.mark.parametrize("count", [1, 3])
def test_the_same_sequence_with_another_number_of_records(kafka: Kafka, count: int) -> None:
    """A batch that begins like the last one but has fewer or more records is no repetition: OUT_OF_ORDER_SEQUENCE_NUMBER."""
    topic, producer = kafka.topic(), idempotent(kafka)
    producer.send(topic, b"a", b"b")
    refused = producer.send(topic, *[b"a"] * count, sequence=0)
    assert refused.error_code == ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER


@idempotence(versions="latest", why=DUPLICATES)
def test_two_batches_as_one(kafka: Kafka) -> None:
    """Two stored batches sent again as one are no repetition: OUT_OF_ORDER_SEQUENCE_NUMBER."""
    topic, producer = kafka.topic(), idempotent(kafka)
    producer.send(topic, b"a")
    producer.send(topic, b"b")
    assert producer.send(topic, b"a", b"b", sequence=0).error_code == ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER


@idempotence(versions="latest", why=DUPLICATES)
def test_a_repetition_is_known_by_its_sequences(kafka: Kafka) -> None:
    """Whether a batch is a repetition is said by its sequences alone: other content is neither looked at nor stored."""
    topic, producer = kafka.topic(), idempotent(kafka)
    producer.send(topic, b"first")
    again = producer.send(topic, b"quite something else", sequence=0, codec=Codec.GZIP)
    assert (again.error_code, again.base_offset) == (0, 0)
    assert [record.value for record in kafka.records(topic)] == [b"first"]


@idempotence(versions="3+", why=STATE)
@pytest.mark.parametrize("sequence", [1, 17, LAST_SEQUENCE])
def test_a_producer_that_is_not_known_starts_anywhere(kafka: Kafka, sequence: int) -> None:
    """The first batch of an id that the partition does not know may have any sequence; the next one must follow it."""
    topic, producer = kafka.topic(), idempotent(kafka)
    assert producer.send(topic, b"a", sequence=sequence).error_code == 0
    follows = (sequence + 1) & LAST_SEQUENCE
    assert (
        producer.send(topic, b"x", sequence=follows + 1).error_code == ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER
    )
    assert producer.send(topic, b"b", sequence=follows).error_code == 0


@idempotence(versions="3+", why=f"{STATE}.inSequence")
def test_after_the_last_sequence_comes_0(kafka: Kafka) -> None:
    """Sequences wrap: the one behind 2^31 - 1 is 0."""
    topic, producer = kafka.topic(), idempotent(kafka)
    producer.send(topic, b"a", b"b", sequence=LAST_SEQUENCE - 1)
    after = producer.send(topic, b"c", sequence=0)
    assert (after.error_code, after.base_offset) == (0, 2)


@idempotence(versions="3+", why="DefaultRecordBatch.incrementSequence")
def test_a_batch_across_the_wrap(kafka: Kafka) -> None:
    """A batch may begin before the wrap and end behind it; the next sequence is counted from there."""
    topic, producer = kafka.topic(), idempotent(kafka)
    producer.send(topic, b"a", b"b", b"c", sequence=LAST_SEQUENCE)  # 2^31 - 1, 0, 1
    assert producer.send(topic, b"x", sequence=1).error_code == ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER
    assert producer.send(topic, b"d", sequence=2).error_code == 0


@idempotence(versions="latest", why=DUPLICATES)
def test_a_batch_across_the_wrap_again(kafka: Kafka) -> None:
    """A batch that wraps is known as a repetition like any other."""
    topic, producer = kafka.topic(), idempotent(kafka)
    producer.send(topic, b"a", b"b", sequence=LAST_SEQUENCE)
    producer.send(topic, b"c", sequence=1)
    again = producer.send(topic, b"a", b"b", sequence=LAST_SEQUENCE)
    assert (again.error_code, again.base_offset) == (0, 0)
    assert kafka.offset(topic) == 3


@idempotence(versions="3+", why=STATE)
def test_partitions_count_apart(kafka: Kafka) -> None:
    """Each partition has its own sequences, each beginning at 0."""
    topic, producer = kafka.topic(partitions=2), idempotent(kafka)
    producer.send(topic, b"a", b"b", partition=0)
    assert producer.send(topic, b"c", partition=1).error_code == 0
    refused = producer.send(topic, b"x", partition=1, sequence=2)
    assert refused.error_code == ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER
    assert producer.send(topic, b"d", partition=0).base_offset == 2


@idempotence(versions="3+", why=STATE)
def test_producers_count_apart(kafka: Kafka) -> None:
    """Two producers write into one partition in turns, each with its own sequences."""
    topic, one, two = kafka.topic(), idempotent(kafka), idempotent(kafka)
    offsets = [producer.send(topic, b"a").base_offset for producer in (one, two, two, one, two)]
    assert offsets == [0, 1, 2, 3, 4]
    assert two.send(topic, b"a", sequence=0).base_offset == 1


@idempotence(versions="latest", why=STATE)
def test_plain_batches_between(kafka: Kafka) -> None:
    """Batches without a producer id between those of a producer do not disturb its sequences."""
    topic, producer = kafka.topic(), idempotent(kafka)
    producer.send(topic, b"a")
    kafka.produce(topic, b"plain")
    assert producer.send(topic, b"b").base_offset == 2
    assert producer.send(topic, b"a", sequence=0).base_offset == 0


@idempotence(versions="3+", why=f"{STATE}.checkProducerEpoch; KIP-588")
def test_an_older_epoch(kafka: Kafka) -> None:
    """A batch of an older epoch than the partition has seen answers INVALID_PRODUCER_EPOCH, whatever its sequence."""
    topic, producer = kafka.topic(), idempotent(kafka)
    producer.send(topic, b"a", producer_epoch=3)
    for sequence in (0, 1, 5):
        refused = producer.send(topic, b"x", sequence=sequence, producer_epoch=2)
        assert refused.error_code == ErrorCode.INVALID_PRODUCER_EPOCH
    assert kafka.offset(topic) == 1


@idempotence(versions="3+", why=f"{STATE}.checkSequence")
def test_a_new_epoch_begins_at_0(kafka: Kafka) -> None:
    """With a new epoch the sequences begin at 0 again; going on from the old epoch answers OUT_OF_ORDER_SEQUENCE_NUMBER."""
    topic, producer = kafka.topic(), idempotent(kafka)
    producer.send(topic, b"a", b"b")
    refused = producer.send(topic, b"x", sequence=2, producer_epoch=1)
    assert refused.error_code == ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER
    assert producer.send(topic, b"c", sequence=0, producer_epoch=1).base_offset == 2
    assert producer.send(topic, b"d", sequence=1, producer_epoch=1).base_offset == 3


@idempotence(versions="latest", why=f"{STATE}.checkSequence")
def test_epochs_may_be_left_out(kafka: Kafka) -> None:
    """A producer may go from epoch 0 to the highest at once; all below are fenced then."""
    topic, producer = kafka.topic(), idempotent(kafka)
    producer.send(topic, b"a")
    assert producer.send(topic, b"b", sequence=0, producer_epoch=2**15 - 1).error_code == 0
    refused = producer.send(topic, b"x", sequence=1, producer_epoch=2**15 - 2)
    assert refused.error_code == ErrorCode.INVALID_PRODUCER_EPOCH


@idempotence(versions="latest", why=f"{STATE}.checkSequence")
def test_a_refused_epoch_is_not_remembered(kafka: Kafka) -> None:
    """A batch of a new epoch that is refused for its sequence does not fence the old epoch."""
    topic, producer = kafka.topic(), idempotent(kafka)
    producer.send(topic, b"a")
    refused = producer.send(topic, b"x", sequence=5, producer_epoch=4)
    assert refused.error_code == ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER
    assert producer.send(topic, b"b").error_code == 0


@idempotence(versions="latest", why=f"{DUPLICATES}: of the same epoch alone")
def test_a_new_epoch_forgets_repetitions(kafka: Kafka) -> None:
    """A batch with the sequences of one from the epoch before is no repetition of it."""
    topic, producer = kafka.topic(), idempotent(kafka)
    producer.send(topic, b"a")
    assert producer.send(topic, b"a", sequence=0, producer_epoch=1).base_offset == 1


@idempotence(versions="latest", why=f"{STATE}.checkProducerEpoch")
def test_epochs_count_apart_in_each_partition(kafka: Kafka) -> None:
    """A new epoch in one partition fences nothing in another."""
    topic, producer = kafka.topic(partitions=2), idempotent(kafka)
    producer.send(topic, b"a", partition=1)
    producer.send(topic, b"b", partition=0, producer_epoch=1)
    assert producer.send(topic, b"c", partition=1).error_code == 0


@idempotence(versions="3+", why=DUPLICATES)
@pytest.mark.parametrize("acks", [1, -1])
def test_acks_do_not_matter(kafka: Kafka, acks: int) -> None:
    """Sequences are checked and repetitions known with acks=1 as with acks=-1."""
    topic, producer = kafka.topic(), idempotent(kafka)
    assert producer.send(topic, b"a", acks=acks).error_code == 0
    assert producer.send(topic, b"a", sequence=0, acks=acks).base_offset == 0
    assert (
        producer.send(topic, b"x", sequence=4, acks=acks).error_code == ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER
    )
    assert kafka.offset(topic) == 1


@idempotence(versions="latest", why=DUPLICATES)
@pytest.mark.parametrize("codec", [Codec.GZIP, Codec.SNAPPY, Codec.LZ4, Codec.ZSTD])
def test_compressed_batches(kafka: Kafka, codec: Codec) -> None:
    """A compressed batch counts as many sequences as it has records, and is known when it comes again."""
    topic, producer = kafka.topic(), idempotent(kafka)
    producer.send(topic, *[b"abc"] * 20, codec=codec)
    assert producer.send(topic, b"d", codec=codec).base_offset == 20
    assert producer.send(topic, *[b"abc"] * 20, sequence=0, codec=codec).base_offset == 0
    assert kafka.offset(topic) == 21


@idempotence(versions="latest", why=STATE, also=(*ALSO, DeleteRecordsRequest))
def test_deleted_records_leave_the_sequences(kafka: Kafka) -> None:
    """DeleteRecords of all records does not make the partition forget the producer's sequences."""
    topic, producer = kafka.topic(), idempotent(kafka)
    producer.send(topic, b"a", b"b")
    row = DeleteRecordsTopic(
        name=topic.name, partitions=[DeleteRecordsPartition(partition_index=0, offset=-1)]
    )
    assert (
        kafka.ask(DeleteRecordsRequest(topics=[row], timeout_ms=5000)).topics[0].partitions[0].error_code == 0
    )
    assert producer.send(topic, b"x", sequence=7).error_code == ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER
    assert producer.send(topic, b"c").base_offset == 2


@case(
    FetchRequest,
    versions="4+",
    feature="idempotence",
    why="KIP-98: record batch",
    also=(*ALSO, ProduceRequest),
)
def test_producer_fields_are_stored(kafka: Kafka) -> None:
    """A consumer sees the producer's id, epoch and first sequence as they were sent."""
    topic, producer = kafka.topic(), idempotent(kafka)
    producer.send(topic, b"a", b"b", producer_epoch=4)
    producer.send(topic, b"c", producer_epoch=4)
    headers = batches_in(kafka.fetch(topic).records)
    assert [(each.producer_id, each.producer_epoch, each.base_sequence) for each in headers] == [
        (producer.id, 4, 0),
        (producer.id, 4, 2),
    ]
