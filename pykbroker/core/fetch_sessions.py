"""Fetch sessions (KIP-227): a fetcher names its partitions once, then only what changed on either side.

Theory of operation. A fetch with session epoch 0 is full: it lists every partition, and its answer may carry the id of
a new session that remembers them. From then on epochs count 1, 2, ...: such a fetch is incremental, its partitions are
added to or changed in the session, its forgotten ones leave it, all that the session holds are read, and the answer
leaves out each partition that has neither records, nor an error, nor a moved high watermark or log start offset. A fetch
that leaves its session without a partition ends it, and is served without one: what it names itself is read. Epoch
-1 closes a session and is served without one; that is also what versions below 7 look like.

A request passes through twice: `begin` says which partitions to read, `finish` which answers to send. The machine holds
no clock, no randomness and no log: they come in as arguments. `finish` may come long after `begin` (the fetch waited),
and another connection may have used the session meanwhile: then the epoch has moved on, and the later answer is an
error.

The cache is bounded. A new session pushes out the one that was unused for longest when that one is stale, else the
smallest of the sessions that have lived long enough, if it is smaller than the new one; followers go before consumers.
Otherwise the fetcher gets no session and simply stays with full fetches. (Kafka: FetchSession.scala)
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from wire.errors import ErrorCode

NO_SESSION = 0
INITIAL_EPOCH = 0
FINAL_EPOCH = -1
MAX_EPOCH = 2**31 - 1
EVICTION_MS = 120_000
"""How long a session is safe from being pushed out by a bigger one, and after how long without use it is stale."""

Key = tuple[str | bytes, int]


class SessionPartition:
    """One partition that a fetcher reads: what it asked last, and what it was told last.

    topic: the name, None while only the id is known. topic_id: 16 bytes, zero where the request spoke in names.
    sent_high_watermark, sent_log_start_offset: of the last answer, -1: none, or an error.
    """

    __slots__ = (
        "current_leader_epoch",
        "fetch_offset",
        "index",
        "key",
        "last_fetched_epoch",
        "max_bytes",
        "sent_high_watermark",
        "sent_log_start_offset",
        "topic",
        "topic_id",
    )

    def __init__(self, topic: str | None, topic_id: bytes, key: Key, asked: Any) -> None:
        self.topic = topic
        self.topic_id = topic_id
        self.index: int = asked.partition
        self.key = key
        self.sent_high_watermark = -1
        self.sent_log_start_offset = -1
        self.ask(asked)

    def ask(self, asked: Any) -> None:
        """Take over what a request's FetchPartition asks for."""
        self.fetch_offset: int = asked.fetch_offset
        self.max_bytes: int = asked.partition_max_bytes
        self.current_leader_epoch: int = asked.current_leader_epoch
        self.last_fetched_epoch: int = asked.last_fetched_epoch

    def take_answer(self, answer: Any) -> bool:
        """Remember a FetchResponse.PartitionData; True if the fetcher has to see it."""
        if answer.error_code:
            # Forget the high watermark, so that the partition is sent once more when the error is over.
            self.sent_high_watermark = -1
            self.sent_log_start_offset = answer.log_start_offset
            return True
        moved = (
            self.sent_high_watermark != answer.high_watermark
            or self.sent_log_start_offset != answer.log_start_offset
        )
        if moved:
            self.sent_high_watermark = answer.high_watermark
            self.sent_log_start_offset = answer.log_start_offset
        return (
            moved
            or bool(answer.records)
            or answer.preferred_read_replica >= 0
            or answer.diverging_epoch.epoch >= 0
        )


class FetchSession:
    """What one fetcher reads; `epoch` is what its next request has to carry."""

    __slots__ = ("created_ms", "epoch", "id", "last_used_ms", "partitions", "privileged", "uses_topic_ids")

    def __init__(
        self,
        session_id: int,
        privileged: bool,
        uses_topic_ids: bool,
        partitions: dict[Key, SessionPartition],
        now_ms: int,
    ) -> None:
        self.id = session_id
        self.privileged = privileged
        self.uses_topic_ids = uses_topic_ids
        self.partitions = partitions
        self.created_ms = now_ms
        self.last_used_ms = now_ms
        self.epoch = 1

    @property
    def worth(self) -> tuple[bool, int, int]:
        """What is least goes first when room is needed."""
        return self.privileged, len(self.partitions), self.id


