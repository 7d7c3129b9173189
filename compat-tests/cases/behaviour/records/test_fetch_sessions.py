"""Fetch sessions (KIP-227): name the partitions once, then only what changed."""

from __future__ import annotations

from typing import Any

import pytest

from conformance import Kafka, Topic, case, eventually, records_in
from conformance.partitions import asked, deletion_of, fetch_of, nowhere, part, parts
from wire.errors import ErrorCode
from wire.messages.delete_records import DeleteRecordsRequest
from wire.messages.delete_topics import DeleteTopicsRequest, DeleteTopicState
from wire.messages.fetch import FetchRequest, ForgottenTopic
from wire.messages.produce import ProduceRequest

FEATURE = "fetch sessions"
WHY = "KIP-227; FetchSession, FetchManager"
ALSO = (ProduceRequest,)
FULL, NONE = 0, -1  # session epochs: a new session, no session


class Session:
    """A fetcher that keeps count of its epochs."""

    def __init__(self, kafka: Kafka, *wanted: tuple[Topic, Any]) -> None:
        self.kafka = kafka
        self.first = kafka.ask(fetch_of(*wanted, session_id=0, session_epoch=FULL))
        assert self.first.error_code == 0
        self.id = self.first.session_id
        self.epoch = 1

    def ask(self, *wanted: tuple[Topic, Any], forget: tuple[Topic, int] | None = None, **fields: Any) -> Any:
        """The next incremental fetch."""
        if forget is not None:
            topic, partition = forget
            fields["forgotten_topics_data"] = [
                ForgottenTopic(topic=topic.name, topic_id=topic.id, partitions=[partition])
            ]
        fields = {"session_id": self.id, "session_epoch": self.epoch} | fields
        answer = self.kafka.ask(fetch_of(*wanted, **fields))
        self.epoch += 1
        return answer

    def rows(self, *wanted: tuple[Topic, Any], **options: Any) -> list[tuple[int, int]]:
        """(partition, records) of each row of the next incremental fetch, which has no error."""
        answer = self.ask(*wanted, **options)
        assert (answer.error_code, answer.session_id) == (0, self.id)
        return [(index, len(records_in(row.records))) for _, index, row in parts(answer)]


@case(FetchRequest, versions="7+", feature=FEATURE, why=WHY, also=ALSO)
def test_a_new_session(kafka: Kafka) -> None:
    """A full fetch with epoch 0 is answered with all its partitions and the id of a new session."""
    topic = kafka.topic(2)
    kafka.produce(topic, b"a")
    session = Session(kafka, (topic, asked(0)), (topic, asked(1)))
    assert session.id > 0
    assert [(index, row.high_watermark) for _, index, row in parts(session.first)] == [(0, 1), (1, 0)]


@case(FetchRequest, versions="7+", feature=FEATURE, why=WHY)
def test_no_session(kafka: Kafka) -> None:
    """A fetch with epoch -1 and id 0 is served, and no session is made."""
    topic = kafka.topic()
    answer = kafka.ask(fetch_of((topic, asked(0)), session_id=0, session_epoch=NONE))
    assert (answer.error_code, answer.session_id) == (0, 0)
    assert part(answer, topic).error_code == 0


@case(FetchRequest, versions="7+", feature=FEATURE, why=WHY)
def test_a_session_of_nothing(kafka: Kafka) -> None:
    """A full fetch of no partitions makes a session too, to which partitions can be added."""
    session, topic = Session(kafka), kafka.topic()
    assert session.id > 0
    assert session.rows((topic, asked(0))) == [(0, 0)]


@case(FetchRequest, versions="7+", feature=FEATURE, why=WHY, also=ALSO)
def test_sessions_have_ids_of_their_own(kafka: Kafka) -> None:
    """Two sessions have two ids, and each remembers what it was told."""
    topic = kafka.topic()
    first, second = Session(kafka, (topic, asked(0))), Session(kafka, (topic, asked(0)))
    assert first.id != second.id
    kafka.produce(topic, b"a")
    assert first.rows() == [(0, 1)]
    assert second.rows() == [(0, 1)]


