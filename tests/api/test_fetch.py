"""Fetch, called directly: limits, waiting, sessions through the handler, what each version is told."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import trio

from pykbroker.errors import ApiError
from pykbroker.log.validate import AppendOrigin
from tests.server.data_path import DataPath, batch, topic, topic_id, values
from wire.errors import ErrorCode
from wire.messages.fetch import FetchPartition, FetchRequest, FetchTopic, ForgottenTopic, ReplicaState

SIZE = len(batch())


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[DataPath]:
    made = DataPath(tmp_path)
    yield made
    made.log_dirs.abandon()


def append(broker: DataPath, *records: bytes, name: str = "t", index: int = 0) -> None:
    for value in records:
        broker.partition(name, index).append_as_leader(batch(value), AppendOrigin.CLIENT, 1)


def wanted(name: str, index: int = 0, offset: int = 0, **how: Any) -> Any:
    how.setdefault("partition_max_bytes", 100_000)
    asked = FetchPartition(partition=index, fetch_offset=offset, **how)
    return FetchTopic(topic=name, topic_id=topic_id(name), partitions=[asked])


def fetch(broker: DataPath, *topics: Any, version: int = 12, **how: Any) -> Any:
    how.setdefault("max_bytes", 1_000_000)
    return broker.handle("fetch", version, FetchRequest(topics=list(topics), **how))


def rows(response: Any) -> list[Any]:
    return [row for each in response.responses for row in each.partitions]


def row(response: Any) -> Any:
    (only,) = rows(response)
    return only


def sizes(response: Any) -> list[int]:
    return [len(each.records) for each in rows(response)]


# Reading


@pytest.mark.parametrize("version", range(4, 19))
def test_batches_are_read_in_every_version(broker: DataPath, version: int) -> None:
    broker.have(topic("t"))
    append(broker, b"a", b"b")
    response = fetch(broker, wanted("t"), version=version)
    answer = row(response)
    assert (answer.error_code, answer.high_watermark, answer.last_stable_offset) == (0, 2, 2)
    assert answer.log_start_offset == (0 if version >= 5 else -1)
    assert values(answer.records) == [b"a", b"b"]
    assert answer.aborted_transactions is None
    assert answer.preferred_read_replica == -1
    named = response.responses[0]
    assert (named.topic, bytes(named.topic_id)) == (("t", bytes(16)) if version < 13 else ("", topic_id("t")))


def test_read_committed_reads_to_the_last_stable_offset_with_no_aborted(broker: DataPath) -> None:
    broker.have(topic("t"))
    append(broker, b"a")
    answer = row(fetch(broker, wanted("t"), isolation_level=1))
    assert (values(answer.records), list(answer.aborted_transactions)) == ([b"a"], [])


def test_nothing_is_shown_beyond_the_high_watermark(broker: DataPath) -> None:
    broker.have(topic("t", replicas=(0, 1)))
    append(broker, b"a")
    for isolation in (0, 1):
        answer = row(fetch(broker, wanted("t"), isolation_level=isolation))
        assert (answer.error_code, answer.high_watermark, bytes(answer.records)) == (0, 0, b"")


def test_whole_batch_that_holds_the_offset_is_given(broker: DataPath) -> None:
    broker.have(topic("t"))
    broker.partition().append_as_leader(batch(b"a", b"b", b"c"), AppendOrigin.CLIENT, 1)
    assert values(row(fetch(broker, wanted("t", offset=2))).records) == [b"a", b"b", b"c"]


@pytest.mark.parametrize("offset", [-1, 0, 4])
def test_offset_out_of_range(broker: DataPath, offset: int) -> None:
    broker.have(topic("t"))
    append(broker, b"a", b"b", b"c")
    broker.partition().delete_records(1)
    answer = row(fetch(broker, wanted("t", offset=offset)))
    assert answer.error_code == ErrorCode.OFFSET_OUT_OF_RANGE
    assert (answer.high_watermark, answer.last_stable_offset, answer.log_start_offset) == (-1, -1, -1)
    assert bytes(answer.records) == b""


def test_partition_is_cut_at_its_limit_between_batches(broker: DataPath) -> None:
    broker.have(topic("t"))
    append(broker, *[b"v"] * 5)
    assert sizes(fetch(broker, wanted("t", partition_max_bytes=3 * SIZE + 10))) == [3 * SIZE]


def test_first_batch_is_given_whole_however_small_the_limits(broker: DataPath) -> None:
    """KIP-74."""
    broker.have(topic("t", 3))
    for index in (1, 2):
        append(broker, b"v", b"v", index=index)
    topics = [wanted("t", index, partition_max_bytes=1) for index in range(3)]
    assert sizes(fetch(broker, *topics, max_bytes=1)) == [0, SIZE, 0]
    assert sizes(fetch(broker, *topics, max_bytes=-5)) == [0, SIZE, 0]


def test_whole_answer_is_cut_at_max_bytes_and_the_rest_told_its_offsets(broker: DataPath) -> None:
    broker.have(topic("t", 3))
    for index in range(3):
        append(broker, *[b"v"] * 4, index=index)
    response = fetch(broker, *[wanted("t", index) for index in range(3)], max_bytes=6 * SIZE)
    assert sizes(response) == [4 * SIZE, 2 * SIZE, 0]
    assert [each.high_watermark for each in rows(response)] == [4, 4, 4]


def test_brokers_own_limit_comes_before_the_clients(tmp_path: Path) -> None:
    broker = DataPath(tmp_path, {"fetch.max.bytes": "1024"})
    broker.have(topic("t"))
    append(broker, b"x" * 600, b"x" * 600)
    assert sizes(fetch(broker, wanted("t"), max_bytes=10_000)) == [len(batch(b"x" * 600))]
    broker.log_dirs.abandon()


def test_neighbouring_partitions_share_their_topics_entry(broker: DataPath) -> None:
    broker.have(topic("t", 2), topic("u"))
    response = fetch(broker, wanted("t", 0), wanted("t", 1), wanted("u"), wanted("t", 5))
    assert [(each.topic, len(each.partitions)) for each in response.responses] == [
        ("t", 2),
        ("u", 1),
        ("t", 1),
    ]


# Errors


def test_unknown_topics_and_partitions(broker: DataPath) -> None:
    broker.have(topic("t"))
    response = fetch(broker, wanted("nope"), wanted("t", 9))
    assert [each.error_code for each in rows(response)] == [ErrorCode.UNKNOWN_TOPIC_OR_PARTITION] * 2
    response = fetch(broker, wanted("nope"), wanted("t", 9), version=13)
    assert [each.error_code for each in rows(response)] == [
        ErrorCode.UNKNOWN_TOPIC_ID,
        ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
    ]


@pytest.mark.parametrize("version", [9, 12, 16])
def test_leader_epochs_are_checked(broker: DataPath, version: int) -> None:
    broker.have(topic("t", leader_epoch=5))
    codes = [
        row(fetch(broker, wanted("t", current_leader_epoch=epoch), version=version)).error_code
        for epoch in (4, 5, 6, -1, -2)
    ]
    assert codes == [ErrorCode.FENCED_LEADER_EPOCH, 0, ErrorCode.UNKNOWN_LEADER_EPOCH, 0, 0]


@pytest.mark.parametrize("version", [4, 12, 13])
def test_unknown_isolation_level_is_refused(broker: DataPath, version: int) -> None:
    broker.have(topic("t"))
    with pytest.raises(ApiError) as caught:
        fetch(broker, wanted("t"), version=version, isolation_level=2)
    assert caught.value.code is ErrorCode.INVALID_REQUEST


def test_every_negative_epoch_means_none(broker: DataPath) -> None:
    """FetchRequest.optionalEpoch; ListOffsets knows -1 alone."""
    broker.have(topic("t", leader_epoch=5))
    append(broker, b"a")
    answer = row(fetch(broker, wanted("t", current_leader_epoch=-2, last_fetched_epoch=-3)))
    assert (answer.error_code, values(answer.records)) == (0, [b"a"])


def test_aborted_transactions_are_null_where_a_batch_does_not_fit(broker: DataPath) -> None:
    broker.have(topic("t", 2))
    for index in range(2):
        append(broker, b"a", index=index)
    for limit, expected in ((0, []), (1, None), (SIZE, [])):
        second = wanted("t", 1, partition_max_bytes=limit)
        first, other = rows(fetch(broker, wanted("t"), second, isolation_level=1))
        assert first.aborted_transactions == []
        assert other.aborted_transactions == expected


def test_aborted_transactions_are_null_where_nothing_was_read(broker: DataPath) -> None:
    """What the replica manager refuses has null; a topic that is not known does not get there, and has an empty list."""
    broker.have(topic("t"), topic("u"))
    answers = rows(fetch(broker, wanted("t", offset=9), wanted("nope"), wanted("u"), isolation_level=1))
    assert [each.aborted_transactions for each in answers] == [None, [], []]


@pytest.mark.parametrize("version", [12, 15, 16])
def test_leader_elsewhere_is_named_from_version_16(broker: DataPath, version: int) -> None:
    broker.have(topic("t", leader=1, leader_epoch=3, replicas=(1,)))
    response = fetch(broker, wanted("t"), version=version)
    answer = row(response)
    assert answer.error_code == ErrorCode.NOT_LEADER_OR_FOLLOWER
    if version >= 16:
        assert (answer.current_leader.leader_id, answer.current_leader.leader_epoch) == (1, 3)
        assert [(node.node_id, node.host, node.port) for node in response.node_endpoints] == [
            (1, "host1", 9093)
        ]
    else:
        assert answer.current_leader.leader_id == -1


@pytest.mark.parametrize(
    ("version", "code"),
    [
        (5, ErrorCode.NOT_LEADER_OR_FOLLOWER),
        (6, ErrorCode.KAFKA_STORAGE_ERROR),
        (16, ErrorCode.KAFKA_STORAGE_ERROR),
    ],
)
def test_storage_error_has_another_name_for_old_clients(broker: DataPath, version: int, code: int) -> None:
    broker.files.full = True
    broker.have(topic("t"))
    assert row(fetch(broker, wanted("t"), version=version)).error_code == code


def test_zstd_topic_needs_version_10(broker: DataPath) -> None:
    broker.have(topic("t", config={"compression.type": "zstd"}))
    assert row(fetch(broker, wanted("t"), version=9)).error_code == ErrorCode.UNSUPPORTED_COMPRESSION_TYPE
    assert row(fetch(broker, wanted("t"), version=10)).error_code == 0


@pytest.mark.parametrize("version", [14, 15])
def test_replica_id_is_only_a_claim(broker: DataPath, version: int) -> None:
    """CVE-2018-1288: a client that says that it is a follower moves nothing and sees nothing more."""
    broker.have(topic("t", replicas=(0, 1)))
    append(broker, b"secret")
    how = (
        {"replica_id": 1} if version < 15 else {"replica_state": ReplicaState(replica_id=1, replica_epoch=1)}
    )
    answer = row(fetch(broker, wanted("t", offset=1), version=version, **how))
    assert answer.error_code == ErrorCode.NOT_LEADER_OR_FOLLOWER
    assert broker.partition().high_watermark == 0


def test_diverging_log_is_told_where(broker: DataPath) -> None:
    """KIP-595: the reader's last epoch ended earlier here."""
    broker.have(topic("t", leader_epoch=1))
    append(broker, b"a", b"b")
    broker.change("t", leader_epoch=4)
    append(broker, b"c")

    def ask(offset: int, epoch: int) -> Any:
        return row(fetch(broker, wanted("t", offset=offset, last_fetched_epoch=epoch), isolation_level=1))

    answer = ask(3, 1)
    assert answer.aborted_transactions is None
    assert (answer.diverging_epoch.epoch, answer.diverging_epoch.end_offset) == (1, 2)
    assert (answer.error_code, bytes(answer.records)) == (0, b"")
    answer = ask(2, 3)
    assert (answer.diverging_epoch.epoch, answer.diverging_epoch.end_offset) == (1, 2)
    assert values(ask(2, 1).records) == [b"c"]
    assert values(ask(2, 4).records) == [b"c"]
    assert ask(2, 9).error_code == ErrorCode.OFFSET_OUT_OF_RANGE


