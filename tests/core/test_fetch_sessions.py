"""KIP-227, rule by rule, against the pure machine: no broker, no log, no clock."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import count
from typing import Any

import pytest

from pykbroker.core.fetch_sessions import EVICTION_MS, MAX_EPOCH, FetchPlan, FetchSessions, next_epoch
from wire.errors import ErrorCode


@dataclass
class Asked:
    partition: int
    fetch_offset: int = 0
    partition_max_bytes: int = 1000
    current_leader_epoch: int = -1
    last_fetched_epoch: int = -1


@dataclass
class Topic:
    topic: str
    partitions: list[Any]
    topic_id: bytes = bytes(16)


@dataclass
class Request:
    session_id: int = 0
    session_epoch: int = 0
    topics: list[Topic] = field(default_factory=list)
    forgotten_topics_data: list[Topic] = field(default_factory=list)


@dataclass
class Diverging:
    epoch: int = -1


@dataclass
class Answer:
    high_watermark: int = 0
    log_start_offset: int = 0
    records: bytes = b""
    error_code: int = 0
    preferred_read_replica: int = -1
    diverging_epoch: Diverging = field(default_factory=Diverging)


def full(*indexes: int, topic: str = "t", epoch: int = 0, session_id: int = 0) -> Request:
    return Request(session_id, epoch, [Topic(topic, [Asked(index) for index in indexes])])


class Broker:
    """The machine and what it is fed with, as the Fetch handler does it."""

    def __init__(self, slots: int = 10) -> None:
        self.ids = count(100)
        self.sessions = FetchSessions(slots, lambda: next(self.ids))
        self.now_ms = 0
        self.answers: dict[tuple[Any, int], Answer] = {}

    def begin(self, request: Request, topic_ids: bool = False, privileged: bool = False) -> FetchPlan:
        return self.sessions.begin(request, topic_ids, privileged, self.now_ms)

    def finish(self, plan: FetchPlan, topic_ids: bool = False) -> tuple[ErrorCode, int, list[int]]:
        answers = [(each, self.answers.get(each.key, Answer())) for each in plan.partitions]
        error, session_id, sent = self.sessions.finish(plan, answers, topic_ids, self.now_ms)
        return error, session_id, [each.index for each, _ in sent]

    def fetch(self, request: Request, **how: bool) -> tuple[ErrorCode, int, list[int]]:
        return self.finish(self.begin(request, **how), how.get("topic_ids", False))

    def open(self, *indexes: int, **how: Any) -> int:
        privileged = how.pop("privileged", False)
        error, session_id, _ = self.fetch(full(*indexes, **how), privileged=privileged)
        assert error == ErrorCode.NONE
        return session_id


def test_full_fetch_opens_a_session_and_answers_every_partition() -> None:
    broker = Broker()
    assert broker.fetch(full(0, 1, 2)) == (ErrorCode.NONE, 100, [0, 1, 2])
    assert broker.sessions.statistics().partitions == 3


def test_final_epoch_and_old_versions_are_served_without_a_session() -> None:
    broker = Broker()
    assert broker.fetch(full(0, 1, epoch=-1)) == (ErrorCode.NONE, 0, [0, 1])
    assert broker.sessions.statistics().sessions == 0


def test_incremental_fetch_answers_only_what_changed() -> None:
    broker = Broker()
    session = broker.open(0, 1, 2, 3)
    assert broker.fetch(Request(session, 1)) == (ErrorCode.NONE, session, [])
    broker.answers = {
        ("t", 0): Answer(records=b"x"),
        ("t", 2): Answer(high_watermark=7),
        ("t", 3): Answer(log_start_offset=2),
    }
    assert broker.fetch(Request(session, 2)) == (ErrorCode.NONE, session, [0, 2, 3])
    broker.answers[("t", 0)] = Answer()
    assert broker.fetch(Request(session, 3)) == (ErrorCode.NONE, session, []), "already told"


def test_diverging_epoch_and_preferred_replica_are_always_answered() -> None:
    broker = Broker()
    session = broker.open(0, 1, 2)
    broker.answers = {
        ("t", 0): Answer(diverging_epoch=Diverging(3)),
        ("t", 1): Answer(preferred_read_replica=2),
    }
    assert broker.fetch(Request(session, 1)) == (ErrorCode.NONE, session, [0, 1])
    assert broker.fetch(Request(session, 2)) == (ErrorCode.NONE, session, [0, 1])


def test_partition_with_an_error_is_answered_each_time_and_once_more_when_it_is_over() -> None:
    broker = Broker()
    broker.answers = {("t", 0): Answer(high_watermark=5)}
    session = broker.open(0)
    broker.answers = {("t", 0): Answer(high_watermark=-1, error_code=6)}
    assert broker.fetch(Request(session, 1))[2] == [0]
    assert broker.fetch(Request(session, 2))[2] == [0]
    broker.answers = {("t", 0): Answer(high_watermark=5)}
    assert broker.fetch(Request(session, 3))[2] == [0]
    assert broker.fetch(Request(session, 4))[2] == []


def test_partitions_are_added_changed_and_forgotten() -> None:
    broker = Broker()
    session = broker.open(0, 1)
    request = Request(session, 1, [Topic("t", [Asked(1, fetch_offset=9, last_fetched_epoch=4), Asked(5)])])
    request.forgotten_topics_data = [Topic("t", [0]), Topic("other", [3])]
    plan = broker.begin(request)
    assert [(each.index, each.fetch_offset, each.last_fetched_epoch) for each in plan.partitions] == [
        (1, 9, 4),
        (5, 0, -1),
    ]
    assert broker.finish(plan) == (ErrorCode.NONE, session, [5]), "a new partition is told its offsets"


def test_partition_that_gave_records_goes_to_the_end_of_the_line() -> None:
    broker = Broker()
    session = broker.open(0, 1, 2)
    broker.answers = {("t", 0): Answer(records=b"x")}
    broker.fetch(Request(session, 1))
    assert [each.index for each in broker.begin(Request(session, 2)).partitions] == [1, 2, 0]


def test_partition_named_twice_counts_once_as_named_last() -> None:
    broker = Broker()
    plan = broker.begin(Request(topics=[Topic("t", [Asked(0, 1), Asked(1), Asked(0, 2)])]))
    assert [(each.index, each.fetch_offset) for each in plan.partitions] == [(0, 2), (1, 0)]


def test_epochs_count_up_and_a_wrong_one_is_refused() -> None:
    broker = Broker()
    session = broker.open(0)
    assert broker.fetch(Request(session, 2)) == (ErrorCode.INVALID_FETCH_SESSION_EPOCH, 0, [])
    assert broker.fetch(Request(session, 1))[0] == ErrorCode.NONE
    assert broker.fetch(Request(session, 1))[0] == ErrorCode.INVALID_FETCH_SESSION_EPOCH, "a repeated request"
    assert broker.fetch(Request(session, 2))[0] == ErrorCode.NONE


def test_epoch_after_the_greatest_is_one() -> None:
    assert [next_epoch(1), next_epoch(MAX_EPOCH - 1), next_epoch(MAX_EPOCH)] == [2, MAX_EPOCH, 1]


def test_unknown_session_is_refused() -> None:
    assert Broker().fetch(Request(77, 1)) == (ErrorCode.FETCH_SESSION_ID_NOT_FOUND, 0, [])


def test_session_of_names_does_not_take_ids_and_the_other_way_round() -> None:
    broker = Broker()
    by_name = broker.open(0)
    assert broker.fetch(Request(by_name, 1), topic_ids=True)[0] == ErrorCode.FETCH_SESSION_TOPIC_ID_ERROR
    by_id = broker.fetch(full(0), topic_ids=True)[1]
    assert broker.fetch(Request(by_id, 1))[0] == ErrorCode.FETCH_SESSION_TOPIC_ID_ERROR
    assert broker.fetch(Request(by_id, 1), topic_ids=True)[0] == ErrorCode.NONE, "an error changes nothing"


def test_answer_of_a_fetch_overtaken_by_another_connection_is_an_error() -> None:
    broker = Broker()
    session = broker.open(0)
    waiting = broker.begin(Request(session, 1))
    assert broker.fetch(Request(session, 2))[0] == ErrorCode.NONE
    assert broker.finish(waiting) == (ErrorCode.INVALID_FETCH_SESSION_EPOCH, session, [])


@pytest.mark.parametrize("epoch", [0, -1])
def test_full_fetch_that_names_a_session_closes_it(epoch: int) -> None:
    broker = Broker()
    session = broker.open(0)
    broker.fetch(full(0, session_id=session, epoch=epoch))
    assert broker.fetch(Request(session, 1))[0] == ErrorCode.FETCH_SESSION_ID_NOT_FOUND


def test_session_without_partitions_is_closed() -> None:
    broker = Broker()
    session = broker.open(0)
    request = Request(session, 1, forgotten_topics_data=[Topic("t", [0])])
    assert broker.fetch(request) == (ErrorCode.NONE, 0, [])
    assert broker.sessions.statistics().sessions == 0


def test_fetch_that_empties_its_session_is_answered_without_one() -> None:
    broker = Broker()
    session = broker.open(0)
    request = Request(session, 1, [Topic("t", [Asked(0, fetch_offset=5), Asked(1)])])
    request.forgotten_topics_data = [Topic("t", [0, 1])]
    plan = broker.begin(request)
    assert [(each.index, each.fetch_offset) for each in plan.partitions] == [(0, 5), (1, 0)]
    assert broker.finish(plan) == (ErrorCode.NONE, 0, [0, 1])
    assert broker.sessions.statistics().sessions == 0


def test_full_cache_of_young_sessions_gives_no_session() -> None:
    broker = Broker(slots=2)
    broker.open(0)
    broker.open(0)
    assert broker.fetch(full(0, 1, 2)) == (ErrorCode.NONE, 0, [0, 1, 2])


def test_no_slots_at_all_gives_no_session() -> None:
    assert Broker(slots=0).fetch(full(0)) == (ErrorCode.NONE, 0, [0])


def test_stale_session_gives_way_to_any() -> None:
    broker = Broker(slots=2)
    stale, used = broker.open(0, 1, 2), broker.open(0)
    broker.now_ms = EVICTION_MS
    broker.fetch(Request(used, 1))
    broker.now_ms = EVICTION_MS + 1
    assert broker.open(0) != 0
    assert broker.fetch(Request(stale, 1))[0] == ErrorCode.FETCH_SESSION_ID_NOT_FOUND
    assert broker.fetch(Request(used, 2))[0] == ErrorCode.NONE
    assert broker.sessions.statistics().evictions == 1


def test_old_session_gives_way_to_a_bigger_one_the_smallest_first() -> None:
    broker = Broker(slots=2)
    small, big = broker.open(0), broker.open(0, 1, 2)
    broker.now_ms = EVICTION_MS
    for session in (small, big):
        broker.fetch(Request(session, 1))
    broker.now_ms = EVICTION_MS + 1
    assert broker.open(0, 1) != 0
    assert broker.fetch(Request(small, 2))[0] == ErrorCode.FETCH_SESSION_ID_NOT_FOUND
    assert broker.open(5) == 0, "smaller than the old one that is left"


def test_follower_pushes_out_a_young_consumer_but_no_young_follower() -> None:
    broker = Broker(slots=2)
    consumer = broker.open(0, 1, 2)
    broker.open(0, privileged=True)
    assert broker.open(0, privileged=True) != 0
    assert broker.fetch(Request(consumer, 1))[0] == ErrorCode.FETCH_SESSION_ID_NOT_FOUND
    assert broker.open(0, 1, privileged=True) == 0


def test_session_id_is_never_zero_nor_taken() -> None:
    ids = iter([0, 5, 5, 0, 1 << 31, 6 | 1 << 40])
    sessions = FetchSessions(10, lambda: next(ids))
    made = [
        sessions.finish(sessions.begin(full(0), False, False, 0), [], False, 0)[1],
        sessions.finish(sessions.begin(full(0), False, False, 0), [], False, 0)[1],
    ]
    assert made == [5, 6]