@case(FetchRequest, versions="7+", feature=FEATURE, why=WHY, also=ALSO)
def test_only_what_changed(kafka: Kafka) -> None:
    """An incremental fetch answers the partitions with something new, and leaves out the others."""
    topic = kafka.topic(3)
    session = Session(kafka, *((topic, asked(index)) for index in range(3)))
    assert session.rows() == []
    kafka.produce(topic, b"a", b"b", partition=1)
    assert session.rows() == [(1, 2)]


@case(FetchRequest, versions="7+", feature=FEATURE, why=WHY, also=ALSO)
def test_the_offset_stays_until_it_is_moved(kafka: Kafka) -> None:
    """A partition goes on at the offset that it was asked for last, until the fetcher names another."""
    topic = kafka.topic()
    kafka.produce(topic, b"a")
    session = Session(kafka, (topic, asked(0)))
    assert session.rows() == [(0, 1)]
    assert session.rows((topic, asked(0, 1))) == []
    kafka.produce(topic, b"b")
    assert session.rows() == [(0, 1)]


@case(FetchRequest, versions="7+", feature=FEATURE, why=WHY, also=ALSO)
def test_a_partition_is_added(kafka: Kafka) -> None:
    """A partition that is new to the session is answered, also if it is empty, and then remembered."""
    topic = kafka.topic(2)
    session = Session(kafka, (topic, asked(0)))
    assert session.rows((topic, asked(1))) == [(1, 0)]
    assert session.rows() == []
    kafka.produce(topic, b"a", partition=1)
    assert session.rows() == [(1, 1)]


@case(FetchRequest, versions="7+", feature=FEATURE, why=WHY, also=ALSO)
def test_a_partition_is_forgotten(kafka: Kafka) -> None:
    """A partition that the fetcher forgets is not answered any more, whatever comes."""
    topic = kafka.topic(2)
    session = Session(kafka, (topic, asked(0)), (topic, asked(1)))
    assert session.rows(forget=(topic, 0)) == []
    kafka.produce(topic, b"a")
    kafka.produce(topic, b"a", partition=1)
    assert session.rows() == [(1, 1)]


@case(FetchRequest, versions="7+", feature=FEATURE, why=WHY, also=ALSO)
def test_several_partitions_are_forgotten(kafka: Kafka) -> None:
    """All the partitions of a topic that one row names are forgotten."""
    topic = kafka.topic(3)
    session = Session(kafka, *((topic, asked(index)) for index in range(3)))
    row = ForgottenTopic(topic=topic.name, topic_id=topic.id, partitions=[0, 2])
    assert session.rows(forgotten_topics_data=[row]) == []
    for index in range(3):
        kafka.produce(topic, b"a", partition=index)
    assert session.rows() == [(1, 1)]


@case(FetchRequest, versions="latest", feature=FEATURE, why=WHY)
def test_forgetting_what_is_not_there(kafka: Kafka) -> None:
    """To forget a partition that the session does not have is no error."""
    topic = kafka.topic()
    session = Session(kafka, (topic, asked(0)))
    assert session.rows(forget=(topic, 7)) == []
    assert session.rows(forget=(nowhere(kafka), 0)) == []


@case(
    FetchRequest,
    versions="7+",
    feature=FEATURE,
    why="FetchSession; an incremental fetch that empties the session",
)
def test_the_last_partition_is_forgotten(kafka: Kafka) -> None:
    """A session without partitions ends: the answer has id 0, and the id is unknown then."""
    topic = kafka.topic()
    session = Session(kafka, (topic, asked(0)))
    answer = session.ask(forget=(topic, 0))
    assert (answer.error_code, answer.session_id, list(answer.responses)) == (0, 0, [])
    assert session.ask().error_code == ErrorCode.FETCH_SESSION_ID_NOT_FOUND