# Waiting


async def timed(waiting: Any) -> tuple[Any, float]:
    start = trio.current_time()
    response = await waiting
    return response, trio.current_time() - start


def test_enough_bytes_are_answered_at_once(broker: DataPath) -> None:
    broker.have(topic("t"))
    append(broker, b"v")
    assert sizes(fetch(broker, wanted("t"), min_bytes=1, max_wait_ms=500)) == [SIZE]


def test_fetch_that_does_not_want_to_wait_is_answered_at_once(broker: DataPath) -> None:
    broker.have(topic("t"))
    assert sizes(fetch(broker, wanted("t"), min_bytes=1, max_wait_ms=0)) == [0]
    assert sizes(fetch(broker, wanted("t"), min_bytes=0, max_wait_ms=500)) == [0]


async def test_nothing_comes_until_the_deadline(broker: DataPath, autojump_clock: Any) -> None:
    broker.have(topic("t"))
    response, seconds = await timed(fetch(broker, wanted("t"), min_bytes=1, max_wait_ms=500))
    assert (sizes(response), seconds) == ([0], pytest.approx(0.5))
    assert not broker.partition().fetch_waiters


async def test_append_wakes_the_fetch(broker: DataPath, autojump_clock: Any) -> None:
    broker.have(topic("t", 2))
    waiting = fetch(broker, wanted("t", 0), wanted("t", 1), min_bytes=1, max_wait_ms=60_000)
    async with trio.open_nursery() as nursery:

        @nursery.start_soon
        async def produce() -> None:
            await trio.sleep(3)
            append(broker, b"new", index=1)

        response, seconds = await timed(waiting)
    assert [values(each.records) for each in rows(response)] == [[], [b"new"]]
    assert seconds == pytest.approx(3)


