"""DescribeClientQuotas and AlterClientQuotas: entities, filters, refusals. Quotas are of fresh names, or validated alone."""

from __future__ import annotations

from typing import Any

import pytest

from conformance import Kafka, case, eventually, make
from wire.errors import ErrorCode
from wire.messages.alter_client_quotas import AlterClientQuotasRequest
from wire.messages.describe_client_quotas import DescribeClientQuotasRequest

FEATURE = "client quotas"
WHY = "KIP-546; ClientQuotaControlManager"
EXACT, DEFAULT, ANY = range(3)
PRODUCER, CONSUMER, CONNECTIONS = "producer_byte_rate", "consumer_byte_rate", "connection_creation_rate"
ALSO = (AlterClientQuotasRequest, DescribeClientQuotasRequest)
Entity = list[tuple[str, str | None]]
Component = tuple[str, int, str | None]


def change(entity: Entity, *ops: tuple[str, float | None]) -> dict[str, Any]:
    """An entry of a request; a value of None removes."""
    return {
        "entity": [{"entity_type": kind, "entity_name": name} for kind, name in entity],
        "ops": [{"key": key, "value": value or 0.0, "remove": value is None} for key, value in ops],
    }


def alter(kafka: Kafka, *changes: dict[str, Any], validate_only: bool = False) -> list[Any]:
    values = {"entries": list(changes), "validate_only": validate_only}
    rows: list[Any] = kafka.ask(make(AlterClientQuotasRequest, values)).entries
    return rows


def tried(kafka: Kafka, entity: Entity, *ops: tuple[str, float | None]) -> int:
    """The code that a change would get."""
    (row,) = alter(kafka, change(entity, *ops), validate_only=True)
    return int(row.error_code)


def ask(kafka: Kafka, *components: Component, strict: bool = False) -> Any:
    rows = [{"entity_type": kind, "match_type": match, "match": name} for kind, match, name in components]
    return kafka.ask(make(DescribeClientQuotasRequest, {"components": rows, "strict": strict}))


def found(kafka: Kafka, *components: Component, strict: bool = False) -> dict[Any, dict[str, float]]:
    """Entity, as a frozenset of pairs -> its quotas."""
    answer = ask(kafka, *components, strict=strict)
    assert answer.error_code == 0
    return {
        frozenset((each.entity_type, each.entity_name) for each in entry.entity): {
            each.key: each.value for each in entry.values
        }
        for entry in answer.entries
    }


class Limited:
    """A fresh user with quotas: of its own, for any client id that has none, and for the client id `client`."""

    def __init__(self, kafka: Kafka) -> None:
        self.kafka, self.name, self.client = kafka, kafka.name("user"), kafka.name("client")
        self.alone: Entity = [("user", self.name)]
        self.by_default: Entity = [*self.alone, ("client-id", None)]
        self.with_client: Entity = [*self.alone, ("client-id", self.client)]

    def __enter__(self) -> Limited:
        changes = [
            change(self.alone, (PRODUCER, 1000.0)),
            change(self.by_default, (PRODUCER, 2000.0)),
            change(self.with_client, (PRODUCER, 3000.0), (CONSUMER, 4000.0)),
        ]
        assert {row.error_code for row in alter(self.kafka, *changes)} == {0}
        eventually(lambda: len(self.found()) == 3)
        return self

    def found(self) -> dict[Any, dict[str, float]]:
        return found(self.kafka, ("user", EXACT, self.name))

    def __exit__(self, *exc: object) -> None:
        keys = [(PRODUCER, None), (CONSUMER, None)]
        alter(self.kafka, *(change(each, *keys) for each in (self.alone, self.by_default, self.with_client)))


# --- describe


@case(DescribeClientQuotasRequest, feature=FEATURE, why=WHY, also=ALSO)
def test_exact(kafka: Kafka) -> None:
    """An exact filter of a user finds it alone and with each client id, each with its quotas."""
    with Limited(kafka) as user:
        assert user.found() == {
            frozenset(user.alone): {PRODUCER: 1000.0},
            frozenset(user.by_default): {PRODUCER: 2000.0},
            frozenset(user.with_client): {PRODUCER: 3000.0, CONSUMER: 4000.0},
        }


@case(DescribeClientQuotasRequest, feature=FEATURE, why=WHY, also=ALSO)
def test_strict(kafka: Kafka) -> None:
    """A strict filter finds only entities of just the types that it names."""
    with Limited(kafka) as user:
        assert set(found(kafka, ("user", EXACT, user.name), strict=True)) == {frozenset(user.alone)}


@case(DescribeClientQuotasRequest, feature=FEATURE, why=WHY, also=ALSO)
def test_default(kafka: Kafka) -> None:
    """A filter by default finds the entity whose name is null."""
    with Limited(kafka) as user:
        entities = found(kafka, ("user", EXACT, user.name), ("client-id", DEFAULT, None))
        assert set(entities) == {frozenset(user.by_default)}


