"""What the cluster looks like at one moment: brokers, topics, partitions, configurations.

The image is immutable and swapped whole: a request takes it once and works on one consistent state to its end, without
a lock, however long it waits in between. A change derives a new image that shares all unchanged parts, so it costs a
shallow copy of the dicts concerned. An unchanged topic stays the very same object from image to image: whoever builds
something expensive from a topic may keep it under the topic's identity.

These are named tuples, not frozen dataclasses: making such a class takes a sixth of the time, and every start pays for it.

Kafka counterparts: MetadataImage, ZkMetadataCache's MetadataSnapshot.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from pykbroker.core.cluster.topics import has_collision_chars, unify_collision_chars

NO_LEADER = -1
NO_CONTROLLER = -1
DEFAULT_ENTITY = "<default>"
NOTHING: Mapping[Any, Any] = MappingProxyType({})


class Endpoint(NamedTuple):
    """Where a broker is reached on one listener. listener: the name; protocol: its security protocol."""

    listener: str
    host: str
    port: int
    protocol: str = "PLAINTEXT"


class BrokerImage(NamedTuple):
    """A live broker. epoch: the czxid of its registration, another one after each restart."""

    id: int
    epoch: int
    endpoints: tuple[Endpoint, ...]
    rack: str | None = None


class PartitionImage(NamedTuple):
    """One partition. leader: broker id, -1 none. partition_epoch: version of its state znode, grows with every change.

    leader_recovery_state: 1 after an unclean election until the next ISR change (KIP-704).
    """

    index: int  # type: ignore[assignment]  # hides tuple.index, which nobody wants here
    leader: int
    leader_epoch: int
    isr: tuple[int, ...]
    replicas: tuple[int, ...]
    partition_epoch: int = 0
    adding: tuple[int, ...] = ()
    removing: tuple[int, ...] = ()
    leader_recovery_state: int = 0


class TopicImage(NamedTuple):
    """One topic; compared by identity. topic_id: 16 bytes. partitions: position = index. config: only what is set on it."""

    name: str
    topic_id: bytes
    partitions: tuple[PartitionImage, ...]
    config: Mapping[str, str] = NOTHING

    def __eq__(self, other: object) -> bool:
        return self is other

    def __ne__(self, other: object) -> bool:
        return self is not other

    def __hash__(self) -> int:
        return id(self)


class ClusterImage(NamedTuple):
    """The cluster. topics: by name. topic_names: name by topic id.

    configs: what is set on other entities, by their path below /config ("brokers/0", "brokers/<default>", "groups/g").
    unified_names: for the topics whose name has '.' or '_', the name by its unified form (metric names collide).
    """

    cluster_id: str = ""
    controller_id: int = NO_CONTROLLER
    controller_epoch: int = 0
    brokers: Mapping[int, BrokerImage] = NOTHING
    topics: Mapping[str, TopicImage] = NOTHING
    topic_names: Mapping[bytes, str] = NOTHING
    configs: Mapping[str, Mapping[str, str]] = NOTHING
    unified_names: Mapping[str, str] = NOTHING

    def __eq__(self, other: object) -> bool:
        return self is other

    def __ne__(self, other: object) -> bool:
        return self is not other

    def __hash__(self) -> int:
        return id(self)

    def topic_by_id(self, topic_id: bytes) -> TopicImage | None:
        name = self.topic_names.get(topic_id)
        return None if name is None else self.topics[name]

    def partition(self, topic: str, index: int) -> PartitionImage | None:
        image = self.topics.get(topic)
        if image is None or not 0 <= index < len(image.partitions):
            return None
        return image.partitions[index]

    def config(self, entity: str) -> Mapping[str, str]:
        """What is set on the entity ("brokers/0"); empty if nothing is."""
        return self.configs.get(entity, {})

    def colliding_topic(self, name: str) -> str | None:
        """The existing topic whose metrics would have the same names; None if there is none (or it is that very topic)."""
        if not has_collision_chars(name):
            return None
        other = self.unified_names.get(unify_collision_chars(name))
        return None if other == name else other

    def with_topic(self, topic: TopicImage) -> ClusterImage:
        return self.with_topics((topic,))

    def with_topics(self, added: Iterable[TopicImage]) -> ClusterImage:
        """With these topics, new or in place of the ones of the same names."""
        topics = dict(self.topics)
        names = dict(self.topic_names)
        unified: dict[str, str] | None = None
        for topic in added:
            before = topics.get(topic.name)
            if before is not None and before.topic_id != topic.topic_id:
                del names[before.topic_id]
            topics[topic.name] = topic
            names[topic.topic_id] = topic.name
            if before is None and has_collision_chars(topic.name):
                if unified is None:
                    unified = dict(self.unified_names)
                unified.setdefault(unify_collision_chars(topic.name), topic.name)
        if unified is None:
            return self._replace(topics=topics, topic_names=names)
        return self._replace(topics=topics, topic_names=names, unified_names=unified)

    def without_topic(self, name: str) -> ClusterImage:
        return self.without_topics((name,))

    def without_topics(self, gone: Iterable[str]) -> ClusterImage:
        """Without these topics; a name that is not there is passed over."""
        topics = dict(self.topics)
        names = dict(self.topic_names)
        unified = dict(self.unified_names)
        for name in gone:
            topic = topics.pop(name, None)
            if topic is None:
                continue
            del names[topic.topic_id]
            key = unify_collision_chars(name)
            if unified.get(key) == name:
                del unified[key]
        return self._replace(topics=topics, topic_names=names, unified_names=unified)

    def with_topic_config(self, name: str, config: Mapping[str, str]) -> ClusterImage:
        """With this as the whole configuration of the topic."""
        topics = {**self.topics, name: self.topics[name]._replace(config=config)}
        return self._replace(topics=topics)

    def with_config(self, entity: str, config: Mapping[str, str]) -> ClusterImage:
        """With this as the whole configuration of the entity; an empty one is dropped."""
        configs = dict(self.configs)
        configs.pop(entity, None)
        if config:
            configs[entity] = config
        return self._replace(configs=configs)

    def with_broker(self, broker: BrokerImage) -> ClusterImage:
        return self._replace(brokers=dict(sorted({**self.brokers, broker.id: broker}.items())))

    def without_broker(self, broker_id: int) -> ClusterImage:
        return self._replace(brokers={key: value for key, value in self.brokers.items() if key != broker_id})

    def with_controller(self, controller_id: int, controller_epoch: int) -> ClusterImage:
        return self._replace(controller_id=controller_id, controller_epoch=controller_epoch)
