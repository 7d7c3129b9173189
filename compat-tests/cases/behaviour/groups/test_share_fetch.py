"""ShareFetch and ShareAcknowledge (KIP-932): records are handed out, answered for, and handed out again."""

from __future__ import annotations

from typing import Any

import pytest

from conformance import Kafka, Setting, Topic, case, eventually, fetch_request, records_in
from conformance.share_groups import (
    ACCEPT,
    CLOSE,
    OPEN,
    REJECT,
    RELEASE,
    RENEW,
    SHARE_GROUPS,
    ShareMember,
    acquired,
    partition_of,
    share_group,
    sharing,
)
from wire.errors import ErrorCode
from wire.messages.share_acknowledge import ShareAcknowledgeRequest
from wire.messages.share_fetch import ShareFetchRequest
from wire.messages.share_group_heartbeat import ShareGroupHeartbeatRequest

CASE: dict[str, Any] = {
    "feature": "share groups",
    "also": (ShareGroupHeartbeatRequest, ShareFetchRequest, ShareAcknowledgeRequest),
    "needs": SHARE_GROUPS,
}
SHORT_LOCKS = CASE | {
    "needs": (*SHARE_GROUPS, Setting("group.share.min.record.lock.duration.ms", at_most=1000)),
}
WHY = "KIP-932; SharePartition"
SESSIONS = "KIP-932; SharePartitionManager.newContext"


def filled(kafka: Kafka, *values: bytes) -> Topic:
    """A topic with these records, each in a batch of its own."""
    topic = kafka.topic()
    for value in values or (b"a", b"b", b"c"):
        assert kafka.produce(topic, value).error_code == 0
    return topic


def refusal(answer: Any) -> int:
    """The partition's code in an answer to ShareAcknowledge."""
    assert answer.error_code == 0
    return int(partition_of(answer).error_code)


def offsets(row: Any) -> list[int]:
    return [o for first, last, _ in acquired(row) for o in range(first, last + 1)]


@case(ShareFetchRequest, versions="1+", why=WHY, **CASE)
def test_records_are_acquired(kafka: Kafka) -> None:
    """A member is given records, told which ones are its own, for the first time, and for how long."""
    topic = filled(kafka)
    member = sharing(kafka, topic)
    row = member.take(topic)
    assert offsets(row) == [0, 1, 2]
    assert {count for *_, count in acquired(row)} == {1}
    assert [record.value for record in records_in(row.records)] == [b"a", b"b", b"c"]
    assert member.fetch(topic).acquisition_lock_timeout_ms > 0


@case(ShareFetchRequest, versions="1+", why=WHY, **CASE)
def test_others_do_not_get_them(kafka: Kafka) -> None:
    """What a member has acquired is not given to another one, nor to itself again; later records are."""
    topic = filled(kafka)
    first = sharing(kafka, topic)
    second = sharing(kafka, topic, group=first.group)
    assert offsets(first.take(topic)) == [0, 1, 2]
    for member in (first, second):
        row = partition_of(member.fetch(topic))
        assert row is None or acquired(row) == []
    kafka.produce(topic, b"d")
    assert acquired(second.take(topic)) == [(3, 3, 1)]


@case(ShareFetchRequest, versions="1+", why=WHY, **CASE)
def test_groups_do_not_share(kafka: Kafka) -> None:
    """Each group gets all records."""
    topic = filled(kafka)
    assert offsets(sharing(kafka, topic).take(topic)) == [0, 1, 2]
    assert offsets(sharing(kafka, topic).take(topic)) == [0, 1, 2]


@case(ShareAcknowledgeRequest, versions="1+", why=WHY, **CASE)
def test_released_records_come_again(kafka: Kafka) -> None:
    """A record that is released comes again, to whoever asks, with a delivery count one higher."""
    topic = filled(kafka)
    first = sharing(kafka, topic)
    second = sharing(kafka, topic, group=first.group)
    first.take(topic)
    assert refusal(first.acknowledge(topic, (0, 2, RELEASE))) == 0
    row = second.take(topic)
    assert offsets(row) == [0, 1, 2]
    assert {count for *_, count in acquired(row)} == {2}


