"""Which brokers hold which partition, as Kafka spreads them (AdminUtils.assignReplicasToBrokers).

First replicas go round the brokers, from a start that the caller draws at random, so that leaders spread also over topics
with few partitions. The other replicas follow at a shift that grows by one each time that the round is complete, so that
the load of a dead broker falls on all others. With racks the round alternates between them, and a rack gets a second
replica only when every rack has one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pykbroker.errors import ApiError
from wire.errors import ErrorCode

Replicas = tuple[int, ...]


def assign_replicas(
    brokers: Mapping[int, str | None],
    partitions: int,
    replication_factor: int,
    *,
    start: int,
    shift: int,
    first_partition: int = 0,
) -> list[Replicas]:
    """Replicas of `partitions` partitions, numbered from first_partition on.

    brokers: rack (or None) by id of each live broker. start, shift: drawn from range(len(brokers)).

    Raises: INVALID_PARTITIONS, INVALID_REPLICATION_FACTOR.
    """
    if partitions <= 0:
        raise ApiError(ErrorCode.INVALID_PARTITIONS, "Number of partitions must be larger than 0.")
    if replication_factor <= 0:
        raise ApiError(ErrorCode.INVALID_REPLICATION_FACTOR, "Replication factor must be larger than 0.")
    if replication_factor > len(brokers):
        raise ApiError(
            ErrorCode.INVALID_REPLICATION_FACTOR,
            f"Unable to replicate the partition {replication_factor} time(s): only {len(brokers)} broker(s) are registered."
            f" Ask for at most that many replicas, or -1 for the default.",
        )
    racks = {rack for rack in brokers.values() if rack is not None}
    if racks and None not in brokers.values():
        order = rack_alternated(brokers)
        step = len(racks)
    else:  # a broker without a rack makes racks useless: then all are treated alike
        brokers = dict.fromkeys(brokers)
        order = sorted(brokers)
        step = 1
    result = []
    for partition in range(first_partition, first_partition + partitions):
        if partition > 0 and partition % len(order) == 0:
            shift += 1
        first = (partition + start) % len(order)
        result.append(_replicas(order, brokers, first, shift * step, replication_factor))
    return result


def _replicas(
    order: Sequence[int], racks: Mapping[int, str | None], first: int, shift: int, count: int
) -> Replicas:
    chosen = [order[first]]
    seen_racks = {racks[order[first]]}
    all_racks = set(racks.values())
    place = 0
    while len(chosen) < count:
        step = 1 + (shift + place) % (len(order) - 1)
        place += 1
        broker = order[(first + step) % len(order)]
        rack = racks[broker]
        if broker not in chosen and (rack not in seen_racks or seen_racks == all_racks):
            chosen.append(broker)
            seen_racks.add(rack)
    return tuple(chosen)


def rack_alternated(brokers: Mapping[int, str | None]) -> list[int]:
    """Broker ids so that neighbours stand in different racks: {0: "a", 1: "a", 2: "b"} gives 0, 2, 1."""
    by_rack: dict[str, list[int]] = {}
    for broker in sorted(brokers):
        by_rack.setdefault(brokers[broker] or "", []).append(broker)
    order: list[int] = []
    queues = [by_rack[rack] for rack in sorted(by_rack)]
    for round_number in range(max(map(len, queues))):
        order.extend(queue[round_number] for queue in queues if round_number < len(queue))
    return order