async def test_fetch_waits_for_all_of_min_bytes_over_its_partitions(
    broker: DataPath, autojump_clock: Any
) -> None:
    broker.have(topic("t", 2))
    append(broker, b"v")
    waiting = fetch(broker, wanted("t", 0), wanted("t", 1), min_bytes=4 * SIZE, max_wait_ms=60_000)
    async with trio.open_nursery() as nursery:

        @nursery.start_soon
        async def produce() -> None:
            for index in (0, 1, 1, 1):
                await trio.sleep(1)
                append(broker, b"v", index=index)

        response, seconds = await timed(waiting)
    assert (sizes(response), seconds) == ([2 * SIZE, 2 * SIZE], pytest.approx(3))


async def test_bytes_beyond_a_partitions_limit_do_not_count(broker: DataPath, autojump_clock: Any) -> None:
    broker.have(topic("t", 2))
    limit = {"partition_max_bytes": SIZE}
    waiting = fetch(
        broker, wanted("t", 0, **limit), wanted("t", 1, **limit), min_bytes=2 * SIZE, max_wait_ms=60_000
    )
    async with trio.open_nursery() as nursery:

        @nursery.start_soon
        async def produce() -> None:
            for index in (0, 0, 0, 0, 1):
                await trio.sleep(1)
                append(broker, b"v", index=index)

        response, seconds = await timed(waiting)
    assert (sizes(response), seconds) == ([SIZE, SIZE], pytest.approx(5))