class FetchPlan:
    """What one request reads, between `begin` and `finish`.

    error: of the whole request; then there is nothing to read. session: None for a request served without one.
    expected_epoch: what the session's epoch still has to be when the answer is ready.
    """

    __slots__ = ("error", "expected_epoch", "partitions", "privileged", "session", "wants_session")

    def __init__(
        self,
        partitions: list[SessionPartition],
        *,
        session: FetchSession | None = None,
        wants_session: bool = False,
        privileged: bool = False,
        error: ErrorCode = ErrorCode.NONE,
    ) -> None:
        self.partitions = partitions
        self.session = session
        self.expected_epoch = session.epoch if session is not None else FINAL_EPOCH
        self.wants_session = wants_session
        self.privileged = privileged
        self.error = error


Answers = list[tuple[SessionPartition, Any]]
"""Each partition with its FetchResponse.PartitionData, in the order of the plan."""


class FetchSessionStatistics(NamedTuple):
    """sessions, partitions: in the cache now. evictions: sessions pushed out since the start."""

    sessions: int
    partitions: int
    evictions: int


class FetchSessions:
    """The cache of sessions of one broker.

    max_sessions: `max.incremental.fetch.session.cache.slots`. new_id: a random number; any int, taken modulo 2**31.
    """

    def __init__(self, max_sessions: int, new_id: Callable[[], int]) -> None:
        self._max_sessions = max_sessions
        self._new_id = new_id
        self._evictions = 0
        # Both hold the same sessions: in the order of their making, and with the longest unused one first.
        self._sessions: dict[int, FetchSession] = {}
        self._by_use: dict[int, FetchSession] = {}

    def begin(self, request: Any, uses_topic_ids: bool, privileged: bool, now_ms: int) -> FetchPlan:
        """Which partitions a FetchRequest reads. `privileged`: it comes from a follower."""
        session_id: int = request.session_id
        epoch: int = request.session_epoch
        if epoch in (FINAL_EPOCH, INITIAL_EPOCH):
            if session_id != NO_SESSION:
                self._remove(session_id)
            return FetchPlan(
                list(_partitions_of(request, uses_topic_ids).values()),
                wants_session=epoch == INITIAL_EPOCH,
                privileged=privileged,
            )
        session = self._sessions.get(session_id)
        if session is None:
            return FetchPlan([], error=ErrorCode.FETCH_SESSION_ID_NOT_FOUND)
        if session.epoch != epoch:
            return FetchPlan([], error=ErrorCode.INVALID_FETCH_SESSION_EPOCH)
        if session.uses_topic_ids != uses_topic_ids:
            return FetchPlan([], error=ErrorCode.FETCH_SESSION_TOPIC_ID_ERROR)
        return self._begin_incremental(session, request, now_ms)

    def _begin_incremental(self, session: FetchSession, request: Any, now_ms: int) -> FetchPlan:
        partitions = session.partitions
        named = _partitions_of(request, session.uses_topic_ids) if request.topics else {}
        for key, asked in named.items():
            known = partitions.get(key)
            if known is None:
                partitions[key] = asked
            else:
                known.fetch_offset = asked.fetch_offset
                known.max_bytes = asked.max_bytes
                known.current_leader_epoch = asked.current_leader_epoch
                known.last_fetched_epoch = asked.last_fetched_epoch
        for forgotten in request.forgotten_topics_data or ():
            name = forgotten.topic_id if session.uses_topic_ids else forgotten.topic
            for index in forgotten.partitions:
                partitions.pop((name, index), None)
        if not partitions:
            self._remove(session.id)
            return FetchPlan(list(named.values()))
        session.last_used_ms = now_ms
        self._by_use[session.id] = self._by_use.pop(session.id)
        session.epoch = next_epoch(session.epoch)
        return FetchPlan(list(partitions.values()), session=session)

    def finish(
        self, plan: FetchPlan, answers: Answers, uses_topic_ids: bool, now_ms: int
    ) -> tuple[ErrorCode, int, Answers]:
        """Error of the whole answer, the session id in it, and the partitions that it has to carry."""
        if plan.error:
            return plan.error, NO_SESSION, []
        session = plan.session
        if session is None:
            if not plan.wants_session:
                return ErrorCode.NONE, NO_SESSION, answers
            return ErrorCode.NONE, self._create(plan, answers, uses_topic_ids, now_ms), answers
        if session.epoch != plan.expected_epoch:
            return ErrorCode.INVALID_FETCH_SESSION_EPOCH, session.id, []
        sent: Answers = []
        partitions = session.partitions
        for pair in answers:
            partition, answer = pair
            if partition.take_answer(answer):
                sent.append(pair)
                if answer.records and partitions.pop(partition.key, None) is not None:
                    # To the end of the line, so that a small max_bytes does not starve the others.
                    partitions[partition.key] = partition
        return ErrorCode.NONE, session.id, sent

    def _create(self, plan: FetchPlan, answers: Answers, uses_topic_ids: bool, now_ms: int) -> int:
        if len(self._sessions) >= self._max_sessions and not self._evict_for(
            (plan.privileged, len(answers), 0), plan.privileged, now_ms
        ):
            return NO_SESSION
        partitions: dict[Key, SessionPartition] = {}
        for partition, answer in answers:
            partition.sent_high_watermark = -1 if answer.error_code else answer.high_watermark
            partition.sent_log_start_offset = answer.log_start_offset
            partitions[partition.key] = partition
        session_id = NO_SESSION
        while session_id == NO_SESSION or session_id in self._sessions:
            session_id = self._new_id() & MAX_EPOCH
        session = FetchSession(session_id, plan.privileged, uses_topic_ids, partitions, now_ms)
        self._sessions[session_id] = self._by_use[session_id] = session
        return session_id

    def _evict_for(self, worth: tuple[bool, int, int], privileged: bool, now_ms: int) -> bool:
        """Make room for a session of this worth; False if all that are there are worth more."""
        longest_unused = next(iter(self._by_use.values()), None)
        if longest_unused is None:
            return False
        victim: FetchSession | None = None
        if now_ms - longest_unused.last_used_ms > EVICTION_MS:
            victim = longest_unused
        else:
            victim = min(self._evictable(privileged, now_ms), key=lambda each: each.worth, default=None)
            if victim is not None and worth < victim.worth:
                victim = None
        if victim is None:
            return False
        self._remove(victim.id)
        self._evictions += 1
        return True

    def _evictable(self, privileged: bool, now_ms: int) -> Iterable[FetchSession]:
        """Sessions that have had their time; a follower may push out a consumer of any age."""
        for session in self._sessions.values():
            if now_ms - session.created_ms > EVICTION_MS:
                yield session
            elif not privileged:
                return  # in the order of their making: all that follow are younger, so a full cache costs nothing
            elif not session.privileged:
                yield session

    def _remove(self, session_id: int) -> None:
        self._sessions.pop(session_id, None)
        self._by_use.pop(session_id, None)

    def statistics(self) -> FetchSessionStatistics:
        """A snapshot for the console, metrics and tests."""
        partitions = sum(len(session.partitions) for session in self._sessions.values())
        return FetchSessionStatistics(len(self._sessions), partitions, self._evictions)


def next_epoch(epoch: int) -> int:
    """1 follows the greatest: 0 and -1 have meanings of their own."""
    return 1 if epoch >= MAX_EPOCH else epoch + 1


def _partitions_of(request: Any, uses_topic_ids: bool) -> dict[Key, SessionPartition]:
    """The request's partitions; one named twice counts once, as it was named last."""
    found: dict[Key, SessionPartition] = {}
    for topic in request.topics:
        name, topic_id = (None, topic.topic_id) if uses_topic_ids else (topic.topic, _ZERO_ID)
        for asked in topic.partitions:
            key: Key = (topic_id if name is None else name, asked.partition)
            found[key] = SessionPartition(name, topic_id, key, asked)
    return found


_ZERO_ID = bytes(16)