@case(ShareAcknowledgeRequest, versions="1+", why=WHY, **CASE)
@pytest.mark.parametrize("kind", [ACCEPT, REJECT])
def test_records_that_are_done_with(kafka: Kafka, kind: int) -> None:
    """A record that is accepted or rejected does not come again; one that was released beside it does."""
    topic = filled(kafka)
    member = sharing(kafka, topic)
    member.take(topic)
    assert refusal(member.acknowledge(topic, (0, 0, kind), (1, 1, RELEASE), (2, 2, kind))) == 0
    assert acquired(member.take(topic)) == [(1, 1, 2)]


@case(ShareFetchRequest, versions="1+", why=WHY, **CASE)
def test_a_fetch_that_acknowledges(kafka: Kafka) -> None:
    """A ShareFetch may acknowledge what the one before gave, and has the result of it."""
    topic = filled(kafka)
    member = sharing(kafka, topic)
    member.take(topic)
    row = partition_of(member.fetch(topic, (0, 1, ACCEPT), (2, 2, RELEASE)))
    assert (row.error_code, row.acknowledge_error_code) == (0, 0)
    assert acquired(row) == [(2, 2, 2)] or acquired(member.take(topic)) == [(2, 2, 2)]


@case(ShareAcknowledgeRequest, versions="1+", why=WHY, **CASE)
def test_one_type_each(kafka: Kafka) -> None:
    """A range may have one acknowledgement type for all its records, or one for each."""
    topic = filled(kafka)
    member = sharing(kafka, topic)
    member.take(topic)
    assert refusal(member.acknowledge(topic, (0, 2, [ACCEPT, RELEASE, ACCEPT]))) == 0
    assert acquired(member.take(topic)) == [(1, 1, 2)]


@case(ShareAcknowledgeRequest, versions="1+", why="KIP-932: INVALID_RECORD_STATE", **CASE)
def test_records_of_others(kafka: Kafka) -> None:
    """A member that acknowledges what another one has acquired is INVALID_RECORD_STATE, of the partition."""
    topic = filled(kafka)
    first = sharing(kafka, topic)
    second = sharing(kafka, topic, group=first.group)
    first.take(topic)
    second.fetch(topic)
    assert refusal(second.acknowledge(topic, (0, 0, ACCEPT))) == ErrorCode.INVALID_RECORD_STATE
    assert refusal(first.acknowledge(topic, (0, 2, ACCEPT))) == 0


@case(
    ShareAcknowledgeRequest,
    versions="1+",
    why="SharePartitionManager; KafkaApis.validateAcknowledgementBatches",
    **CASE,
)
@pytest.mark.parametrize(
    "rows", [[(0, 0, 9)], [(0, 0, -1)], [(2, 0, ACCEPT)]], ids=["type", "negative", "order"]
)
def test_acknowledgements_without_sense(kafka: Kafka, rows: list[tuple[int, int, int]]) -> None:
    """An unknown type, or a range that ends before it begins, is INVALID_REQUEST, of the partition."""
    topic = filled(kafka)
    member = sharing(kafka, topic)
    member.take(topic)
    assert refusal(member.acknowledge(topic, *rows)) == ErrorCode.INVALID_REQUEST
    assert refusal(member.acknowledge(topic, (0, 2, ACCEPT))) == 0


@case(ShareAcknowledgeRequest, versions="2+", why="KIP-1222", **CASE)
def test_a_lock_is_renewed(kafka: Kafka) -> None:
    """From v2 on a lock is renewed by acknowledgement type 4, in a request that says so; else it is INVALID_REQUEST."""
    topic = filled(kafka)
    member = sharing(kafka, topic)
    member.take(topic)
    assert refusal(member.acknowledge(topic, (0, 2, RENEW))) == ErrorCode.INVALID_REQUEST
    assert refusal(member.acknowledge(topic, (0, 2, RENEW), is_renew_ack=True)) == 0
    assert refusal(member.acknowledge(topic, (0, 2, ACCEPT))) == 0