async def test_append_between_the_answer_and_the_wait_is_not_missed(
    broker: DataPath, autojump_clock: Any
) -> None:
    """The connection sends earlier answers before it awaits a handler; others append meanwhile."""
    broker.have(topic("t"))
    waiting = fetch(broker, wanted("t"), min_bytes=1, max_wait_ms=60_000)
    append(broker, b"v")
    response, seconds = await timed(waiting)
    assert (sizes(response), seconds) == ([SIZE], 0)


async def test_committing_wakes_the_fetch_that_waits_for_replicated_records(
    broker: DataPath, autojump_clock: Any
) -> None:
    broker.have(topic("t", replicas=(0, 1)))
    append(broker, b"v")
    waiting = fetch(broker, wanted("t"), min_bytes=1, max_wait_ms=60_000)
    async with trio.open_nursery() as nursery:

        @nursery.start_soon
        async def shrink() -> None:
            await trio.sleep(2)
            broker.change("t", isr=(0,), partition_epoch=1)

        response, seconds = await timed(waiting)
    assert (sizes(response), seconds) == ([SIZE], pytest.approx(2))


@pytest.mark.parametrize("what", ["deleted", "led elsewhere"])
async def test_lost_partition_ends_the_wait(broker: DataPath, autojump_clock: Any, what: str) -> None:
    broker.have(topic("t"), topic("u"))
    waiting = fetch(broker, wanted("t"), wanted("u"), min_bytes=1, max_wait_ms=60_000)
    async with trio.open_nursery() as nursery:

        @nursery.start_soon
        async def lose() -> None:
            await trio.sleep(1)
            if what == "deleted":
                broker.drop("t")
                append(broker, b"v", name="u")
            else:
                broker.change("t", leader=1, leader_epoch=1)

        response, seconds = await timed(waiting)
    expected = ErrorCode.UNKNOWN_TOPIC_OR_PARTITION if what == "deleted" else ErrorCode.NOT_LEADER_OR_FOLLOWER
    assert rows(response)[0].error_code == expected
    assert seconds == pytest.approx(1)
    assert not broker.partition("u").fetch_waiters


