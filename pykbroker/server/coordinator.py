"""The group coordinator of this broker: a shard for each partition of __consumer_offsets that it leads.

A group belongs to the partition that its id hashes to, and to the broker that leads it. Shards are made when the image says
that this broker leads a partition and closed when it no longer does; a shard that fails is made anew, from its log.
(Kafka: GroupCoordinatorService, CoordinatorRuntime)
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

import trio

from pykbroker.clock import Clock
from pykbroker.core.cluster.image import ClusterImage, TopicImage
from pykbroker.core.groups.placement import OFFSETS_TOPIC, partition_of
from pykbroker.core.groups.rules import GroupRules
from pykbroker.errors import ApiError
from pykbroker.server.pending import Early, Pending
from pykbroker.server.shard import Shard, ShardState, ShardStatistics
from pykbroker.server.shard_log import PartitionLog
from wire.errors import ErrorCode
from wire.records.batch import Codec

if TYPE_CHECKING:
    from pykbroker.config.broker import BrokerConfig
    from pykbroker.server.partition import Partition

# A shard that failed a moment ago waits before it replays, so that a full disk does not keep the broker replaying.
FAILS_OFTEN_S = 10.0
RETRY_S = 1.0


class CoordinatorStatistics(NamedTuple):
    """shards: by partition. failures: how often a shard had to be made anew."""

    partitions: int
    shards: dict[int, ShardStatistics]
    failures: int


class GroupCoordinator:
    """Made with the broker, `start`ed with its nursery, told of each new image (`metadata.subscribe(c.image_changed)`).

    partition: finds a partition of this broker by topic and index (Replicas.partition), already opened for the new image.
    """

    def __init__(
        self,
        broker_id: int,
        config: BrokerConfig,
        clock: Clock,
        partition: Callable[[str, int], Partition],
    ) -> None:
        self._broker_id = broker_id
        self._clock = clock
        self._partition = partition
        self.rules = GroupRules.resolve(config)
        self._settle_timeout_s = config.integer("offsets.commit.timeout.ms") / 1000
        self._codec = Codec(config.integer("offsets.topic.compression.codec"))
        self._nursery: trio.Nursery | None = None
        self._replaying = trio.Lock()
        self._shards: dict[int, Shard] = {}
        self._count = 0  # partitions of the topic; 0: it does not exist
        self._failures = 0
        self._last_failure = -FAILS_OFTEN_S

    def start(self, nursery: trio.Nursery) -> None:
        """Tasks of the shards run in this nursery, and end when it is cancelled. Call before the first image."""
        self._nursery = nursery

    # --- which partitions are ours -----------------------------------------------------------------------------------

    def image_changed(self, old: ClusterImage, new: ClusterImage) -> None:
        """Follow the image: partitions won and lost, and topics that are gone. To be called after the replicas did."""
        before, after = old.topics.get(OFFSETS_TOPIC), new.topics.get(OFFSETS_TOPIC)
        if before is not after:
            self._topic_changed(before, after)
        if self._shards and old.topics is not new.topics:
            gone = old.topics.keys() - new.topics.keys()
            if gone:
                self.topics_deleted(frozenset(gone))

    def _topic_changed(self, before: TopicImage | None, after: TopicImage | None) -> None:
        if after is None or before is None or before.topic_id != after.topic_id:
            for index in tuple(self._shards):
                self.resigned(index)
            # Kafka keeps to the number that it found first: with another one, most groups would be elsewhere.
            self._count = 0 if after is None else len(after.partitions)
        led = {}
        for each in () if after is None else after.partitions:
            if each.leader == self._broker_id:
                led[each.index] = each.leader_epoch
        for index in [index for index in self._shards if index not in led]:
            self.resigned(index)
        for index, epoch in led.items():
            self.elected(index, epoch)

    def elected(self, index: int, epoch: int) -> None:
        """This broker leads a partition now: load its groups."""
        shard = self._shards.get(index)
        if shard is not None:
            if shard.epoch >= epoch:
                return
            shard.close()
        self._open(index, epoch)

    def resigned(self, index: int) -> None:
        """This broker leads a partition no longer."""
        shard = self._shards.pop(index, None)
        if shard is not None:
            shard.close()

    def _open(self, index: int, epoch: int, delay_s: float = 0.0) -> None:
        from pykbroker.core.groups.machine import GroupMachine

        assert self._nursery is not None, "start() comes first"
        shard = self._shards[index] = Shard(
            f"{OFFSETS_TOPIC}-{index}",
            epoch,
            GroupMachine(self.rules),
            PartitionLog(self._partition(OFFSETS_TOPIC, index)),
            self._clock,
            self._nursery,
            lambda failed: self._shard_failed(index, failed),
            self._settle_timeout_s,
            self.rules.max_batch_bytes,
            self._codec,
        )
        shard.open(self._replaying, delay_s)

    def _shard_failed(self, index: int, failed: Shard) -> None:
        if self._shards.get(index) is failed:
            self._reopen(index, failed.epoch)

    def _reopen(self, index: int, epoch: int) -> None:
        self._failures += 1
        now = trio.current_time()
        delay_s = RETRY_S if now - self._last_failure < FAILS_OFTEN_S else 0.0
        self._last_failure = now
        try:
            self._open(index, epoch, delay_s)
        except ApiError:
            self._shards.pop(index, None)  # the partition is gone; an image will say so

    def topics_deleted(self, names: frozenset[str]) -> None:
        """Offsets that were committed for these topics go with them."""
        from pykbroker.core.groups.commands import TopicsDeleted

        for shard in tuple(self._shards.values()):
            shard.tell(TopicsDeleted(names))

    # --- requests ----------------------------------------------------------------------------------------------------

    def partition_for(self, group_id: str) -> int:
        """Which partition of __consumer_offsets the group belongs to; -1 while there is no such topic."""
        return partition_of(group_id, self._count) if self._count else -1

    def shard_for(self, group_id: str) -> Shard:
        """Raises: ApiError NOT_COORDINATOR."""
        index = self.partition_for(group_id)
        shard = self._shards.get(index)
        if shard is None:
            raise ApiError(ErrorCode.NOT_COORDINATOR, f"this broker does not coordinate group '{group_id}'")
        if shard.state is ShardState.CLOSED:
            # Its log could not be read; it may be by now.
            self._reopen(index, shard.epoch)
            raise ApiError(ErrorCode.NOT_COORDINATOR, f"the groups of {shard.name} could not be loaded")
        return shard

    def post(self, group_id: str, command: Any) -> Pending | Early:
        """Ask the group's shard; often the answer is there at once.

        Raises: ApiError NOT_COORDINATOR, COORDINATOR_NOT_AVAILABLE; waiting for it also COORDINATOR_LOAD_IN_PROGRESS.
        """
        return self.shard_for(group_id).post(command)

    async def submit(self, group_id: str, command: Any) -> Any:
        """Ask the group's shard and wait for the answer: what commands.py says of the command.

        Raises: ApiError as `post`.
        """
        pending = self.post(group_id, command)
        return pending.result if pending.is_answered else await pending.wait()

    async def submit_to_all(self, command: Any) -> list[Any]:
        """Ask every shard of this broker; the answers by partition.

        Raises: ApiError COORDINATOR_LOAD_IN_PROGRESS if one is still loading, NOT_COORDINATOR.
        """
        shards = [shard for _, shard in sorted(self._shards.items()) if shard.state is not ShardState.CLOSED]
        pendings = [shard.post(command) for shard in shards]
        return [pending.result if pending.is_answered else await pending.wait() for pending in pendings]

    def statistics(self) -> CoordinatorStatistics:
        shards = {index: shard.statistics() for index, shard in sorted(self._shards.items())}
        return CoordinatorStatistics(self._count, shards, self._failures)