@case(ShareFetchRequest, versions="1+", why="KIP-932: share.record.lock.duration.ms", **SHORT_LOCKS)
def test_locks_expire(kafka: Kafka) -> None:
    """What is not acknowledged in time comes again, to another member, with a higher count; the first one has lost it."""
    topic = filled(kafka)
    first = sharing(kafka, topic, group=share_group(kafka, record_lock_duration_ms=1000))
    second = sharing(kafka, topic, group=first.group)
    first.take(topic)
    row = second.take(topic, max_wait_ms=500)
    assert offsets(row) == [0, 1, 2]
    assert {count for *_, count in acquired(row)} == {2}
    assert refusal(first.acknowledge(topic, (0, 2, ACCEPT))) == ErrorCode.INVALID_RECORD_STATE


@case(
    ShareFetchRequest,
    versions="latest",
    why="KIP-932: group.share.delivery.count.limit",
    **CASE | {"needs": (*SHARE_GROUPS, Setting("group.share.delivery.count.limit", at_most=10))},
)
def test_a_record_is_given_up(kafka: Kafka) -> None:
    """A record that was handed out group.share.delivery.count.limit times and released is not handed out any more."""
    limit = int(kafka.subject.setting("group.share.delivery.count.limit") or 0)
    topic = filled(kafka, b"poison", b"good")
    member = sharing(kafka, topic)
    member.take(topic)
    member.acknowledge(topic, (0, 0, RELEASE), (1, 1, ACCEPT))
    for count in range(2, limit + 1):
        assert acquired(member.take(topic)) == [(0, 0, count)]
        member.acknowledge(topic, (0, 0, RELEASE))
    kafka.produce(topic, b"next")
    assert acquired(member.take(topic)) == [(2, 2, 1)]


@case(ShareFetchRequest, versions="1+", why="KIP-932: share.auto.offset.reset", **CASE)
def test_a_group_begins_at_the_end(kafka: Kafka) -> None:
    """By default a group begins with what comes after it was made."""
    topic = filled(kafka)
    member = sharing(kafka, topic, group=kafka.group())

    def began() -> bool:
        row = partition_of(member.fetch(topic))
        return row is None or row.error_code == 0

    assert eventually(began)
    kafka.produce(topic, b"later")
    assert acquired(member.take(topic)) == [(3, 3, 1)]


@case(ShareFetchRequest, versions="2+", why="KIP-1206: share_acquire_mode", **CASE)
def test_a_strict_limit(kafka: Kafka) -> None:
    """From v2 on a member may want no more than max_records records, also from the middle of a batch."""
    topic = kafka.topic()
    kafka.produce(topic, b"a", b"b", b"c")
    member = sharing(kafka, topic)
    assert acquired(member.take(topic, max_records=2, share_acquire_mode=1)) == [(0, 1, 1)]
    assert acquired(member.take(topic, max_records=2, share_acquire_mode=1)) == [(2, 2, 1)]


@case(ShareFetchRequest, versions="1+", why=WHY, **CASE)
def test_a_batch_is_given_whole(kafka: Kafka) -> None:
    """max_records is no strict limit: a batch is given whole."""
    topic = kafka.topic()
    kafka.produce(topic, b"a", b"b", b"c")
    assert offsets(sharing(kafka, topic).take(topic, max_records=1)) == [0, 1, 2]


@case(ShareFetchRequest, versions="1+", why="KafkaApis.handleShareFetchRequest", **CASE)
def test_a_partition_that_is_not_there(kafka: Kafka) -> None:
    """A partition that the topic does not have is UNKNOWN_TOPIC_OR_PARTITION."""
    topic = filled(kafka)
    row = partition_of(sharing(kafka, topic).fetch(topic, partition=7))
    assert row.error_code == ErrorCode.UNKNOWN_TOPIC_OR_PARTITION


@case(ShareFetchRequest, versions="1+", why="DelayedShareFetch", **CASE)
def test_a_fetch_waits_for_records(kafka: Kafka) -> None:
    """A fetch that finds nothing waits for max_wait_ms, and is answered as soon as a record comes."""
    topic = filled(kafka)
    member = sharing(kafka, topic)
    member.take(topic)
    second = sharing(kafka, topic, group=member.group)
    second.fetch(topic)
    waiting = kafka.connection(about=fetch_request(topic))
    waiting.send(second.fetch_request(topic, max_wait_ms=10_000))
    assert waiting.silent(0.1)
    kafka.produce(topic, b"d")
    assert acquired(partition_of(waiting.receive())) == [(3, 3, 1)]


