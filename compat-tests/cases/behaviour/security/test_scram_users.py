"""DescribeUserScramCredentials and AlterUserScramCredentials: users with SCRAM passwords, and what is refused."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from conformance import Kafka, case, eventually
from wire.errors import ErrorCode
from wire.messages.alter_user_scram_credentials import (
    AlterUserScramCredentialsRequest,
    ScramCredentialDeletion,
    ScramCredentialUpsertion,
)
from wire.messages.describe_user_scram_credentials import DescribeUserScramCredentialsRequest, UserName

FEATURE = "SCRAM users"
WHY = "KIP-554; ScramControlManager"
ALSO = (AlterUserScramCredentialsRequest, DescribeUserScramCredentialsRequest)
SHA_256, SHA_512 = 1, 2


def upsertion(user: str, mechanism: int = SHA_256, iterations: int = 4096) -> Any:
    password = bytes(32 * mechanism)
    return ScramCredentialUpsertion(
        name=user, mechanism=mechanism, iterations=iterations, salt=b"salt", salted_password=password
    )


def deletion(user: str, mechanism: int = SHA_256) -> Any:
    return ScramCredentialDeletion(name=user, mechanism=mechanism)


def alter(kafka: Kafka, *rows: Any) -> dict[str, int]:
    """User -> code, of upsertions and deletions in one request."""
    deletions = [row for row in rows if isinstance(row, ScramCredentialDeletion.cls)]
    upsertions = [row for row in rows if isinstance(row, ScramCredentialUpsertion.cls)]
    answer = kafka.ask(AlterUserScramCredentialsRequest(deletions=deletions, upsertions=upsertions))
    codes = {row.user: row.error_code for row in answer.results}
    assert len(codes) == len(answer.results), "a user is answered once"
    return codes


def describe(kafka: Kafka, *users: str) -> dict[str, Any]:
    """User -> row of the answer."""
    answer = kafka.ask(DescribeUserScramCredentialsRequest(users=[UserName(name=user) for user in users]))
    assert answer.error_code == 0
    return {row.user: row for row in answer.results}


def credentials(row: Any) -> set[tuple[int, int]]:
    return {(info.mechanism, info.iterations) for info in row.credential_infos}


@contextmanager
def user_with(kafka: Kafka, *mechanisms: int) -> Iterator[str]:
    user = kafka.name("user")
    for mechanism in mechanisms:
        assert alter(kafka, upsertion(user, mechanism)) == {user: 0}
    eventually(lambda: len(describe(kafka, user)[user].credential_infos) == len(mechanisms))
    yield user
    for mechanism in (SHA_256, SHA_512):
        alter(kafka, deletion(user, mechanism))


@case(AlterUserScramCredentialsRequest, feature=FEATURE, why=WHY, also=ALSO)
def test_upsert(kafka: Kafka) -> None:
    """A user has credentials for each mechanism, with their iterations; nothing of the password is shown."""
    with user_with(kafka, SHA_256, SHA_512) as user:
        row = describe(kafka, user)[user]
        assert row.error_code == 0
        assert credentials(row) == {(SHA_256, 4096), (SHA_512, 4096)}


@case(AlterUserScramCredentialsRequest, feature=FEATURE, why=WHY, also=ALSO)
def test_upsert_again(kafka: Kafka) -> None:
    """An upsertion replaces what is there of the mechanism, and leaves the other alone."""
    with user_with(kafka, SHA_256, SHA_512) as user:
        assert alter(kafka, upsertion(user, SHA_256, 8192)) == {user: 0}
        eventually(lambda: credentials(describe(kafka, user)[user]) == {(SHA_256, 8192), (SHA_512, 4096)})


@case(AlterUserScramCredentialsRequest, feature=FEATURE, why=WHY, also=ALSO)
def test_delete(kafka: Kafka) -> None:
    """A deletion takes one mechanism away; with the last one the user is unknown."""
    with user_with(kafka, SHA_256, SHA_512) as user:
        assert alter(kafka, deletion(user, SHA_256)) == {user: 0}
        eventually(lambda: credentials(describe(kafka, user)[user]) == {(SHA_512, 4096)})
        assert alter(kafka, deletion(user, SHA_512)) == {user: 0}
        eventually(lambda: describe(kafka, user)[user].error_code == ErrorCode.RESOURCE_NOT_FOUND)


@case(AlterUserScramCredentialsRequest, feature=FEATURE, why=WHY, also=ALSO)
def test_delete_what_is_not_there(kafka: Kafka) -> None:
    """Deleting a mechanism that the user lacks, or of an unknown user, answers RESOURCE_NOT_FOUND."""
    stranger = kafka.name("user")
    with user_with(kafka, SHA_256) as user:
        assert alter(kafka, deletion(user, SHA_512)) == {user: ErrorCode.RESOURCE_NOT_FOUND}
    assert alter(kafka, deletion(stranger)) == {stranger: ErrorCode.RESOURCE_NOT_FOUND}


@pytest.mark.parametrize("iterations", [4095, 16385, 0, -1, 2**31 - 1])
@case(AlterUserScramCredentialsRequest, feature=FEATURE, why="ScramControlManager; ScramMechanism")
def test_iterations(kafka: Kafka, iterations: int) -> None:
    """Less than 4096 iterations, or more than 16384, answer UNACCEPTABLE_CREDENTIAL."""
    user = kafka.name("user")
    assert alter(kafka, upsertion(user, SHA_256, iterations)) == {user: ErrorCode.UNACCEPTABLE_CREDENTIAL}


@case(AlterUserScramCredentialsRequest, feature=FEATURE, why="ScramControlManager", also=ALSO)
def test_most_iterations(kafka: Kafka) -> None:
    """16384 iterations are allowed."""
    with user_with(kafka, SHA_256) as user:
        assert alter(kafka, upsertion(user, SHA_256, 16384)) == {user: 0}


@pytest.mark.parametrize("make", [upsertion, deletion], ids=["upsert", "delete"])
@pytest.mark.parametrize("mechanism", [0, 3, 127, -1])
@case(AlterUserScramCredentialsRequest, feature=FEATURE, why=WHY)
def test_unknown_mechanism(kafka: Kafka, make: Any, mechanism: int) -> None:
    """A mechanism that is not known answers UNSUPPORTED_SASL_MECHANISM."""
    user = kafka.name("user")
    row = make(user)
    row.mechanism = mechanism
    assert alter(kafka, row) == {user: ErrorCode.UNSUPPORTED_SASL_MECHANISM}


@pytest.mark.parametrize("make", [upsertion, deletion], ids=["upsert", "delete"])
@case(AlterUserScramCredentialsRequest, feature=FEATURE, why=WHY)
def test_no_name(kafka: Kafka, make: Any) -> None:
    """An empty user name answers UNACCEPTABLE_CREDENTIAL."""
    assert alter(kafka, make("")) == {"": ErrorCode.UNACCEPTABLE_CREDENTIAL}


@pytest.mark.parametrize("first", [upsertion, deletion], ids=["upsert", "delete"])
@pytest.mark.parametrize("second", [upsertion, deletion], ids=["upsert", "delete"])
@case(AlterUserScramCredentialsRequest, feature=FEATURE, why=WHY, also=ALSO)
def test_twice_in_a_request(kafka: Kafka, first: Any, second: Any) -> None:
    """The same user and mechanism twice in a request answers DUPLICATE_RESOURCE once, and nothing is changed."""
    with user_with(kafka, SHA_256) as user:
        assert alter(kafka, first(user), second(user)) == {user: ErrorCode.DUPLICATE_RESOURCE}
        assert credentials(describe(kafka, user)[user]) == {(SHA_256, 4096)}


@case(AlterUserScramCredentialsRequest, feature=FEATURE, why="ScramControlManager", line="4.x")
def test_two_mechanisms_in_a_request(kafka: Kafka) -> None:
    """A user may stand once in a request, even with two mechanisms: DUPLICATE_RESOURCE. With ZooKeeper it may."""
    user = kafka.name("user")
    codes = alter(kafka, upsertion(user, SHA_256), upsertion(user, SHA_512))
    assert codes == {user: ErrorCode.DUPLICATE_RESOURCE}


@case(AlterUserScramCredentialsRequest, feature=FEATURE, why=WHY, also=ALSO)
def test_each_stands_for_itself(kafka: Kafka) -> None:
    """A bad user of a request does not hinder the good ones."""
    bad = kafka.name("user")
    with user_with(kafka, SHA_256) as user:
        codes = alter(kafka, upsertion(bad, SHA_256, 1), upsertion(user, SHA_256, 5000))
        assert codes == {bad: ErrorCode.UNACCEPTABLE_CREDENTIAL, user: 0}


@case(AlterUserScramCredentialsRequest, feature=FEATURE, why=WHY)
def test_no_rows(kafka: Kafka) -> None:
    """A request about nobody is answered about nobody."""
    assert alter(kafka) == {}


@case(DescribeUserScramCredentialsRequest, feature=FEATURE, why=WHY)
def test_describe_unknown(kafka: Kafka) -> None:
    """A user that is not known answers RESOURCE_NOT_FOUND, with a message; the request as a whole does not fail."""
    user = kafka.name("user")
    row = describe(kafka, user)[user]
    assert (row.error_code, list(row.credential_infos)) == (ErrorCode.RESOURCE_NOT_FOUND, [])
    assert row.error_message


@case(DescribeUserScramCredentialsRequest, feature=FEATURE, why=WHY)
def test_describe_no_name(kafka: Kafka) -> None:
    """An empty name is an unknown user."""
    assert describe(kafka, "")[""].error_code == ErrorCode.RESOURCE_NOT_FOUND


@case(DescribeUserScramCredentialsRequest, feature=FEATURE, why=WHY, also=ALSO)
def test_describe_twice(kafka: Kafka) -> None:
    """A user named twice answers DUPLICATE_RESOURCE, once; the others are described."""
    with user_with(kafka, SHA_256) as twice, user_with(kafka, SHA_256) as once:
        rows = describe(kafka, twice, twice, once)
        assert {user: row.error_code for user, row in rows.items()} == {
            twice: ErrorCode.DUPLICATE_RESOURCE,
            once: 0,
        }


@pytest.mark.parametrize("users", [None, []], ids=["null", "empty"])
@case(DescribeUserScramCredentialsRequest, feature=FEATURE, why=WHY, also=ALSO)
def test_describe_all(kafka: Kafka, users: list[Any] | None) -> None:
    """Null, or an empty list, asks for all users."""
    with user_with(kafka, SHA_512) as user:
        answer = kafka.ask(DescribeUserScramCredentialsRequest(users=users))
        assert answer.error_code == 0
        rows = {row.user: row for row in answer.results}
        assert credentials(rows[user]) == {(SHA_512, 4096)}