@case(DescribeClientQuotasRequest, feature=FEATURE, why=WHY, also=ALSO)
def test_any(kafka: Kafka) -> None:
    """A filter for any name finds those with that type, by name or default."""
    with Limited(kafka) as user:
        entities = found(kafka, ("user", EXACT, user.name), ("client-id", ANY, None))
        assert set(entities) == {frozenset(user.by_default), frozenset(user.with_client)}


@case(DescribeClientQuotasRequest, feature=FEATURE, why=WHY, also=ALSO)
def test_several_components(kafka: Kafka) -> None:
    """All components of a filter must match."""
    with Limited(kafka) as user:
        entities = found(kafka, ("user", ANY, None), ("client-id", EXACT, user.client))
        assert set(entities) == {frozenset(user.with_client)}


@case(DescribeClientQuotasRequest, feature=FEATURE, why=WHY, also=ALSO)
def test_no_components(kafka: Kafka) -> None:
    """A filter without components finds all, and if it is strict, none."""
    with Limited(kafka) as user:
        assert frozenset(user.with_client) in found(kafka)
        assert found(kafka, strict=True) == {}


@case(DescribeClientQuotasRequest, feature=FEATURE, why=WHY)
def test_nothing_found(kafka: Kafka) -> None:
    """A filter that nothing matches answers an empty list, and no error."""
    assert list(ask(kafka, ("user", EXACT, kafka.name("user"))).entries) == []


@pytest.mark.parametrize(
    ("components", "code"),
    [
        ([("nope", EXACT, "x")], ErrorCode.UNSUPPORTED_VERSION),
        ([("", EXACT, "x")], ErrorCode.INVALID_REQUEST),
        ([("user", EXACT, "x"), ("user", EXACT, "y")], ErrorCode.INVALID_REQUEST),
        ([("user", ANY, None), ("ip", ANY, None)], ErrorCode.INVALID_REQUEST),
        ([("client-id", ANY, None), ("ip", ANY, None)], ErrorCode.INVALID_REQUEST),
    ],
    ids=["unknown type", "empty type", "type twice", "user and ip", "client-id and ip"],
)
@case(DescribeClientQuotasRequest, feature=FEATURE, why=WHY)
def test_bad_filter(kafka: Kafka, components: list[Component], code: int) -> None:
    """A filter that no entity can match is refused as a whole: there are no entries, not even an empty list."""
    answer = ask(kafka, *components)
    assert (answer.error_code, answer.entries) == (code, None)
    assert answer.error_message


@pytest.mark.parametrize(
    "component",
    [("user", EXACT, None), ("user", DEFAULT, "x"), ("user", ANY, "x"), ("user", 3, "x"), ("user", -1, None)],
    ids=str,
)
@case(DescribeClientQuotasRequest, feature=FEATURE, why="ClientQuotasImage.describe", line="4.x")
def test_bad_match(kafka: Kafka, component: Component) -> None:
    """An exact match without a name, another one with one, and an unknown one answer INVALID_REQUEST."""
    assert ask(kafka, component).error_code == ErrorCode.INVALID_REQUEST


# --- alter


@case(AlterClientQuotasRequest, feature=FEATURE, why=WHY, also=ALSO)
def test_set_and_remove(kafka: Kafka) -> None:
    """One request may set one quota of an entity and remove another; with the last quota the entity goes."""
    with Limited(kafka) as user:
        (row,) = alter(kafka, change(user.with_client, (PRODUCER, None), (CONSUMER, 5.0)))
        assert (row.error_code, row.error_message) == (0, None)
        eventually(lambda: user.found().get(frozenset(user.with_client)) == {CONSUMER: 5.0})
        alter(kafka, change(user.with_client, (CONSUMER, None)))
        eventually(lambda: frozenset(user.with_client) not in user.found())


@case(AlterClientQuotasRequest, feature=FEATURE, why=WHY, also=ALSO)
def test_answer_names_the_entity(kafka: Kafka) -> None:
    """The answer names each entity, null for a default."""
    entity: Entity = [("user", kafka.name("user")), ("client-id", None)]
    (row,) = alter(kafka, change(entity, (PRODUCER, 1.0)), validate_only=True)
    assert {(each.entity_type, each.entity_name) for each in row.entity} == set(entity)


@case(AlterClientQuotasRequest, feature=FEATURE, why=WHY, also=ALSO)
def test_validate_only(kafka: Kafka) -> None:
    """With validate_only nothing is changed."""
    with Limited(kafka) as user:
        assert tried(kafka, user.alone, (PRODUCER, 5.0)) == 0
        alter(kafka, change(user.by_default, (PRODUCER, 6.0)))
        eventually(lambda: user.found()[frozenset(user.by_default)] == {PRODUCER: 6.0})
        assert user.found()[frozenset(user.alone)] == {PRODUCER: 1000.0}