@case(FetchRequest, versions="7+", feature=FEATURE, why="FetchManager.newContext", also=ALSO)
def test_the_last_partition_is_forgotten_and_asked_for(kafka: Kafka) -> None:
    """A fetch that empties its session is served without one: what it names is read, although it forgets it as well."""
    topic = kafka.topic()
    session = Session(kafka, (topic, asked(0)))
    kafka.produce(topic, b"a")
    answer = session.ask((topic, asked(0)), forget=(topic, 0))
    assert (answer.error_code, answer.session_id) == (0, 0)
    assert [(index, len(records_in(row.records))) for _, index, row in parts(answer)] == [(0, 1)]


@case(
    FetchRequest,
    versions="7+",
    feature=FEATURE,
    why="FetchSession.CachedPartition.maybeUpdateResponseData",
    also=ALSO,
)
def test_a_high_watermark_that_moved(kafka: Kafka) -> None:
    """A partition whose high watermark moved is answered even where the limit leaves it no records."""
    topic = kafka.topic(2)
    session = Session(kafka, (topic, asked(0)), (topic, asked(1)))
    kafka.produce(topic, b"a")
    kafka.produce(topic, b"a", partition=1)
    answer = session.ask(max_bytes=1)
    assert [row.high_watermark for *_, row in parts(answer)] == [1, 1]


@case(
    FetchRequest,
    versions="7+",
    feature=FEATURE,
    why="FetchSession.CachedPartition.maybeUpdateResponseData",
    also=(*ALSO, DeleteRecordsRequest),
)
def test_a_log_start_that_moved(kafka: Kafka) -> None:
    """A partition whose log start moved is answered once more, without records."""
    topic = kafka.topic()
    kafka.produce(topic, b"a", b"b")
    session = Session(kafka, (topic, asked(0, 2)))
    assert session.rows() == []
    kafka.ask(deletion_of((topic, 0, 1)))
    row = part(session.ask(), topic)
    assert (row.log_start_offset, len(row.records)) == (1, 0)
    assert session.rows() == []


@case(
    FetchRequest,
    versions="7+",
    feature=FEATURE,
    why="FetchSession.CachedPartition: errors are always told",
    also=ALSO,
)
def test_errors_are_told_every_time(kafka: Kafka) -> None:
    """A partition with an error is answered each time, until the error is gone."""
    topic = kafka.topic()
    session = Session(kafka, (topic, asked(0, 5)))
    for _ in range(2):
        assert part(session.ask(), topic).error_code == ErrorCode.OFFSET_OUT_OF_RANGE
    assert part(session.ask((topic, asked(0, 0))), topic).error_code == 0
    assert session.rows() == []


@case(
    FetchRequest,
    versions="7+",
    feature=FEATURE,
    why="FetchSession.IncrementalFetchContext: served partitions go to the end",
    also=ALSO,
)
def test_nobody_starves(kafka: Kafka) -> None:
    """A partition that gave records goes to the end of the line, so that a small max_bytes serves all in turn."""
    topic = kafka.topic(3)
    for partition in range(3):
        for _ in range(2):
            kafka.produce(topic, b"x" * 100, partition=partition)
    session = Session(kafka, *((topic, asked(index)) for index in range(3)))
    first = [index for _, index, row in parts(session.ask(max_bytes=1)) if row.records]
    second = [index for _, index, row in parts(session.ask(max_bytes=1)) if row.records]
    third = [index for _, index, row in parts(session.ask(max_bytes=1)) if row.records]
    assert sorted(first + second + third) == [0, 1, 2]


@case(FetchRequest, versions="7+", feature=FEATURE, why=WHY)
def test_unknown_session(kafka: Kafka) -> None:
    """An id that no session has answers FETCH_SESSION_ID_NOT_FOUND, with id 0 and no partitions."""
    topic = kafka.topic()
    answer = kafka.ask(fetch_of((topic, asked(0)), session_id=123_456_789, session_epoch=1))
    assert (answer.error_code, answer.session_id) == (ErrorCode.FETCH_SESSION_ID_NOT_FOUND, 0)
    assert not answer.responses


@case(FetchRequest, versions="7+", feature=FEATURE, why=WHY)
def test_session_0_is_nobodys(kafka: Kafka) -> None:
    """An incremental fetch with id 0 answers FETCH_SESSION_ID_NOT_FOUND."""
    answer = kafka.ask(fetch_of(session_id=0, session_epoch=1))
    assert answer.error_code == ErrorCode.FETCH_SESSION_ID_NOT_FOUND


