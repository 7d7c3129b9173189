"""Who leads a partition after the set of live brokers has changed. Kafka counterpart: PartitionLeaderElectionAlgorithms."""

from __future__ import annotations

from pykbroker.core.cluster.image import NO_LEADER, PartitionImage, TopicImage

NOBODY: frozenset[int] = frozenset()


def elect_leader(
    partition: PartitionImage,
    live: frozenset[int],
    unclean: bool = False,
    returned: frozenset[int] = NOBODY,
) -> PartitionImage:
    """The partition as it should be with these brokers alive; the same object if nothing changes.

    A live leader stays, unless it has `returned`: it died and lives again, and may have lost what it had not flushed, which
    consumers learn from a new epoch (KIP-320). Otherwise the first live member of the ISR, in the order of the replicas,
    leads and the ISR is cut down to its live members. With none alive there is no leader, and the ISR stays as it was: only
    its members are known to have everything. `unclean` (unclean.leader.election.enable) then takes any live replica, and
    data may be lost.
    """
    if partition.leader in live and partition.leader not in returned:
        return partition
    isr = tuple(each for each in partition.isr if each in live)
    leader = next((each for each in partition.replicas if each in isr), NO_LEADER)
    recovery = partition.leader_recovery_state
    if leader == NO_LEADER and unclean:
        leader = next((each for each in partition.replicas if each in live), NO_LEADER)
        isr = (leader,)
        recovery = 1
    if leader == NO_LEADER:
        if partition.leader == NO_LEADER:
            return partition
        isr, recovery = partition.isr, partition.leader_recovery_state
    return partition._replace(
        leader=leader,
        leader_epoch=partition.leader_epoch + 1,
        isr=isr,
        partition_epoch=partition.partition_epoch + 1,
        leader_recovery_state=recovery,
    )


def elect_leaders(
    topic: TopicImage,
    live: frozenset[int],
    unclean: bool = False,
    returned: frozenset[int] = NOBODY,
) -> tuple[TopicImage, list[PartitionImage]]:
    """The topic with all its partitions led as far as possible, and those that changed."""
    partitions = tuple(elect_leader(each, live, unclean, returned) for each in topic.partitions)
    changed = [new for old, new in zip(topic.partitions, partitions, strict=True) if new is not old]
    return (topic._replace(partitions=partitions), changed) if changed else (topic, changed)