@pytest.mark.parametrize(
    "key", ["producer_byte_rate", "consumer_byte_rate", "request_percentage", "controller_mutation_rate"]
)
@pytest.mark.parametrize("kinds", [("user",), ("client-id",), ("user", "client-id")], ids=str)
@case(AlterClientQuotasRequest, versions="latest", feature=FEATURE, why="QuotaConfig")
def test_quotas_of_users_and_clients(kafka: Kafka, key: str, kinds: tuple[str, ...]) -> None:
    """Users and client ids, alone or together, have byte rates, a request percentage and a mutation rate."""
    assert tried(kafka, [(kind, kafka.name("x")) for kind in kinds], (key, 10.0)) == 0


@case(AlterClientQuotasRequest, feature=FEATURE, why="KIP-612")
def test_quota_of_an_address(kafka: Kafka) -> None:
    """An IP address has a rate of new connections; so has the default of all addresses."""
    assert tried(kafka, [("ip", "192.0.2.7")], (CONNECTIONS, 10.0)) == 0
    assert tried(kafka, [("ip", None)], (CONNECTIONS, 10.0)) == 0


@pytest.mark.parametrize(
    ("entity", "key"),
    [
        ([("user", "x")], "no_such_quota"),
        ([("user", "x")], ""),
        ([("user", "x")], CONNECTIONS),
        ([("client-id", "x")], CONNECTIONS),
        ([("ip", "192.0.2.7")], PRODUCER),
        ([("ip", "not an address")], CONNECTIONS),
        ([("user", "x"), ("ip", "192.0.2.7")], CONNECTIONS),
        ([("client-id", "x"), ("ip", "192.0.2.7")], CONNECTIONS),
        ([("nope", "x")], PRODUCER),
        ([("user", "")], PRODUCER),
        ([("client-id", "")], PRODUCER),
        ([], PRODUCER),
    ],
    ids=str,
)
@case(AlterClientQuotasRequest, versions="latest", feature=FEATURE, why=WHY)
def test_bad_entity_or_key(kafka: Kafka, entity: Entity, key: str) -> None:
    """An entity that cannot be, and a quota that it cannot have, answer INVALID_REQUEST."""
    assert tried(kafka, entity, (key, 10.0)) == ErrorCode.INVALID_REQUEST


@pytest.mark.parametrize(
    ("key", "value", "code"),
    [
        (PRODUCER, 1.5, ErrorCode.INVALID_REQUEST),
        (PRODUCER, -1.0, ErrorCode.INVALID_REQUEST),
        (PRODUCER, 1e300, ErrorCode.INVALID_REQUEST),
        (PRODUCER, 1e15, 0),
        ("request_percentage", 0.5, 0),
        ("request_percentage", 250.0, 0),
        ("controller_mutation_rate", 0.5, 0),
    ],
)
@case(
    AlterClientQuotasRequest, versions="latest", feature=FEATURE, why="QuotaConfig; ClientQuotaControlManager"
)
def test_values(kafka: Kafka, key: str, value: float, code: int) -> None:
    """Byte rates are whole numbers of an int64; percentages and mutation rates may be fractions."""
    assert tried(kafka, [("user", kafka.name("user"))], (key, value)) == code


@case(AlterClientQuotasRequest, feature=FEATURE, why="ClientQuotaControlManager", line="4.x")
def test_zero(kafka: Kafka) -> None:
    """A quota of 0 answers INVALID_REQUEST: it would stop the client for good."""
    assert tried(kafka, [("user", kafka.name("user"))], (PRODUCER, 0.0)) == ErrorCode.INVALID_REQUEST


@pytest.mark.parametrize("key", [PRODUCER, "no_such_quota"])
@case(AlterClientQuotasRequest, feature=FEATURE, why=WHY)
def test_remove_what_is_not_set(kafka: Kafka, key: str) -> None:
    """Removing what is not set, or is no quota at all, is no error."""
    (row,) = alter(kafka, change([("user", kafka.name("user"))], (key, None)))
    assert row.error_code == 0


@case(AlterClientQuotasRequest, feature=FEATURE, why=WHY)
def test_each_stands_for_itself(kafka: Kafka) -> None:
    """A bad entity of a request does not hinder the good ones."""
    good, bad = kafka.name("user"), kafka.name("user")
    rows = alter(
        kafka,
        change([("user", bad)], ("no_such_quota", 1.0)),
        change([("user", good)], (PRODUCER, 1.0)),
        validate_only=True,
    )
    codes = {row.entity[0].entity_name: row.error_code for row in rows}
    assert codes == {bad: ErrorCode.INVALID_REQUEST, good: 0}


@case(AlterClientQuotasRequest, feature=FEATURE, why="ClientQuotaControlManager", line="4.x")
def test_entity_twice(kafka: Kafka) -> None:
    """An entity twice in a request answers INVALID_REQUEST, once."""
    user = kafka.name("user")
    rows = alter(
        kafka, *(change([("user", user)], (PRODUCER, value)) for value in (1.0, 2.0)), validate_only=True
    )
    assert [row.error_code for row in rows] == [ErrorCode.INVALID_REQUEST]


@case(AlterClientQuotasRequest, feature=FEATURE, why=WHY)
def test_none(kafka: Kafka) -> None:
    """A request about no entity is answered about none."""
    assert list(alter(kafka)) == []