@pytest.mark.parametrize("epoch", [2, 2**31 - 1])
@case(FetchRequest, versions="7+", feature=FEATURE, why=WHY)
def test_wrong_epoch(kafka: Kafka, epoch: int) -> None:
    """An epoch that is not the next one answers INVALID_FETCH_SESSION_EPOCH, with id 0 and no partitions."""
    topic = kafka.topic()
    session = Session(kafka, (topic, asked(0)))
    answer = session.ask(session_epoch=epoch)
    assert (answer.error_code, answer.session_id) == (ErrorCode.INVALID_FETCH_SESSION_EPOCH, 0)
    assert not answer.responses


@case(FetchRequest, versions="7+", feature=FEATURE, why=WHY)
def test_an_epoch_twice(kafka: Kafka) -> None:
    """An epoch that was used already answers INVALID_FETCH_SESSION_EPOCH; the right one goes on."""
    topic = kafka.topic()
    session = Session(kafka, (topic, asked(0)))
    assert session.rows() == []
    answer = kafka.ask(fetch_of(session_id=session.id, session_epoch=1))
    assert answer.error_code == ErrorCode.INVALID_FETCH_SESSION_EPOCH
    assert session.rows() == []


@case(FetchRequest, versions="7+", feature=FEATURE, why=WHY)
def test_closing(kafka: Kafka) -> None:
    """Epoch -1 with a session's id serves the fetch, answers id 0 and ends the session."""
    topic = kafka.topic()
    session = Session(kafka, (topic, asked(0)))
    answer = kafka.ask(fetch_of((topic, asked(0)), session_id=session.id, session_epoch=NONE))
    assert (answer.error_code, answer.session_id) == (0, 0)
    assert part(answer, topic).error_code == 0
    assert session.ask().error_code == ErrorCode.FETCH_SESSION_ID_NOT_FOUND


@case(FetchRequest, versions="7+", feature=FEATURE, why=WHY)
def test_a_new_one_for_an_old_one(kafka: Kafka) -> None:
    """Epoch 0 with a session's id ends that session and makes another."""
    topic = kafka.topic()
    session = Session(kafka, (topic, asked(0)))
    answer = kafka.ask(fetch_of((topic, asked(0)), session_id=session.id, session_epoch=FULL))
    assert answer.error_code == 0
    assert answer.session_id not in (0, session.id)
    assert session.ask().error_code == ErrorCode.FETCH_SESSION_ID_NOT_FOUND


@case(FetchRequest, versions="7+", feature=FEATURE, why=WHY)
def test_closing_what_is_not_there(kafka: Kafka) -> None:
    """Epochs -1 and 0 with an id that no session has are served."""
    topic = kafka.topic()
    for epoch in (NONE, FULL):
        answer = kafka.ask(fetch_of((topic, asked(0)), session_id=12345, session_epoch=epoch))
        assert answer.error_code == 0
        assert part(answer, topic).error_code == 0


@case(
    FetchRequest, versions="7+", feature=FEATURE, why="KIP-227: a session belongs to no connection", also=ALSO
)
def test_a_session_on_another_connection(kafka: Kafka, version: int) -> None:
    """A session goes on when its fetcher comes by another connection."""
    topic = kafka.topic()
    session = Session(kafka, (topic, asked(0)))
    kafka.produce(topic, b"a")
    request = fetch_of(session_id=session.id, session_epoch=1)
    answer = kafka.connection(about=fetch_of((topic, asked(0)))).ask(request, version)
    assert len(records_in(part(answer, topic).records)) == 1


@case(FetchRequest, versions="13+", feature=FEATURE, why="KIP-516; FetchManager.newContext")
def test_from_names_to_ids(kafka: Kafka) -> None:
    """A session begun with names and continued with ids answers FETCH_SESSION_TOPIC_ID_ERROR."""
    topic = kafka.topic()
    first = kafka.ask(fetch_of((topic, asked(0)), session_id=0, session_epoch=FULL), 12)
    answer = kafka.ask(fetch_of(session_id=first.session_id, session_epoch=1))
    assert answer.error_code == ErrorCode.FETCH_SESSION_TOPIC_ID_ERROR
    assert not answer.responses