def test_error_is_answered_at_once(broker: DataPath) -> None:
    broker.have(topic("t"), topic("u"))
    response = fetch(broker, wanted("t"), wanted("u", offset=5), min_bytes=1, max_wait_ms=60_000)
    assert [each.error_code for each in rows(response)] == [0, ErrorCode.OFFSET_OUT_OF_RANGE]


async def test_unknown_partition_does_not_keep_the_others_from_waiting(
    broker: DataPath, autojump_clock: Any
) -> None:
    """As in Kafka: else a reader of a deleted topic would ask in a tight loop."""
    broker.have(topic("t"))
    response, seconds = await timed(fetch(broker, wanted("t"), wanted("gone"), min_bytes=1, max_wait_ms=500))
    assert [each.error_code for each in rows(response)] == [0, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION]
    assert seconds == pytest.approx(0.5)


def test_rest_of_an_older_segment_is_not_held_back(broker: DataPath) -> None:
    """A read ends with its segment: waiting would not add to it."""
    broker.have(topic("t", config={"segment.bytes": "1024"}))
    for _ in range(4):
        append(broker, b"x" * 400)
    assert len(broker.partition().log.segments) == 2
    response = fetch(broker, wanted("t", offset=1), min_bytes=100_000, max_wait_ms=60_000)
    assert sizes(response) == [len(batch(b"x" * 400))]


async def test_cancelled_wait_leaves_no_waiter(broker: DataPath, autojump_clock: Any) -> None:
    broker.have(topic("t"))
    with trio.move_on_after(1):
        await fetch(broker, wanted("t"), min_bytes=1, max_wait_ms=60_000)
    assert not broker.partition().fetch_waiters


# Sessions


