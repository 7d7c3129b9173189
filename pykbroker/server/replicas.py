"""All partitions that this broker holds, kept in step with the image of the cluster.

Theory of operation. `apply(image)` compares topics by identity with what it saw last: it opens logs for new partitions
that name this broker as a replica, passes leaders, ISRs and settings on, closes and deletes the logs of topics that are
gone. It is synchronous and raises nothing: a log that cannot be opened is kept as failed, and each use of it answers
KAFKA_STORAGE_ERROR until an `apply` succeeds in opening it.

Requests find a partition by name or by topic id, two dict look-ups without making a key. The Fetch sessions live here
too.

`upkeep` is the background task: it makes durable what flush.ms asks for and what segments have been rolled, writes the
checkpoints from which recovery starts after a crash, forgets producers that were silent for too long, takes deleted
logs off the disk, has old segments deleted (retention.py) and compacted topics compacted (cleaner.py). What may take long
there runs in a worker thread. (Kafka: ReplicaManager.scala, LogManager.scala)
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from typing import NamedTuple

import trio

from pykbroker.clock import Clock
from pykbroker.config.broker import BrokerConfig
from pykbroker.config.topic import resolve
from pykbroker.config.topic_settings import NEVER, TopicSettings
from pykbroker.core.cluster.image import ClusterImage, PartitionImage, TopicImage
from pykbroker.core.fetch_sessions import FetchSessions
from pykbroker.errors import ApiError, StartError
from pykbroker.log.directory import LogDirs
from pykbroker.log.log import Log
from pykbroker.logs import get_logger
from pykbroker.server.partition import Partition
from wire.errors import ErrorCode

log_lines = get_logger(__name__)

Partitions = dict[int, Partition]

SHORTEST_PAUSE_MS = 100
"""What a setting of 0 ms between two rounds of upkeep comes to."""


class ReplicasStatistics(NamedTuple):
    """A snapshot. failed: logs that could not be opened. under_replicated: led partitions whose ISR is not whole."""

    partitions: int
    leaders: int
    failed: int
    under_replicated: int


class Replicas:
    """The partitions of this broker.

    fetch_sessions: of all its connections. fetch_max_bytes: `fetch.max.bytes`, the most that one Fetch may answer.
    """

    def __init__(self, log_dirs: LogDirs, config: BrokerConfig, clock: Clock, broker_id: int) -> None:
        self._log_dirs = log_dirs
        self._clock = clock
        self._broker_id = broker_id
        self._config = config
        self._image = ClusterImage()
        self._topics: dict[str, Partitions] = {}
        self._by_id: dict[bytes, Partitions] = {}
        self._failed: dict[tuple[str, int], OSError] = {}
        self._seen: dict[str, TopicImage] = {}
        self._settings: dict[str, TopicSettings] = {}
        self._high_watermarks: dict[tuple[str, int], int] = {}
        self._checkpointed: dict[tuple[str, int], tuple[int, int, int]] = {}
        self._flush_times = trio.Event()  # some topic's flush.ms has changed
        self._deleted = trio.Event()  # there are files to remove
        self.fetch_max_bytes = config.integer("fetch.max.bytes")
        self.fetch_sessions = FetchSessions(
            config.integer("max.incremental.fetch.session.cache.slots"),
            lambda: int.from_bytes(clock.random_bytes(4), "big"),
        )

    # Finding.

    def partition(self, topic: str, index: int) -> Partition:
        """Raises: ApiError UNKNOWN_TOPIC_OR_PARTITION, NOT_LEADER_OR_FOLLOWER (held elsewhere), KAFKA_STORAGE_ERROR."""
        try:
            return self._topics[topic][index]
        except KeyError:
            raise self._absent(topic, index) from None

    def partition_by_id(self, topic_id: bytes, index: int) -> Partition:
        """Raises: ApiError UNKNOWN_TOPIC_ID, and as `partition`."""
        try:
            return self._by_id[topic_id][index]
        except KeyError:
            name = self._image.topic_names.get(topic_id)
            if name is None:
                raise ApiError(ErrorCode.UNKNOWN_TOPIC_ID) from None
            raise self._absent(name, index) from None

    def _absent(self, topic: str, index: int) -> ApiError:
        image = self._image.partition(topic, index)
        if image is None:
            return ApiError(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, f"there is no partition {topic}-{index}")
        failure = self._failed.get((topic, index))
        if failure is not None:
            return ApiError(
                ErrorCode.KAFKA_STORAGE_ERROR,
                f"the log of {topic}-{index} could not be opened: {failure.strerror}",
            )
        return ApiError(
            ErrorCode.NOT_LEADER_OR_FOLLOWER,
            f"broker {image.leader} leads {topic}-{index}, it has no replica here",
        )

    def __iter__(self) -> Iterator[Partition]:
        for partitions in self._topics.values():
            yield from partitions.values()

    # Following the image.

    def load(self, image: ClusterImage) -> None:
        """At the start: open and recover all logs on the disk, then follow the image.

        A log that the image does not know, or knows as another topic's of that name, is set aside, never deleted: a crash in
        the middle of a deletion leaves such a one, but so does a store that was lost or put back from a copy.

        Raises: StartError.
        """
        self._log_dirs.load(lambda name: self._settings_of(image.topics.get(name)), self._clock.now_ms())
        self._high_watermarks = self._log_dirs.read_high_watermarks()
        for (name, index), log in list(self._log_dirs.logs.items()):
            topic, partition = image.topics.get(name), image.partition(name, index)
            if topic is None or partition is None or self._broker_id not in partition.replicas:
                self._set_aside(log, "the cluster knows no such partition on this broker")
            elif log.topic_id not in (None, topic.topic_id):
                self._set_aside(log, "it belongs to an earlier topic of that name")
        self.apply(image)
        self._high_watermarks.clear()

    def _settings_of(self, topic: TopicImage | None) -> TopicSettings:
        """As the logs are to have them: when to fsync is the partition's business."""
        settings = resolve(self._config, {} if topic is None else topic.config)
        return replace(settings, flush_messages=NEVER)

    def _set_aside(self, log: Log, reason: str) -> None:
        dirs = self._log_dirs
        key = (log.topic, log.partition)
        log.abandon()
        del dirs.logs[key]
        for directory in dirs.dirs:
            directory.logs.pop(key, None)
        aside = f"{log.path}.{self._clock.random_bytes(16).hex()}-stray"
        try:
            dirs.files.rename(log.path, aside)
        except OSError as error:
            raise StartError(f"{log.path} cannot be renamed: {error}") from error
        log_lines.warning("set %s aside as %s: %s; remove it if it is not needed", log.path, aside, reason)

    def apply(self, image: ClusterImage) -> None:
        """Bring partitions, leaders and settings in step with the image. Raises nothing that a disk can cause."""
        self._image = image
        for name in [name for name in self._seen if name not in image.topics]:
            self._drop_topic(name)
        for name, topic in image.topics.items():
            seen = self._seen.get(name)
            if seen is topic:
                continue
            if seen is not None and seen.topic_id != topic.topic_id:
                self._drop_topic(name)
            self._apply_topic(topic)

    def reconfigure(self, config: BrokerConfig) -> None:
        """Broker settings have changed: they stand behind those of the topics."""
        self._config = config
        self.fetch_max_bytes = config.integer("fetch.max.bytes")
        for topic in self._seen.values():
            self._take_settings(topic)

    def retry_failed(self) -> None:
        """Try once more to open the logs that could not be opened."""
        for name in {topic for topic, _ in self._failed}:
            self._apply_topic(self._seen[name])

    def _apply_topic(self, topic: TopicImage) -> None:
        before = self._seen.get(topic.name)
        self._seen[topic.name] = topic
        if before is None or before.config != topic.config:
            self._take_settings(topic)
        partitions = self._topics.get(topic.name)
        for image in topic.partitions:
            held = None if partitions is None else partitions.get(image.index)
            if self._broker_id not in image.replicas:
                if held is not None:
                    self._drop(held)
            elif held is not None:
                held.become(image)
            else:
                self._add(topic, image)
                partitions = self._topics.get(topic.name)

    def _take_settings(self, topic: TopicImage) -> None:
        before = self._settings.get(topic.name)
        settings = self._settings[topic.name] = resolve(self._config, topic.config)
        for partition in self._topics.get(topic.name, {}).values():
            partition.take_settings(settings)
        if settings.flush_ms != (NEVER if before is None else before.flush_ms):
            self._flush_times.set()

    def _add(self, topic: TopicImage, image: PartitionImage) -> None:
        settings = self._settings[topic.name]
        key = (topic.name, image.index)
        log = self._log_dirs.get(*key)
        try:
            if log is None:
                quiet = replace(settings, flush_messages=NEVER)
                log = self._log_dirs.create(*key, topic.topic_id, quiet, self._clock.now_ms())
            elif log.topic_id is None:
                log.set_topic_id(topic.topic_id)
        except OSError as error:
            if key not in self._failed:
                log_lines.error("the log of %s-%d cannot be opened: %s", *key, error)
            self._failed[key] = error
            return
        self._failed.pop(key, None)
        partition = Partition(
            topic.name, topic.topic_id, image.index, log, settings, self._broker_id, self._clock
        )
        partition.restore_high_watermark(self._high_watermarks.get(key, 0))
        partitions = self._topics.setdefault(topic.name, {})
        self._by_id[topic.topic_id] = partitions
        partitions[image.index] = partition
        partition.become(image)

    def _drop_topic(self, name: str) -> None:
        for partition in list(self._topics.get(name, {}).values()):
            self._drop(partition)
        for key in [key for key in self._failed if key[0] == name]:
            del self._failed[key]
        del self._seen[name]
        del self._settings[name]

    def _drop(self, partition: Partition) -> None:
        """Take the partition out of the broker and its log off the disk."""
        partitions = self._topics[partition.topic]
        del partitions[partition.index]
        if not partitions:
            del self._topics[partition.topic]
            del self._by_id[partition.topic_id]
        partition.close()
        try:
            self._log_dirs.delete(partition.topic, partition.index, self._clock.random_bytes(16))
        except OSError as error:
            log_lines.error("the log of %s-%d cannot be deleted: %s", partition.topic, partition.index, error)
        self._deleted.set()

    # Upkeep.

    async def upkeep(self) -> None:
        """Runs until it is cancelled."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._every, "log.flush.offset.checkpoint.interval.ms", self.checkpoint)
            nursery.start_soon(
                self._every, "producer.id.expiration.check.interval.ms", self._expire_producers
            )
            nursery.start_soon(self._flush_by_time)
            nursery.start_soon(self._purge_deleted)
            nursery.start_soon(self._delete_old)
            nursery.start_soon(self._compact)

    async def _every(self, setting: str, action: Callable[[], Awaitable[None]]) -> None:
        while True:
            await trio.sleep(max(SHORTEST_PAUSE_MS, self._config.integer(setting)) / 1000)
            await action()

    async def checkpoint(self) -> None:
        """Flush logs that have rolled a segment, then write from where recovery starts, if that is not what is written."""
        for partition in list(self):
            log = partition.log
            if log.recovery_point < log.segments[-1].base_offset and log.failure is None:
                await self._flush(partition)
        points = {
            (partition.topic, partition.index): (
                partition.log.recovery_point,
                partition.log_start_offset,
                partition.high_watermark,
            )
            for partition in self
        }
        if points == self._checkpointed:
            return
        try:
            self._log_dirs.checkpoint()
            self._log_dirs.write_high_watermarks({key: offsets[2] for key, offsets in points.items()})
        except OSError as error:
            log_lines.error("the checkpoints cannot be written: %s", error)
        else:
            self._checkpointed = points

    async def _flush(self, partition: Partition) -> None:
        with suppress(OSError):  # the partition has said so in the log
            await partition.flush()

    async def _flush_by_time(self) -> None:
        """flush.ms: no record stays without an fsync for longer."""
        while True:
            self._flush_times = trio.Event()
            now_ms = self._clock.monotonic_ms()
            next_ms = float("inf")
            for partition in list(self):
                flush_ms = partition.settings.flush_ms
                if flush_ms == NEVER or partition.log.failure is not None:
                    continue
                due_ms = partition.flushed_ms + max(flush_ms, SHORTEST_PAUSE_MS)
                if due_ms <= now_ms:
                    await self._flush(partition)
                    due_ms = now_ms + max(flush_ms, SHORTEST_PAUSE_MS)
                next_ms = min(next_ms, due_ms)
            with trio.move_on_after(max(next_ms - now_ms, SHORTEST_PAUSE_MS) / 1000):
                await self._flush_times.wait()

    async def _expire_producers(self) -> None:
        now_ms, longest_ms = self._clock.now_ms(), self._config.integer("producer.id.expiration.ms")
        for partition in self:
            partition.log.producers.remove_expired(now_ms, longest_ms)

    async def _purge_deleted(self) -> None:
        while True:
            await self._deleted.wait()
            self._deleted = trio.Event()
            try:
                await trio.to_thread.run_sync(self._log_dirs.purge)
            except OSError as error:
                log_lines.error("deleted logs cannot be taken off the disk: %s", error)

    async def _delete_old(self) -> None:
        await trio.sleep(self._config.integer("log.initial.task.delay.ms") / 1000)
        from pykbroker.server.retention import Retention  # nothing that a start should pay for

        await Retention(self._log_dirs.files, lambda: list(self), lambda: self._config).run()

    async def _compact(self) -> None:
        if not self._config.boolean("log.cleaner.enable"):
            return
        await trio.sleep(max(SHORTEST_PAUSE_MS, self._config.integer("log.cleaner.backoff.ms")) / 1000)
        from pykbroker.server.cleaner import Cleaner  # nothing that a start should pay for

        await Cleaner(self._log_dirs, lambda: list(self), lambda: self._config, self._clock).run()

    def close(self, broker_epoch: int = -1) -> bool:
        """At the end: wake who waits, flush all, note producers and high watermarks, mark the directories as left cleanly.

        False if some log could not be flushed: then the next start recovers it.
        """
        for partition in self:
            partition.close()
        failures: list[OSError] = []
        try:
            self._log_dirs.write_high_watermarks(
                {(partition.topic, partition.index): partition.high_watermark for partition in self}
            )
        except OSError as error:
            failures.append(error)
        failures += self._log_dirs.close(broker_epoch)
        for failure in failures:
            log_lines.error("a log could not be closed cleanly: %s", failure)
        return not failures

    def statistics(self) -> ReplicasStatistics:
        leaders = [partition for partition in self if partition.is_leader]
        return ReplicasStatistics(
            partitions=sum(1 for _ in self),
            leaders=len(leaders),
            failed=len(self._failed),
            under_replicated=sum(len(partition.isr) < len(partition.replicas) for partition in leaders),
        )