# --- sessions


@case(ShareFetchRequest, versions="1+", why=SESSIONS, **CASE)
def test_a_session_that_is_not_there(kafka: Kafka) -> None:
    """A session epoch above 0, or -1, without a session is SHARE_SESSION_NOT_FOUND."""
    topic = filled(kafka)
    member = sharing(kafka, topic)
    for epoch in (1, CLOSE):
        answer = member.fetch(topic, share_session_epoch=epoch)
        assert answer.error_code == ErrorCode.SHARE_SESSION_NOT_FOUND


@case(ShareFetchRequest, versions="1+", why=SESSIONS, **CASE)
def test_a_wrong_session_epoch(kafka: Kafka) -> None:
    """The epoch must be the next one: else it is INVALID_SHARE_SESSION_EPOCH, and the session goes on."""
    topic = filled(kafka)
    member = sharing(kafka, topic)
    member.fetch(topic)
    assert member.fetch(topic, share_session_epoch=7).error_code == ErrorCode.INVALID_SHARE_SESSION_EPOCH
    assert member.fetch(topic).error_code == 0


@case(ShareAcknowledgeRequest, versions="1+", why=SESSIONS, **CASE)
def test_an_acknowledgement_opens_no_session(kafka: Kafka) -> None:
    """ShareAcknowledge with epoch 0 is INVALID_SHARE_SESSION_EPOCH; with another one SHARE_SESSION_NOT_FOUND."""
    topic = filled(kafka)
    member = sharing(kafka, topic)
    wrong = member.acknowledge(topic, (0, 0, ACCEPT), share_session_epoch=OPEN)
    assert wrong.error_code == ErrorCode.INVALID_SHARE_SESSION_EPOCH
    missing = member.acknowledge(topic, (0, 0, ACCEPT), share_session_epoch=1)
    assert missing.error_code == ErrorCode.SHARE_SESSION_NOT_FOUND


@case(ShareFetchRequest, versions="1+", why="SharePartitionManager.newContext", **CASE)
def test_the_first_fetch_acknowledges_nothing(kafka: Kafka) -> None:
    """Acknowledgements in the request that opens a session are INVALID_REQUEST."""
    topic = filled(kafka)
    answer = sharing(kafka, topic).fetch(topic, (0, 0, ACCEPT))
    assert answer.error_code == ErrorCode.INVALID_REQUEST


@case(ShareFetchRequest, versions="1+", why="SharePartitionManager.releaseSession", **CASE)
def test_the_end_of_a_session(kafka: Kafka) -> None:
    """Epoch -1 ends the session: what the member had acquired and not acknowledged comes again at once."""
    topic = filled(kafka)
    first = sharing(kafka, topic)
    second = sharing(kafka, topic, group=first.group)
    first.take(topic)
    assert first.fetch(topic, (0, 0, ACCEPT), share_session_epoch=CLOSE).error_code == 0
    row = second.take(topic)
    assert offsets(row) == [1, 2]
    missing = first.fetch(topic, share_session_epoch=1)
    assert missing.error_code == ErrorCode.SHARE_SESSION_NOT_FOUND


@case(
    ShareFetchRequest, ShareAcknowledgeRequest, versions="1+", why="KafkaApis.handleShareFetchRequest", **CASE
)
@pytest.mark.parametrize("missing", ["group_id", "member_id"])
def test_ids_must_be_there(kafka: Kafka, api: Any, missing: str) -> None:
    """Null for the group or member id is INVALID_REQUEST."""
    topic = filled(kafka)
    member = ShareMember(kafka, kafka.group(), topic)
    ask = member.fetch if api is ShareFetchRequest else member.acknowledge
    assert ask(topic, share_session_epoch=1, **{missing: None}).error_code == ErrorCode.INVALID_REQUEST