@case(FetchRequest, versions="7-12", feature=FEATURE, why="KIP-516; FetchManager.newContext")
def test_from_ids_to_names(kafka: Kafka) -> None:
    """A session begun with ids and continued with names answers FETCH_SESSION_TOPIC_ID_ERROR."""
    if not kafka.announces(FetchRequest, 13):
        pytest.skip("the broker knows no topic ids")
    topic = kafka.topic()
    first = kafka.ask(fetch_of((topic, asked(0)), session_id=0, session_epoch=FULL), 13)
    answer = kafka.ask(fetch_of(session_id=first.session_id, session_epoch=1))
    assert answer.error_code == ErrorCode.FETCH_SESSION_TOPIC_ID_ERROR


@case(FetchRequest, versions="13+", feature=FEATURE, why="KIP-516; FetchSession.CachedPartition")
def test_an_unknown_topic_in_a_session(kafka: Kafka) -> None:
    """A session may hold an id that is unknown: the others are served beside it, and it is told each time."""
    topic, missing = kafka.topic(), nowhere(kafka)
    session = Session(kafka, (topic, asked(0)), (missing, asked(0)))
    assert part(session.first, missing).error_code == ErrorCode.UNKNOWN_TOPIC_ID
    answer = session.ask()
    assert [row.error_code for *_, row in parts(answer)] == [ErrorCode.UNKNOWN_TOPIC_ID]


@case(
    FetchRequest,
    versions="13+",
    feature=FEATURE,
    why="KIP-516; ReplicaManager.readFromLog",
    also=(DeleteTopicsRequest,),
)
def test_a_topic_made_anew_under_a_session(kafka: Kafka) -> None:
    """In a session a deleted topic is UNKNOWN_TOPIC_OR_PARTITION, and INCONSISTENT_TOPIC_ID when another has its name."""
    topic = kafka.topic()
    session = Session(kafka, (topic, asked(0)))
    state = DeleteTopicState(name=topic.name)
    kafka.ask(DeleteTopicsRequest(topics=[state], topic_names=[topic.name], timeout_ms=10_000))

    def code() -> int:
        return next((row.error_code for *_, row in parts(session.ask())), 0)

    eventually(lambda: code() == ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
    eventually(lambda: kafka.topic(name=topic.name))
    assert code() == ErrorCode.INCONSISTENT_TOPIC_ID


@case(FetchRequest, versions="latest", feature=FEATURE, why=WHY, also=ALSO)
def test_changed_limits_are_kept(kafka: Kafka) -> None:
    """A partition's new limit stays until it is changed again."""
    topic = kafka.topic()
    for _ in range(4):
        kafka.produce(topic, b"x" * 100)
    session = Session(kafka, (topic, asked(0)))
    assert session.rows((topic, asked(0, 0, 1))) == [(0, 1)]
    assert session.rows() == [(0, 1)]
    assert session.rows((topic, asked(0, 1, 10_000))) == [(0, 3)]


@case(FetchRequest, versions="latest", feature=FEATURE, why=WHY, also=ALSO)
def test_a_session_waits(kafka: Kafka, version: int) -> None:
    """An incremental fetch that finds nothing new waits, and a record in any of its partitions ends that."""
    topic = kafka.topic(3)
    session = Session(kafka, *((topic, asked(index)) for index in range(3)))
    connection = kafka.connection(about=fetch_of((topic, asked(0))))
    request = fetch_of(session_id=session.id, session_epoch=1, max_wait_ms=20_000)
    connection.send(request, version)
    assert connection.silent(0.15)
    kafka.produce(topic, b"a", partition=2)
    answer = connection.receive(timeout_s=5)
    assert [(index, len(records_in(row.records))) for _, index, row in parts(answer)] == [(2, 1)]