@pytest.mark.parametrize("version", [7, 12, 13, 18])
def test_session_answers_only_what_changed(broker: DataPath, version: int) -> None:
    broker.have(topic("t", 3))
    first = fetch(broker, *[wanted("t", index) for index in range(3)], version=version, session_epoch=0)
    assert (first.error_code, len(rows(first))) == (0, 3)
    assert first.session_id > 0
    append(broker, b"v", index=2)
    second = fetch(broker, version=version, session_id=first.session_id, session_epoch=1)
    assert (second.session_id, [each.partition_index for each in rows(second)]) == (first.session_id, [2])
    moved = wanted("t", 2, offset=1)
    third = fetch(broker, moved, version=version, session_id=first.session_id, session_epoch=2)
    assert rows(third) == []


def test_session_forgets_partitions(broker: DataPath) -> None:
    broker.have(topic("t", 2))
    session = fetch(broker, wanted("t", 0), wanted("t", 1), session_epoch=0).session_id
    append(broker, b"v", index=0)
    append(broker, b"v", index=1)
    forget = [ForgottenTopic(topic="t", partitions=[0])]
    response = fetch(broker, session_id=session, session_epoch=1, forgotten_topics_data=forget)
    assert [each.partition_index for each in rows(response)] == [1]


def test_session_errors_have_no_partitions(broker: DataPath) -> None:
    broker.have(topic("t"))
    session = fetch(broker, wanted("t"), session_epoch=0).session_id
    for how, code in (
        ({"session_id": 12345, "session_epoch": 1}, ErrorCode.FETCH_SESSION_ID_NOT_FOUND),
        ({"session_id": session, "session_epoch": 5}, ErrorCode.INVALID_FETCH_SESSION_EPOCH),
        ({"session_id": session, "session_epoch": 1, "version": 13}, ErrorCode.FETCH_SESSION_TOPIC_ID_ERROR),
    ):
        response = fetch(broker, **how)
        assert (response.error_code, response.session_id, rows(response)) == (code, 0, [])


def test_topic_made_anew_is_inconsistent_for_a_session_and_unknown_without(broker: DataPath) -> None:
    broker.have(topic("t"))
    session = fetch(broker, wanted("t"), version=13, session_epoch=0).session_id
    broker.have(topic("t", generation=1))
    response = fetch(broker, version=13, session_id=session, session_epoch=1)
    assert row(response).error_code == ErrorCode.INCONSISTENT_TOPIC_ID
    assert row(fetch(broker, wanted("t"), version=13)).error_code == ErrorCode.UNKNOWN_TOPIC_ID
    broker.drop("t")
    response = fetch(broker, version=13, session_id=session, session_epoch=2)
    assert row(response).error_code == ErrorCode.UNKNOWN_TOPIC_OR_PARTITION


async def test_session_that_waits_answers_nothing_at_the_deadline(
    broker: DataPath, autojump_clock: Any
) -> None:
    broker.have(topic("t"))
    session = fetch(broker, wanted("t"), session_epoch=0).session_id
    response, seconds = await timed(
        fetch(broker, session_id=session, session_epoch=1, min_bytes=1, max_wait_ms=500)
    )
    assert (rows(response), seconds) == ([], pytest.approx(0.5))


def test_log_start_that_moved_is_told(broker: DataPath) -> None:
    broker.have(topic("t"))
    append(broker, b"a", b"b")
    session = fetch(broker, wanted("t", offset=2), session_epoch=0).session_id
    assert rows(fetch(broker, session_id=session, session_epoch=1)) == []
    broker.partition().delete_records(1)
    assert row(fetch(broker, session_id=session, session_epoch=2)).log_start_offset == 1


def test_records_are_sent_as_they_were_read(broker: DataPath) -> None:
    """No copy between the log and the socket."""
    from pykbroker.api.handlers import fetch as handler
    from wire.messages.fetch import FetchResponse

    broker.have(topic("t"))
    append(broker, b"x" * 10_000)
    response = handler.handle(broker.ctx(12), FetchRequest(topics=[wanted("t")], max_bytes=1_000_000))
    records = response.responses[0].partitions[0].records
    assert any(buffer is records for buffer in FetchResponse.build(12, response))
