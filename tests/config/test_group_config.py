"""Group settings (KIP-848, KIP-932, KIP-1071): described with the broker's behind them, and held against its bounds."""

from __future__ import annotations

import pytest

from pykbroker.config.broker import BrokerConfig
from pykbroker.config.described import Source, Synonym
from pykbroker.config.group import checked_group_overrides, describe_group
from pykbroker.errors import ApiError
from wire.errors import ErrorCode

BROKER = BrokerConfig()


def test_describe_lists_all_of_them() -> None:
    rows = {row.name: row for row in describe_group(BROKER, {})}
    assert len(rows) == 17
    assert rows["consumer.session.timeout.ms"].value == "45000"
    assert rows["share.auto.offset.reset"].value == "latest"
    assert {row.source for row in rows.values()} == {Source.DEFAULT}


def test_describe_of_an_override() -> None:
    name = "consumer.session.timeout.ms"
    (row,) = describe_group(BROKER, {name: "50000"}, [name])
    assert (row.value, row.source) == ("50000", Source.GROUP)
    assert row.synonyms == (
        Synonym(name, "50000", Source.GROUP),
        Synonym(f"group.{name}", "45000", Source.DEFAULT),
    )


@pytest.mark.parametrize(
    ("configs", "said"),
    [
        ({"session.timeout.ms": "1"}, "Unknown group config name"),
        ({"consumer.session.timeout.ms": None}, "Null value not supported"),
        ({"consumer.session.timeout.ms": "x"}, "not a whole number"),
        ({"consumer.session.timeout.ms": "1"}, "below group.consumer.min.session.timeout.ms (45000)"),
        ({"consumer.session.timeout.ms": "60001"}, "above group.consumer.max.session.timeout.ms (60000)"),
        ({"share.auto.offset.reset": "never"}, "latest, earliest or by_duration"),
    ],
)
def test_what_is_refused(configs: dict[str, str | None], said: str) -> None:
    with pytest.raises(ApiError) as caught:
        checked_group_overrides(BROKER, configs)
    assert caught.value.code is ErrorCode.INVALID_CONFIG
    assert said in str(caught.value)


def test_a_heartbeat_must_come_before_the_session_ends() -> None:
    broker = BrokerConfig({"group.consumer.max.heartbeat.interval.ms": "100000"})
    with pytest.raises(ApiError, match="must be below"):
        checked_group_overrides(broker, {"consumer.heartbeat.interval.ms": "45000"})
    taken = {"consumer.heartbeat.interval.ms": "44999", "share.isolation.level": "read_committed"}
    assert checked_group_overrides(broker, taken) == taken
