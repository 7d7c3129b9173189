"""The controller: creates, grows and deletes topics, and starts the cluster's state on this broker.

What is decided stands in core/controller, how it becomes true in cluster_writer.py: when a call returns, the change is in
the store, in the image, and in the logs. So what has been answered is there: a topic can be written to as soon as
CreateTopics is answered (Kafka answers a moment before its brokers have heard of it).

Kafka counterparts: KafkaController, ZkAdminManager, AutoTopicCreationManager.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from pykbroker.clock import Clock, random_uuid
from pykbroker.core.cluster import znodes
from pykbroker.core.cluster.image import BrokerImage, ClusterImage, Endpoint, TopicImage
from pykbroker.core.cluster.topics import invalid_topic_name, unify_collision_chars
from pykbroker.core.controller.creation import (
    MAX_NEW_PARTITIONS_PER_REQUEST,
    Defaults,
    NewPartitions,
    NewTopic,
    plan_partitions,
    plan_topic,
    too_many_partitions,
)
from pykbroker.core.controller.election import NOBODY
from pykbroker.core.controller.internal import internal_topic
from pykbroker.core.controller.settings import Alteration, topic_config_check, unclean_election
from pykbroker.errors import ApiError
from pykbroker.logs import get_logger
from pykbroker.server import loading, registration
from pykbroker.server.cluster_writer import MAX_STEPS, ClusterWriter
from pykbroker.server.config_admin import ConfigAdmin
from pykbroker.server.metadata import MetadataCache
from wire.errors import ErrorCode
from zk.operations import Create, Delete, SetData, Step
from zk.store import Store

if TYPE_CHECKING:
    from pykbroker.config.broker import BrokerConfig

log = get_logger(__name__)


class Controller:
    """Changes topics on behalf of requests. One per broker; `active` says whether this broker is the controller."""

    def __init__(
        self,
        broker_id: int,
        store: Store,
        metadata: MetadataCache,
        clock: Clock,
        config: Callable[[], BrokerConfig],
    ) -> None:
        """config: gives the broker's configuration as it is now; dynamic changes make another one."""
        self._broker_id = broker_id
        self._store = store
        self._metadata = metadata
        self._clock = clock
        self._config = config
        self._writer = ClusterWriter(store, metadata, clock, lambda topic: unclean_election(config(), topic))
        self._configs = ConfigAdmin(broker_id, store, self._writer, clock, config)

    @property
    def active(self) -> bool:
        return self._metadata.image.controller_id == self._broker_id

    async def start(
        self, cluster_id: str, endpoints: tuple[Endpoint, ...], rack: str | None, died: bool = False
    ) -> BrokerImage:
        """Register this broker, stand for election, load the cluster and make it the image.

        cluster_id: from `registration.prepare`. died: this broker's last run was killed, so that all that it leads gets a
        new leader epoch. Returns the registration; its epoch is the broker's epoch.

        Raises: StartError, znodes.MalformedZnode.
        """
        broker, leadership = await registration.join(
            self._store, self._broker_id, endpoints, rack, self._clock.now_ms()
        )
        leads = leadership.controller_id == self._broker_id
        image = ClusterImage(cluster_id, leadership.controller_id, leadership.epoch)
        returned = frozenset((self._broker_id,)) if died else NOBODY
        await self._writer.start(image, leadership.version if leads else -1, returned)
        return broker

    # -- creation ------------------------------------------------------------------------------------------------------

    async def create_topics(
        self, topics: Sequence[NewTopic], validate_only: bool = False
    ) -> list[TopicImage | ApiError]:
        """Create them; for each, in order, what it is now (or would be, if validate_only) or why it is refused.

        Topics of one call do not depend on each other: some may be created and others refused.
        """
        try:
            async with self._writer.change() as image:
                results = self._plan_topics(image, topics)
                planned = [each for each in results if isinstance(each, TopicImage)]
                if planned and not validate_only:
                    groups = [await self._creation(each, image.controller_epoch) for each in planned]
                    await self._writer.commit(groups, image.with_topics(planned))
        except ApiError as error:
            return [error] * len(topics)
        if not validate_only:
            for topic in planned:
                log.info("created topic %s with %d partitions", topic.name, len(topic.partitions))
        return results

    def _plan_topics(self, image: ClusterImage, topics: Sequence[NewTopic]) -> list[TopicImage | ApiError]:
        config = self._config()
        defaults = Defaults(config.integer("num.partitions"), config.integer("default.replication.factor"))
        check = topic_config_check(config)
        if sum(map(defaults.asked, topics)) > MAX_NEW_PARTITIONS_PER_REQUEST:
            return [too_many_partitions()] * len(topics)
        results: list[TopicImage | ApiError] = []
        unified: dict[str, str] = {}
        for topic in topics:
            try:
                planned = plan_topic(image, topic, defaults, random_uuid(self._clock), self._draw, check)
                other = unified.setdefault(unify_collision_chars(topic.name), topic.name)
                if other != topic.name:
                    raise ApiError(
                        ErrorCode.INVALID_TOPIC_EXCEPTION,
                        f"Topic '{topic.name}' collides with topic '{other}' of the same request.",
                    )
                results.append(planned)
            except ApiError as error:
                results.append(error)
        return results

    def _draw(self, bound: int) -> int:
        return int.from_bytes(self._clock.random_bytes(4), "big") % bound

    async def _creation(self, topic: TopicImage, controller_epoch: int) -> list[Step]:
        config = znodes.format_config(topic.config)
        config_path = znodes.topic_config_path(topic.name)
        left_over = await self._store.exists(config_path)
        steps: list[Step] = [
            SetData(config_path, config) if left_over else Create(config_path, config),
            Create(znodes.topic_path(topic.name), znodes.format_topic(topic.topic_id, topic.partitions)),
            Create(znodes.partitions_path(topic.name)),
        ]
        for each in topic.partitions:
            steps.append(Create(znodes.partition_path(topic.name, each.index)))
            state = znodes.format_state(each, controller_epoch)
            steps.append(Create(znodes.state_path(topic.name, each.index), state))
        return steps

    async def auto_create(self, names: Iterable[str]) -> Mapping[str, ErrorCode]:
        """Create the topics that are missing, with the broker's defaults; the code of each that could not be.

        The brokers' own topics get the partitions and settings of theirs (offsets.topic.*, transaction.state.log.*).
        """
        refused: dict[str, ErrorCode] = {}
        wanted = []
        for name in names:
            if invalid_topic_name(name) is not None:
                refused[name] = ErrorCode.INVALID_TOPIC_EXCEPTION
            else:
                wanted.append(internal_topic(name, self._config()) or NewTopic(name))
        for topic, result in zip(wanted, await self.create_topics(wanted), strict=True):
            if isinstance(result, ApiError) and result.code != ErrorCode.TOPIC_ALREADY_EXISTS:
                log.warning("topic %s was asked for and could not be created: %s", topic.name, result)
                refused[topic.name] = result.code
        return refused

    async def ensure_topic(self, name: str) -> TopicImage:
        """The topic, created with its settings if it is missing: for the brokers' own ones.

        Raises: ApiError with the reason why it cannot be.
        """
        topic = self._metadata.image.topics.get(name)
        if topic is not None:
            return topic
        (result,) = await self.create_topics([internal_topic(name, self._config()) or NewTopic(name)])
        if isinstance(result, TopicImage):
            return result
        if result.code == ErrorCode.TOPIC_ALREADY_EXISTS:  # another task was faster
            return self._metadata.image.topics[name]
        raise result

    async def create_partitions(
        self, wanted: Sequence[NewPartitions], validate_only: bool = False
    ) -> list[TopicImage | ApiError]:
        """Add partitions to topics; for each, in order, the topic as it is now or why it is refused."""
        results: list[TopicImage | ApiError] = []
        groups: list[list[Step]] = []
        budget = MAX_NEW_PARTITIONS_PER_REQUEST
        try:
            async with self._writer.change() as image:
                for each in wanted:
                    try:
                        topic, added = plan_partitions(image, each, budget)
                    except ApiError as error:
                        results.append(error)
                        continue
                    budget -= len(added)
                    results.append(topic)
                    data = znodes.format_topic(topic.topic_id, topic.partitions)
                    states = await loading.state_creations(
                        self._store, topic.name, added, image.controller_epoch
                    )
                    groups.append([SetData(znodes.topic_path(topic.name), data), *states])
                if groups and not validate_only:
                    changed = [each for each in results if isinstance(each, TopicImage)]
                    await self._writer.commit(groups, image.with_topics(changed))
        except ApiError as error:
            return [error] * len(wanted)
        return results

    async def alter_configs(
        self, alterations: Sequence[Alteration], validate_only: bool = False
    ) -> list[ApiError | None]:
        """Change configurations; for each, in order, None when it is done or why it is refused."""
        return await self._configs.alter(alterations, validate_only)

    # -- deletion ------------------------------------------------------------------------------------------------------

    async def delete_topics(self, names: Sequence[str]) -> list[ApiError | None]:
        """Delete them with their configurations and logs; for each, in order, None or why not."""
        try:
            async with self._writer.change() as image:
                known = {name for name in names if name in image.topics}
                if known:
                    groups = [await self._removal(name) for name in sorted(known)]
                    await self._writer.commit(groups, image.without_topics(known))
        except ApiError as error:
            return [error] * len(names)
        for name in sorted(known):
            log.info("deleted topic %s", name)
        return [None if name in known else _unknown_topic(name) for name in names]

    async def _removal(self, name: str) -> list[Step]:
        steps = await loading.removal(self._store, name)
        if len(steps) > MAX_STEPS:  # more than one transaction: a start in between has to know and go on
            marker = znodes.delete_topic_path(name)
            steps = [Create(marker), *steps, Delete(marker)]
        return steps


def _unknown_topic(name: str) -> ApiError:
    return ApiError(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, f"The topic '{name}' does not exist.")
