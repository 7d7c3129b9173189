"""Replicas are spread as Kafka spreads them; the expected tables are those of its own documentation of the algorithm."""

from __future__ import annotations

from collections import Counter

import pytest

from pykbroker.core.controller.assignment import assign_replicas, rack_alternated
from pykbroker.errors import ApiError
from wire.errors import ErrorCode

FIVE = dict.fromkeys(range(5))


def test_kafkas_table_for_five_brokers_ten_partitions_three_replicas() -> None:
    assert assign_replicas(FIVE, 10, 3, start=0, shift=0) == [
        (0, 1, 2), (1, 2, 3), (2, 3, 4), (3, 4, 0), (4, 0, 1),
        (0, 2, 3), (1, 3, 4), (2, 4, 0), (3, 0, 1), (4, 1, 2),
    ]  # fmt: skip


def test_kafkas_table_with_racks() -> None:
    racks = {0: "rack1", 1: "rack3", 2: "rack3", 3: "rack2", 4: "rack2", 5: "rack1"}
    assert rack_alternated(racks) == [0, 3, 1, 5, 4, 2]
    assert assign_replicas(racks, 7, 3, start=0, shift=0) == [
        (0, 3, 1), (3, 1, 5), (1, 5, 4), (5, 4, 2), (4, 2, 0), (2, 0, 3), (0, 4, 2),
    ]  # fmt: skip


def test_every_rack_has_one_before_any_has_two() -> None:
    racks = {broker: "abc"[broker % 3] for broker in range(6)}
    for replicas in assign_replicas(racks, 30, 3, start=2, shift=1):
        assert len({racks[broker] for broker in replicas}) == 3
    for replicas in assign_replicas(racks, 30, 5, start=1, shift=4):
        assert len(set(replicas)) == 5


def test_a_broker_without_a_rack_makes_all_equal() -> None:
    mixed = {0: "a", 1: None, 2: "a"}
    assert assign_replicas(mixed, 3, 2, start=0, shift=0) == [(0, 1), (1, 2), (2, 0)]


@pytest.mark.parametrize("brokers", [1, 2, 3, 7])
@pytest.mark.parametrize("factor", [1, 2, 3, 7])
def test_leaders_and_replicas_are_even(brokers: int, factor: int) -> None:
    if factor > brokers:
        with pytest.raises(ApiError) as refused:
            assign_replicas(dict.fromkeys(range(brokers)), 1, factor, start=0, shift=0)
        assert refused.value.code is ErrorCode.INVALID_REPLICATION_FACTOR
        return
    assigned = assign_replicas(dict.fromkeys(range(brokers)), brokers * 4, factor, start=brokers - 1, shift=0)
    assert set(Counter(replicas[0] for replicas in assigned).values()) == {4}
    assert set(Counter(broker for replicas in assigned for broker in replicas).values()) == {4 * factor}
    assert all(len(set(replicas)) == factor for replicas in assigned)


def test_added_partitions_go_on_where_the_round_stopped() -> None:
    whole = assign_replicas(FIVE, 10, 3, start=0, shift=0)
    added = assign_replicas(FIVE, 6, 3, start=0, shift=0, first_partition=4)
    assert added[0] == whole[4]


@pytest.mark.parametrize(
    ("partitions", "factor", "code"),
    [(0, 1, ErrorCode.INVALID_PARTITIONS), (1, 0, ErrorCode.INVALID_REPLICATION_FACTOR)],
)
def test_nothing_is_not_a_number_of_replicas(partitions: int, factor: int, code: ErrorCode) -> None:
    with pytest.raises(ApiError) as refused:
        assign_replicas(FIVE, partitions, factor, start=0, shift=0)
    assert refused.value.code is code
