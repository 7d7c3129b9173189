"""Deciding on new topics and new partitions: what is refused and why, and what the topic will be.

Pure: the image says what there is, randomness comes in as `draw`, the check of configurations as a function. The order of
the rules is that of Kafka's controller (ReplicationControlManager), so that a request that is wrong in two ways gets the
same code there and here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from pykbroker.core.cluster.image import NOTHING, ClusterImage, PartitionImage, TopicImage
from pykbroker.core.cluster.topics import CLUSTER_METADATA_TOPIC, invalid_topic_name
from pykbroker.core.cluster.znodes import new_partition
from pykbroker.core.controller.assignment import Replicas, assign_replicas
from pykbroker.errors import ApiError
from wire.errors import ErrorCode

USE_DEFAULT = -1

# Each partition costs files and memory on every replica, and a request of a few bytes may ask for two billion: Kafka 4 has
# the same limit on the new partitions of one request, and the same code for it.
MAX_NEW_PARTITIONS_PER_REQUEST = 10_000


class NewTopic(NamedTuple):
    """A topic as asked for. partitions, replication_factor: -1 for the broker's default (KIP-464).

    assignments: (partition, broker ids) as sent, empty to let the controller choose. config: as sent, None is a null value.
    """

    name: str
    partitions: int = USE_DEFAULT
    replication_factor: int = USE_DEFAULT
    assignments: Sequence[tuple[int, Replicas]] = ()
    config: Mapping[str, str | None] = NOTHING


class NewPartitions(NamedTuple):
    """More partitions as asked for. count: how many there shall be in all.

    assignments: broker ids for each added partition; None to let the controller choose.
    """

    name: str
    count: int  # type: ignore[assignment]  # hides tuple.count, which nobody wants here
    assignments: Sequence[Replicas] | None = None


class Defaults(NamedTuple):
    """What -1 stands for: num.partitions and default.replication.factor."""

    partitions: int
    replication_factor: int

    def asked(self, topic: NewTopic) -> int:
        """How many partitions the topic asks for."""
        if topic.assignments:
            return len(topic.assignments)
        return self.partitions if topic.partitions == USE_DEFAULT else max(topic.partitions, 0)


CheckConfig = Callable[
    [Mapping[str, str | None]], dict[str, str]
]  # what is stored; raises ApiError INVALID_CONFIG
Draw = Callable[[int], int]  # a random number below its argument


def plan_topic(
    image: ClusterImage, topic: NewTopic, defaults: Defaults, topic_id: bytes, draw: Draw, check: CheckConfig
) -> TopicImage:
    """The topic that is to be created.

    Raises: INVALID_TOPIC_EXCEPTION, TOPIC_ALREADY_EXISTS, INVALID_CONFIG, INVALID_REQUEST, INVALID_PARTITIONS,
    INVALID_REPLICATION_FACTOR, INVALID_REPLICA_ASSIGNMENT.
    """
    check_name(image, topic.name)
    config = check(topic.config)
    if topic.assignments:
        replicas = _manual_replicas(image, topic)
    else:
        replicas = _chosen_replicas(image, topic, defaults, draw)
    live = image.brokers.keys()
    partitions = tuple(new_partition(index, each, live) for index, each in enumerate(replicas))
    return TopicImage(topic.name, topic_id, partitions, config)


def check_name(image: ClusterImage, name: str) -> None:
    """Raises: INVALID_TOPIC_EXCEPTION, INVALID_REQUEST, TOPIC_ALREADY_EXISTS."""
    invalid = invalid_topic_name(name)
    if invalid is not None:
        raise ApiError(ErrorCode.INVALID_TOPIC_EXCEPTION, invalid)
    if name == CLUSTER_METADATA_TOPIC:
        raise ApiError(ErrorCode.INVALID_REQUEST, f"Creation of internal topic {name} is prohibited.")
    if name in image.topics:
        raise ApiError(ErrorCode.TOPIC_ALREADY_EXISTS, f"Topic '{name}' already exists.")
    other = image.colliding_topic(name)
    if other is not None:
        raise ApiError(
            ErrorCode.INVALID_TOPIC_EXCEPTION,
            f"Topic '{name}' collides with existing topic: {other}. '.' and '_' are the same in metric names: choose a name"
            " that differs in more than these.",
        )


def _chosen_replicas(image: ClusterImage, topic: NewTopic, defaults: Defaults, draw: Draw) -> list[Replicas]:
    factor, count = topic.replication_factor, topic.partitions
    if factor != USE_DEFAULT and factor <= 0:
        raise ApiError(
            ErrorCode.INVALID_REPLICATION_FACTOR,
            "Replication factor must be larger than 0, or -1 to use the default value.",
        )
    if count != USE_DEFAULT and count <= 0:
        raise ApiError(
            ErrorCode.INVALID_PARTITIONS,
            "Number of partitions was set to an invalid non-positive value. Ask for 1 or more, or -1 for the default.",
        )
    racks = {broker.id: broker.rack for broker in image.brokers.values()}
    return assign_replicas(
        racks,
        defaults.partitions if count == USE_DEFAULT else count,
        defaults.replication_factor if factor == USE_DEFAULT else factor,
        start=draw(len(racks)) if racks else 0,
        shift=draw(len(racks)) if racks else 0,
    )


def _manual_replicas(image: ClusterImage, topic: NewTopic) -> list[Replicas]:
    for value, name in (
        (topic.replication_factor, "replication factor"),
        (topic.partitions, "numPartitions"),
    ):
        if value != USE_DEFAULT:
            raise ApiError(
                ErrorCode.INVALID_REQUEST,
                f"A manual partition assignment was specified, but {name} was not set to -1.",
            )
    by_index: dict[int, Replicas] = {}
    factor: int | None = None
    for index, replicas in topic.assignments:
        if index in by_index:
            raise _bad_assignment(f"Found multiple manual partition assignments for partition {index}")
        check_assignment(image, replicas, factor)
        factor = len(replicas)
        by_index[index] = replicas
    if any(index not in by_index for index in range(len(by_index))):
        raise _bad_assignment("partitions should be a consecutive 0-based integer sequence")
    return [by_index[index] for index in range(len(by_index))]


def check_assignment(image: ClusterImage, replicas: Replicas, replication_factor: int | None) -> None:
    """Raises: INVALID_REPLICA_ASSIGNMENT."""
    if not replicas:
        raise _bad_assignment("The manual partition assignment includes an empty replica list.")
    for position, broker in enumerate(replicas):
        if broker not in image.brokers:
            raise _bad_assignment(
                f"The manual partition assignment includes broker {broker}, but no such broker is registered."
            )
        if broker in replicas[:position]:
            raise _bad_assignment(
                f"The manual partition assignment includes the broker {broker} more than once."
            )
    if replication_factor is not None and len(replicas) != replication_factor:
        raise _bad_assignment(
            f"The manual partition assignment includes a partition with {len(replicas)} replica(s), but this is not"
            f" consistent with previous partitions, which have {replication_factor} replica(s)."
        )


def _bad_assignment(message: str) -> ApiError:
    return ApiError(ErrorCode.INVALID_REPLICA_ASSIGNMENT, message)


def plan_partitions(
    image: ClusterImage, wanted: NewPartitions, most: int = MAX_NEW_PARTITIONS_PER_REQUEST
) -> tuple[TopicImage, tuple[PartitionImage, ...]]:
    """The topic as it will be, and the added partitions. most: how many may be added.

    Raises: UNKNOWN_TOPIC_OR_PARTITION, INVALID_PARTITIONS, INVALID_REPLICA_ASSIGNMENT, REASSIGNMENT_IN_PROGRESS,
    POLICY_VIOLATION.
    """
    name, count = wanted.name, wanted.count
    topic = image.topics.get(name)
    if topic is None:
        raise ApiError(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, f"The topic '{name}' does not exist.")
    if any(each.adding or each.removing for each in topic.partitions):
        raise ApiError(
            ErrorCode.REASSIGNMENT_IN_PROGRESS,
            f"A partition reassignment is in progress for the topic '{name}'. Try again when it is done.",
        )
    have = len(topic.partitions)
    if count == have:
        raise ApiError(ErrorCode.INVALID_PARTITIONS, f"Topic already has {have} partition(s).")
    if count < have:
        raise ApiError(
            ErrorCode.INVALID_PARTITIONS,
            f"The topic {name} currently has {have} partition(s); {count} would not be an increase.",
        )
    if count - have > most:
        raise too_many_partitions()
    replicas = _added_replicas(image, topic, count - have, wanted.assignments)
    live = image.brokers.keys()
    added = tuple(new_partition(have + index, each, live) for index, each in enumerate(replicas))
    return topic._replace(partitions=topic.partitions + added), added


def too_many_partitions() -> ApiError:
    return ApiError(
        ErrorCode.POLICY_VIOLATION,
        f"Excessively large number of partitions per request: ask for at most {MAX_NEW_PARTITIONS_PER_REQUEST} new ones"
        " at a time.",
    )


def _added_replicas(
    image: ClusterImage, topic: TopicImage, count: int, assignments: Sequence[Replicas] | None
) -> Sequence[Replicas]:
    factor = len(topic.partitions[0].replicas)
    if assignments is not None:
        if len(assignments) != count:
            raise _bad_assignment(
                f"Attempted to add {count} additional partition(s), but only {len(assignments)} assignment(s) were"
                " specified."
            )
        for replicas in assignments:
            check_assignment(image, replicas, factor)
        return assignments
    ids = sorted(image.brokers)
    first = topic.partitions[0].replicas[0]
    start = next((place for place, broker in enumerate(ids) if broker >= first), 0)
    racks = {broker.id: broker.rack for broker in image.brokers.values()}
    return assign_replicas(
        racks, count, factor, start=start, shift=start, first_partition=len(topic.partitions)
    )
