"""Access control lists for cases: rows, filters, and resources that are closed to a user for a while.

The brokers under test let everybody do what no ACL speaks of (`allow.everyone.if.no.acl.found`), and cases run in parallel.
So a case closes a resource of its own by an ACL for somebody else, and asks as a user of --credentials who is no super user.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from conformance.kafka import Kafka, eventually
from wire.messages.create_acls import AclCreation, CreateAclsRequest
from wire.messages.delete_acls import DeleteAclsFilter, DeleteAclsRequest
from wire.messages.describe_acls import DescribeAclsRequest

TOPICS, GROUPS, CLUSTER, TRANSACTIONS, TOKENS, USERS = range(2, 8)  # ResourceType
THE_CLUSTER = "kafka-cluster"
ANY, ALL = 1, 2  # of AclOperation; ANY is the same in every enumeration of filters
READ, WRITE, CREATE, DELETE, ALTER, DESCRIBE = range(3, 9)
CLUSTER_ACTION, DESCRIBE_CONFIGS, ALTER_CONFIGS, IDEMPOTENT_WRITE = range(9, 13)
DENY, ALLOW = 2, 3
MATCH, LITERAL, PREFIXED = 2, 3, 4  # PatternType
APIS = (CreateAclsRequest, DeleteAclsRequest, DescribeAclsRequest)


def acl(
    principal: str,
    operation: int,
    kind: int,
    name: str,
    *,
    pattern: int = LITERAL,
    permission: int = ALLOW,
    host: str = "*",
) -> Any:
    """A row of CreateAcls."""
    return AclCreation(
        resource_type=kind,
        resource_name=name,
        resource_pattern_type=pattern,
        principal=principal,
        host=host,
        operation=operation,
        permission_type=permission,
    )


def acl_filter(group: Any, **given: Any) -> Any:
    """`group` (DescribeAclsRequest or DeleteAclsFilter) that matches everything, but for what is given by field names."""
    wide: dict[str, Any] = {
        "resource_type_filter": ANY,
        "resource_name_filter": None,
        "pattern_type_filter": ANY,
        "principal_filter": None,
        "host_filter": None,
        "operation": ANY,
        "permission_type": ANY,
    }
    return group(**{**wide, **given})


def found_acls(
    kafka: Kafka, *, version: int | None = None, to: int | None = None, **given: Any
) -> set[tuple[Any, ...]]:
    """(type, name, pattern, principal, host, operation, permission) of each ACL that a filter finds."""
    answer = kafka.ask(acl_filter(DescribeAclsRequest, **given), version, to=to)
    assert answer.error_code == 0, answer.error_message
    return {
        (
            row.resource_type, row.resource_name, row.pattern_type,
            each.principal, each.host, each.operation, each.permission_type,
        )
        for row in answer.resources
        for each in row.acls
    }  # fmt: skip


@contextmanager
def with_acls(kafka: Kafka, *rows: Any) -> Iterator[None]:
    """These ACLs, known to every broker, and removed again."""
    highest = kafka.subject.version
    filters = [_just(row) for row in rows]
    try:
        answer = kafka.ask(CreateAclsRequest(creations=list(rows)), highest(CreateAclsRequest))
        assert {result.error_code for result in answer.results} <= {0}
        version = highest(DescribeAclsRequest)
        for node in kafka.nodes:
            for given in filters:
                eventually(lambda n=node, g=given: found_acls(kafka, version=version, to=n, **g))
        yield
    finally:
        request = DeleteAclsRequest(filters=[acl_filter(DeleteAclsFilter, **given) for given in filters])
        kafka.ask(request, highest(DeleteAclsRequest))


def _just(row: Any) -> dict[str, Any]:
    """The fields of a filter that finds this row alone."""
    return {
        "resource_type_filter": row.resource_type,
        "resource_name_filter": row.resource_name,
        "pattern_type_filter": row.resource_pattern_type,
        "principal_filter": row.principal,
        "host_filter": row.host,
        "operation": row.operation,
        "permission_type": row.permission_type,
    }


@contextmanager
def closed(kafka: Kafka, *resources: tuple[int, str]) -> Iterator[None]:
    """(type, name) of resources that nobody but super users may touch, for there are ACLs and they are for somebody else."""
    somebody = f"User:{kafka.name('somebody')}"
    with with_acls(kafka, *(acl(somebody, ALL, kind, name) for kind, name in resources)):
        yield
