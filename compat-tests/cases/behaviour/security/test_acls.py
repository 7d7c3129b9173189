"""DescribeAcls, CreateAcls, DeleteAcls: filters, patterns, refusals. Every ACL is of a fresh principal or resource."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest

from conformance import AUTHORIZER, Closed, Kafka, case, eventually
from conformance.acls import (
    ALLOW,
    ANY,
    APIS,
    CLUSTER,
    DENY,
    DESCRIBE,
    GROUPS,
    LITERAL,
    MATCH,
    PREFIXED,
    READ,
    THE_CLUSTER,
    TOKENS,
    TOPICS,
    TRANSACTIONS,
    USERS,
    WRITE,
    acl,
    acl_filter,
    found_acls,
    with_acls,
)
from wire.errors import ErrorCode
from wire.messages.create_acls import CreateAclsRequest
from wire.messages.delete_acls import DeleteAclsFilter, DeleteAclsRequest
from wire.messages.describe_acls import DescribeAclsRequest

FEATURE = "ACLs"
FILTERS = "KIP-290; ResourcePatternFilter"
WHY = "KIP-140, KIP-290; StandardAuthorizer"
NEEDS = (AUTHORIZER,)

describing = partial(case, DescribeAclsRequest, feature=FEATURE, needs=NEEDS)
creating = partial(case, CreateAclsRequest, feature=FEATURE, needs=NEEDS)
deleting = partial(case, DeleteAclsRequest, feature=FEATURE, needs=NEEDS)


class Family:
    """Three ACLs of one principal: read a topic, write to all topics with that prefix, read a topic with a longer name."""

    def __init__(self, kafka: Kafka) -> None:
        self.kafka = kafka
        self.name = kafka.name("topic")
        self.principal = f"User:{kafka.name('user')}"
        self.literal = (TOPICS, self.name, LITERAL, self.principal, "*", READ, ALLOW)
        self.prefixed = (TOPICS, self.name, PREFIXED, self.principal, "*", WRITE, ALLOW)
        self.longer = (TOPICS, self.name + "x", LITERAL, self.principal, "192.0.2.1", READ, DENY)

    def rows(self) -> list[Any]:
        return [
            acl(principal, operation, kind, name, pattern=pattern, permission=permission, host=host)
            for kind, name, pattern, principal, host, operation, permission in (
                self.literal, self.prefixed, self.longer,
            )
        ]  # fmt: skip

    def find(self, **given: Any) -> set[tuple[Any, ...]]:
        return found_acls(self.kafka, **{"principal_filter": self.principal, **given})


@pytest.fixture
def family(kafka: Kafka) -> Iterator[Family]:
    made = Family(kafka)
    with with_acls(kafka, *made.rows()):
        yield made


def create(kafka: Kafka, *rows: Any) -> list[int]:
    return [result.error_code for result in kafka.ask(CreateAclsRequest(creations=list(rows))).results]


def delete(kafka: Kafka, **given: Any) -> Any:
    (result,) = kafka.ask(DeleteAclsRequest(filters=[acl_filter(DeleteAclsFilter, **given)])).filter_results
    return result


# --- describe


@describing(versions="1+", why=WHY, also=APIS)
def test_all_of_a_principal(family: Family) -> None:
    """A filter with null and ANY for all but the principal finds what it has."""
    assert family.find() == {family.literal, family.prefixed, family.longer}


@describing(versions="1+", why=FILTERS, also=APIS)
def test_literal_filter(family: Family) -> None:
    """A literal filter finds literal ACLs of just that name."""
    found = family.find(resource_name_filter=family.name, pattern_type_filter=LITERAL)
    assert found == {family.literal}


@describing(versions="1+", why=FILTERS, also=APIS)
def test_prefixed_filter(family: Family) -> None:
    """A prefixed filter finds prefixed ACLs of just that name, not those of which it is a part."""
    assert family.find(resource_name_filter=family.name, pattern_type_filter=PREFIXED) == {family.prefixed}
    assert family.find(resource_name_filter=family.name[:-1], pattern_type_filter=PREFIXED) == set()


@describing(versions="1+", why=FILTERS, also=APIS)
def test_any_filter(family: Family) -> None:
    """A filter for any pattern finds ACLs of just that name, literal and prefixed."""
    found = family.find(resource_name_filter=family.name, pattern_type_filter=ANY)
    assert found == {family.literal, family.prefixed}


@describing(versions="1+", why=FILTERS, also=APIS)
def test_match_filter(family: Family) -> None:
    """A MATCH filter finds all that bears on a resource: literal ACLs of that name, and prefixes of it."""
    found = family.find(resource_name_filter=family.name + "x", pattern_type_filter=MATCH)
    assert found == {family.prefixed, family.longer}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"operation": WRITE}, ["prefixed"]),
        ({"operation": DESCRIBE}, []),
        ({"permission_type": DENY}, ["longer"]),
        ({"permission_type": ALLOW}, ["literal", "prefixed"]),
        ({"host_filter": "*"}, ["literal", "prefixed"]),
        ({"host_filter": "192.0.2.1"}, ["longer"]),
        ({"host_filter": "192.0.2.2"}, []),
        ({"resource_type_filter": TOPICS}, ["literal", "prefixed", "longer"]),
        ({"resource_type_filter": GROUPS}, []),
        ({"principal_filter": "User:nobody"}, []),
    ],
    ids=str,
)
@describing(versions="1+", why="KIP-140; AccessControlEntryFilter", also=APIS)
def test_parts_of_a_filter(family: Family, given: dict[str, Any], expected: list[str]) -> None:
    """Each part of a filter matches exactly: '*' is a host like another, and WRITE does not stand for DESCRIBE."""
    assert family.find(**given) == {getattr(family, name) for name in expected}


@pytest.mark.parametrize(
    "given", [{"operation": 99}, {"pattern_type_filter": 9}, {"resource_type_filter": 99}], ids=str
)
@describing(versions="latest", why=WHY, also=APIS)
def test_unheard_of(family: Family, given: dict[str, int]) -> None:
    """A number that no enumeration has finds nothing."""
    assert family.find(**given) == set()


@pytest.mark.parametrize(
    "given",
    [{"operation": 0}, {"pattern_type_filter": 0}, {"resource_type_filter": 0}, {"permission_type": 0}],
    ids=str,
)
@describing(versions="latest", why="DescribeAclsRequest.normalizeAndValidate")
def test_unknown(kafka: Kafka, given: dict[str, int]) -> None:
    """0, which is UNKNOWN, ends the connection."""
    connection = kafka.connection()
    with pytest.raises(Closed):
        connection.ask(acl_filter(DescribeAclsRequest, **given))


# --- create


@creating(versions="1+", why=WHY, also=APIS)
def test_create_twice(kafka: Kafka) -> None:
    """Creating an ACL that is there is no error, and it is there once."""
    principal, topic = f"User:{kafka.name('user')}", kafka.name("topic")
    row = acl(principal, READ, TOPICS, topic)
    assert create(kafka, row, row) == [0, 0]
    assert create(kafka, row) == [0]
    answer = kafka.ask(acl_filter(DescribeAclsRequest, principal_filter=principal))
    eventually(lambda: len(found_acls(kafka, principal_filter=principal)) == 1)
    delete(kafka, principal_filter=principal)
    assert answer.error_code == 0


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        (GROUPS, "any name at all"),
        (TRANSACTIONS, "t"),
        (TOKENS, "id"),
        (USERS, "User:someone"),
        (TOPICS, "not a topic"),
    ],
    ids=str,
)
@creating(versions="latest", why=WHY, also=APIS)
def test_kinds(kafka: Kafka, kind: int, name: str) -> None:
    """There are ACLs of groups, transactional ids, tokens, users and topics; the name is not judged."""
    principal = f"User:{kafka.name('user')}"
    with with_acls(kafka, acl(principal, DESCRIBE, kind, f"{kafka.name('x')}{name}")):
        ((found, *_),) = found_acls(kafka, principal_filter=principal)
        assert found == kind


@pytest.mark.parametrize("principal", ["User:a b", "Group:x", "User:CN=a,O=b", "User:*", "Robot:"], ids=str)
@creating(versions="latest", why="SecurityUtils.parseKafkaPrincipal", also=APIS)
def test_principals(kafka: Kafka, principal: str) -> None:
    """Any type and name make a principal, with a colon between."""
    topic = kafka.name("topic")
    assert create(kafka, acl(principal, READ, TOPICS, topic)) == [0]
    found = eventually(lambda: found_acls(kafka, resource_name_filter=topic))
    assert [each[3] for each in found] == [principal]
    delete(kafka, resource_name_filter=topic)


@pytest.mark.parametrize(
    ("kind", "name", "pattern"),
    [(TOPICS, "", LITERAL), (CLUSTER, "another", LITERAL), (CLUSTER, THE_CLUSTER[:5], PREFIXED)],
    ids=str,
)
@creating(versions="1+", why="AclApis.handleCreateAcls")
def test_invalid_resource(kafka: Kafka, kind: int, name: str, pattern: int) -> None:
    """An empty name, and a cluster that is not called kafka-cluster, answer INVALID_REQUEST."""
    row = acl(f"User:{kafka.name('user')}", READ, kind, name, pattern=pattern)
    assert create(kafka, row) == [ErrorCode.INVALID_REQUEST]


@pytest.mark.parametrize("principal", ["", "alice"])
@creating(versions="latest", why="AclControlManager.validateNewAcl", line="4.x")
def test_invalid_principal(kafka: Kafka, principal: str) -> None:
    """A principal without a colon answers INVALID_REQUEST."""
    assert create(kafka, acl(principal, READ, TOPICS, kafka.name("topic"))) == [ErrorCode.INVALID_REQUEST]


@creating(versions="latest", why="AclControlManager.validateNewAcl")
def test_unheard_of_operation(kafka: Kafka) -> None:
    """An operation that is not known answers INVALID_REQUEST."""
    row = acl(f"User:{kafka.name('user')}", 99, TOPICS, kafka.name("topic"))
    assert create(kafka, row) == [ErrorCode.INVALID_REQUEST]


@pytest.mark.parametrize("field", ["resource_type", "operation", "permission_type", "resource_pattern_type"])
@creating(versions="latest", why="CreateAclsRequest.validate")
def test_create_unknown(kafka: Kafka, field: str) -> None:
    """0, which is UNKNOWN, ends the connection."""
    row = acl(f"User:{kafka.name('user')}", READ, TOPICS, kafka.name("topic"))
    setattr(row, field, 0)
    connection = kafka.connection()
    with pytest.raises(Closed):
        connection.ask(CreateAclsRequest(creations=[row]))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("resource_type", ANY),
        ("operation", ANY),
        ("permission_type", ANY),
        ("resource_pattern_type", ANY),
        ("resource_pattern_type", MATCH),
    ],
)
@creating(versions="latest", why="AclBinding; KafkaApis.handleError")
def test_create_from_a_filter(kafka: Kafka, field: str, value: int) -> None:
    """ANY and MATCH are for filters: the request fails as a whole, with the same error for each row."""
    good = acl(f"User:{kafka.name('user')}", READ, TOPICS, kafka.name("topic"))
    bad = acl(f"User:{kafka.name('user')}", READ, TOPICS, kafka.name("topic"))
    setattr(bad, field, value)
    codes = create(kafka, bad, good)
    assert len(codes) == 2
    assert codes[0] == codes[1] != 0


@creating(versions="1+", why=WHY, also=APIS)
def test_each_stands_for_itself(kafka: Kafka) -> None:
    """A bad row does not hinder the good ones, and the order of the answer is that of the request."""
    principal = f"User:{kafka.name('user')}"
    good, bad = acl(principal, READ, TOPICS, kafka.name("topic")), acl(principal, READ, TOPICS, "")
    assert create(kafka, bad, good, bad) == [ErrorCode.INVALID_REQUEST, 0, ErrorCode.INVALID_REQUEST]
    delete(kafka, principal_filter=principal)


@creating(why=WHY)
def test_create_none(kafka: Kafka) -> None:
    """A request about nothing is answered about nothing."""
    assert create(kafka) == []


# --- delete


@deleting(versions="1+", why=WHY, also=APIS)
def test_delete(kafka: Kafka, family: Family) -> None:
    """A filter deletes what it finds, and the answer has each of them; the others stay."""
    result = delete(kafka, principal_filter=family.principal, operation=READ)
    assert result.error_code == 0
    gone = {
        (
            each.resource_type, each.resource_name, each.pattern_type,
            each.principal, each.host, each.operation, each.permission_type,
        )
        for each in result.matching_acls
    }  # fmt: skip
    assert gone == {family.literal, family.longer}
    assert {each.error_code for each in result.matching_acls} == {0}
    eventually(lambda: family.find() == {family.prefixed})


@deleting(versions="1+", why=WHY, also=APIS)
def test_delete_nothing(kafka: Kafka) -> None:
    """A filter that finds nothing is no error."""
    result = delete(kafka, principal_filter=f"User:{kafka.name('user')}")
    assert (result.error_code, list(result.matching_acls)) == (0, [])


@deleting(versions="1+", why=WHY, also=APIS)
def test_delete_by_match(kafka: Kafka, family: Family) -> None:
    """A MATCH filter deletes prefixed ACLs too, which bear on more than the resource named."""
    result = delete(
        kafka,
        principal_filter=family.principal,
        resource_name_filter=family.name + "x",
        pattern_type_filter=MATCH,
    )
    assert {(each.resource_name, each.pattern_type) for each in result.matching_acls} == {
        (family.name, PREFIXED),
        (family.name + "x", LITERAL),
    }


@deleting(versions="1+", why=WHY, also=APIS)
def test_delete_by_several(kafka: Kafka, family: Family) -> None:
    """Several filters are answered one by one, in order."""
    filters = [
        acl_filter(DeleteAclsFilter, principal_filter=family.principal, operation=operation)
        for operation in (WRITE, DESCRIBE, READ)
    ]
    results = kafka.ask(DeleteAclsRequest(filters=filters)).filter_results
    assert [len(result.matching_acls) for result in results] == [1, 0, 2]


@deleting(why=WHY)
def test_delete_by_no_filter(kafka: Kafka) -> None:
    """A request about nothing is answered about nothing."""
    assert list(kafka.ask(DeleteAclsRequest(filters=[])).filter_results) == []


# --- versions before patterns


@describing(versions="0", why="KIP-290", also=APIS)
def test_version_0(family: Family) -> None:
    """Version 0 knows literal ACLs alone."""
    assert family.find(pattern_type_filter=LITERAL) == {family.literal, family.longer}
