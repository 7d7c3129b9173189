"""Reading the whole cluster out of the store, and setting right what stands there unfinished.

A controller that takes over finds what others left behind: a topic that an old tool wrote without an id, partitions without
a state (their creation was cut off, or a tool added them), a deletion that was begun, partitions whose leader is gone, or
came back after it died. All of it is decided from what was read, and written as the controller's own changes.

A topic that cannot be read ends the start: leaving it out would look like its deletion, and its logs would go.

Kafka counterpart: KafkaController.onControllerFailover.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from pykbroker.core.cluster import znodes
from pykbroker.core.cluster.image import ClusterImage, PartitionImage, TopicImage
from pykbroker.core.controller.election import NOBODY, elect_leaders
from zk.errors import NoNode
from zk.operations import Create, Delete, SetData, Step
from zk.store import Store

CONFIGURED = ("brokers", "groups")  # kinds of entity, besides topics, whose configuration the image holds


class Loaded:
    """What stands in the store. repairs: what the controller has to write so that the store says the same as the image."""

    def __init__(self, image: ClusterImage) -> None:
        self.image = image
        self.repairs: list[Step] = []


async def load(
    store: Store,
    image: ClusterImage,
    new_id: Callable[[], bytes],
    unclean: Callable[[TopicImage], bool],
    returned: frozenset[int] = NOBODY,
) -> Loaded:
    """The image with all brokers, topics and configurations; who the controller is it knows already.

    new_id: draws a topic id. unclean: whether a topic may be led by a replica outside its ISR. returned: brokers that died
    since, and live again.

    Raises: znodes.MalformedZnode.
    """
    for name in await children(store, znodes.BROKER_IDS):
        data, stat = await store.get(znodes.broker_path(int(name)))
        image = image.with_broker(znodes.parse_broker(int(name), data, stat.czxid))
    loaded = Loaded(image)
    doomed = set(await children(store, znodes.DELETE_TOPICS))
    topics = []
    for name in await children(store, znodes.BROKER_TOPICS):
        if name in doomed:
            loaded.repairs += await removal(store, name)
        else:
            topics.append(await _topic(store, name, loaded, new_id, unclean, returned))
    loaded.repairs += [Delete(znodes.delete_topic_path(name)) for name in sorted(doomed)]
    loaded.image = loaded.image.with_topics(topics)
    for kind in CONFIGURED:
        for name in await children(store, znodes.config_path(kind)):
            path = znodes.config_path(f"{kind}/{name}")
            data, _ = await store.get(path)
            loaded.image = loaded.image.with_config(f"{kind}/{name}", znodes.parse_config(path, data))
    return loaded


async def _topic(
    store: Store,
    name: str,
    loaded: Loaded,
    new_id: Callable[[], bytes],
    unclean: Callable[[TopicImage], bool],
    returned: frozenset[int],
) -> TopicImage:
    data, _ = await store.get(znodes.topic_path(name))
    assignment = znodes.parse_topic(name, data)
    live = frozenset(loaded.image.brokers)
    epoch = loaded.image.controller_epoch
    partitions: list[PartitionImage] = []
    missing: list[PartitionImage] = []
    for index in range(len(assignment.replicas)):
        try:
            data, stat = await store.get(znodes.state_path(name, index))
            partitions.append(znodes.parse_state(name, index, data, stat.version, assignment))
        except NoNode:
            missing.append(
                znodes.new_partition(index, assignment.replicas[index], live)._replace(
                    adding=assignment.adding.get(index, ()),
                    removing=assignment.removing.get(index, ()),
                )
            )
            partitions.append(missing[-1])
    topic = TopicImage(name, assignment.topic_id or new_id(), tuple(partitions), await _config(store, name))
    elected: list[PartitionImage] = []
    if any(each.leader not in live or each.leader in returned for each in partitions):
        topic, elected = elect_leaders(topic, live, unclean(topic), returned)
    if assignment.topic_id is None or assignment.version < 3:
        loaded.repairs.append(
            SetData(znodes.topic_path(name), znodes.format_topic(topic.topic_id, partitions))
        )
    if missing:
        loaded.repairs += await state_creations(store, name, missing, epoch)
    for each in elected:  # behind the creation of a missing one
        data = znodes.format_state(each, epoch)
        loaded.repairs.append(SetData(znodes.state_path(name, each.index), data, each.partition_epoch - 1))
    return topic


async def _config(store: Store, topic: str) -> dict[str, str]:
    path = znodes.topic_config_path(topic)
    try:
        data, _ = await store.get(path)
    except NoNode:
        return {}
    return znodes.parse_config(path, data)


async def children(store: Store, path: str) -> list[str]:
    """The names below a path in their order; none if it is not there."""
    try:
        names, _ = await store.children(path)
    except NoNode:
        return []
    return sorted(names)


async def state_creations(
    store: Store, topic: str, partitions: Iterable[PartitionImage], controller_epoch: int
) -> list[Step]:
    """The creates of these partitions' states, as far as they and what is above them are not there."""
    above = znodes.partitions_path(topic)
    there = set(await children(store, above))
    steps: list[Step] = [] if await store.exists(above) else [Create(above)]
    for each in partitions:
        if str(each.index) not in there:
            steps.append(Create(znodes.partition_path(topic, each.index)))
        state = znodes.format_state(each, controller_epoch)
        steps.append(Create(znodes.state_path(topic, each.index), state))
    return steps


async def removal(store: Store, topic: str) -> list[Step]:
    """The deletes of all znodes of a topic, from the leaves up."""
    steps: list[Step] = []
    above = znodes.partitions_path(topic)
    for index in await children(store, above):
        path = f"{above}/{index}"
        steps += [Delete(f"{path}/{leaf}") for leaf in await children(store, path)]
        steps.append(Delete(path))
    if await store.exists(above):
        steps.append(Delete(above))
    steps.append(Delete(znodes.topic_path(topic)))
    if await store.exists(znodes.topic_config_path(topic)):
        steps.append(Delete(znodes.topic_config_path(topic)))
    return steps
