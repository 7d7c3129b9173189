"""Delegation tokens: create, renew, expire, describe, and logging in with one (KIP-48, KIP-373)."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from conformance import Credentials, Kafka, Listener, LoginRefused, Setting, case, eventually, make
from wire.errors import ErrorCode
from wire.messages.create_delegation_token import CreateDelegationTokenRequest
from wire.messages.describe_delegation_token import DescribeDelegationTokenRequest
from wire.messages.expire_delegation_token import ExpireDelegationTokenRequest
from wire.messages.renew_delegation_token import RenewDelegationTokenRequest

FEATURE = "delegation tokens"
WHY = "KIP-48; DelegationTokenControlManager"
ALL = (
    CreateDelegationTokenRequest,
    RenewDelegationTokenRequest,
    ExpireDelegationTokenRequest,
    DescribeDelegationTokenRequest,
)
NEEDS = (
    Listener("SASL_PLAINTEXT"),
    Credentials("PLAIN", "alice"),
    Credentials("PLAIN", "bob"),
    Setting("delegation.token.max.lifetime.ms", at_least=1),
)
ALICE, BOB = ("User", "alice"), ("User", "bob")
AGES_MS = 10**15


@pytest.fixture
def alice(kafka: Kafka) -> Kafka:
    return kafka.login("SASL_PLAINTEXT", "alice")


@pytest.fixture
def bob(kafka: Kafka) -> Kafka:
    return kafka.login("SASL_PLAINTEXT", "bob")


def create(kafka: Kafka, *renewers: tuple[str, str], lifetime_ms: int = -1) -> Any:
    """The answer, once the broker knows the token too (KRaft: it comes to it through the metadata log)."""
    values = {
        "renewers": [{"principal_type": kind, "principal_name": name} for kind, name in renewers],
        "max_lifetime_ms": lifetime_ms,
        "owner_principal_type": None,
        "owner_principal_name": None,
    }
    made = kafka.ask(make(CreateDelegationTokenRequest, values))
    if made.error_code == 0:
        eventually(lambda: made.token_id in tokens(kafka))
    return made


def renew(kafka: Kafka, hmac: bytes, period_ms: int = -1) -> Any:
    return kafka.ask(RenewDelegationTokenRequest(hmac=bytes(hmac), renew_period_ms=period_ms))


def expire(kafka: Kafka, hmac: bytes, period_ms: int = -1) -> Any:
    return kafka.ask(ExpireDelegationTokenRequest(hmac=bytes(hmac), expiry_time_period_ms=period_ms))


def tokens(kafka: Kafka, *owners: tuple[str, str], all_owners: bool = True) -> dict[str, Any]:
    """Token id -> row of DescribeDelegationToken."""
    rows = [{"principal_type": kind, "principal_name": name} for kind, name in owners]
    answer = kafka.ask(
        make(DescribeDelegationTokenRequest, {"owners": None if all_owners and not owners else rows})
    )
    assert answer.error_code == 0
    return {row.token_id: row for row in answer.tokens}


def setting(kafka: Kafka, name: str) -> int:
    return int(kafka.subject.setting(name) or 0)


# --- where they are not to be had


@case(*ALL, feature=FEATURE, why="KafkaApis.allowTokenRequests")
def test_not_over_plaintext(kafka: Kafka, api: Any) -> None:
    """Who has not authenticated gets no tokens: DELEGATION_TOKEN_REQUEST_NOT_ALLOWED."""
    assert kafka.ask(api()).error_code == ErrorCode.DELEGATION_TOKEN_REQUEST_NOT_ALLOWED


@case(*ALL, feature=FEATURE, why="KafkaApis.allowTokenRequests", needs=NEEDS, also=ALL)
def test_not_with_a_token(kafka: Kafka, alice: Kafka, api: Any) -> None:
    """Who logged in with a token gets no further ones: DELEGATION_TOKEN_REQUEST_NOT_ALLOWED."""
    user = with_token(kafka, create(alice))
    assert user.ask(api()).error_code == ErrorCode.DELEGATION_TOKEN_REQUEST_NOT_ALLOWED


def with_token(kafka: Kafka, made: Any) -> Kafka:
    """Logged in with a token, over SCRAM."""
    password = base64.b64encode(bytes(made.hmac)).decode()

    def logged_in() -> Kafka | None:
        user = kafka.login("SASL_PLAINTEXT", made.token_id, "SCRAM-SHA-256", password=password, token=True)
        try:
            user.connection()
        except LoginRefused:
            return None
        return user

    found = eventually(logged_in)
    assert found is not None
    return found


# --- create


@case(CreateDelegationTokenRequest, feature=FEATURE, why=WHY, needs=NEEDS, also=ALL)
def test_create(kafka: Kafka, alice: Kafka) -> None:
    """A token belongs to who asked, ends at the broker's limits, and has an id and a secret."""
    made = create(alice)
    assert (made.error_code, made.principal_type, made.principal_name) == (0, *ALICE)
    limit, period = (
        setting(kafka, f"delegation.token.{name}") for name in ("max.lifetime.ms", "expiry.time.ms")
    )
    assert made.max_timestamp_ms - made.issue_timestamp_ms == limit
    assert made.expiry_timestamp_ms - made.issue_timestamp_ms == min(period, limit)
    assert made.token_id
    assert len(made.hmac) >= 32


@pytest.mark.parametrize("lifetime_ms", [0, -1, -2, AGES_MS])
@case(CreateDelegationTokenRequest, versions="latest", feature=FEATURE, why=WHY, needs=NEEDS, also=ALL)
def test_longest_life(kafka: Kafka, alice: Kafka, lifetime_ms: int) -> None:
    """No lifetime, a negative one and one above the broker's limit stand for that limit."""
    made = create(alice, lifetime_ms=lifetime_ms)
    limit = setting(kafka, "delegation.token.max.lifetime.ms")
    assert (made.error_code, made.max_timestamp_ms - made.issue_timestamp_ms) == (0, limit)


@case(CreateDelegationTokenRequest, feature=FEATURE, why=WHY, needs=NEEDS, also=ALL)
def test_short_life(alice: Kafka) -> None:
    """A lifetime below the period of expiry bounds that too."""
    made = create(alice, lifetime_ms=60_000)
    assert made.max_timestamp_ms - made.issue_timestamp_ms == 60_000
    assert made.expiry_timestamp_ms == made.max_timestamp_ms


@case(
    CreateDelegationTokenRequest,
    feature=FEATURE,
    why="KafkaApis.handleCreateTokenRequest",
    needs=NEEDS,
    also=ALL,
)
def test_renewers_are_users(alice: Kafka) -> None:
    """A renewer that is not of type User answers INVALID_PRINCIPAL_TYPE, and nothing is made."""
    made = create(alice, ("Group", "staff"))
    assert made.error_code == ErrorCode.INVALID_PRINCIPAL_TYPE
    assert (made.issue_timestamp_ms, made.token_id, bytes(made.hmac)) == (-1, "", b"")


@case(CreateDelegationTokenRequest, versions="3+", feature=FEATURE, why="KIP-373", needs=NEEDS, also=ALL)
def test_for_somebody_else(alice: Kafka) -> None:
    """Who may, makes tokens for another: that one owns it, and the one who asked is the requester."""
    values = {"owner_principal_type": "User", "owner_principal_name": "bob", "max_lifetime_ms": 60_000}
    made = alice.ask(make(CreateDelegationTokenRequest, values))
    assert (made.error_code, made.principal_type, made.principal_name) == (0, *BOB)
    assert (made.token_requester_principal_type, made.token_requester_principal_name) == ALICE


@case(CreateDelegationTokenRequest, versions="latest", feature=FEATURE, why=WHY, needs=NEEDS, also=ALL)
def test_two_tokens(alice: Kafka) -> None:
    """Two tokens of a user have nothing in common."""
    first, second = create(alice), create(alice)
    assert first.token_id != second.token_id
    assert bytes(first.hmac) != bytes(second.hmac)


# --- renew and expire


@case(RenewDelegationTokenRequest, feature=FEATURE, why=WHY, needs=NEEDS, also=ALL)
def test_renew(alice: Kafka) -> None:
    """The owner may renew for a period of his own: 4.x bounds it by the usual period, 3.9 by the token's life."""
    made = create(alice)
    soon, late = renew(alice, made.hmac, 60_000), renew(alice, made.hmac, AGES_MS)
    assert (soon.error_code, late.error_code) == (0, 0)
    assert 60_000 <= soon.expiry_timestamp_ms - made.issue_timestamp_ms < 120_000
    assert soon.expiry_timestamp_ms < late.expiry_timestamp_ms <= made.max_timestamp_ms
    assert late.expiry_timestamp_ms == made.max_timestamp_ms or alice.line != "3.9"


@case(RenewDelegationTokenRequest, feature=FEATURE, why=WHY, needs=NEEDS, also=ALL)
def test_renewer(alice: Kafka, bob: Kafka) -> None:
    """A renewer may renew and expire; anybody else answers DELEGATION_TOKEN_OWNER_MISMATCH."""
    with_bob, without = create(alice, BOB), create(alice)
    assert renew(bob, with_bob.hmac).error_code == 0
    assert renew(bob, without.hmac).error_code == ErrorCode.DELEGATION_TOKEN_OWNER_MISMATCH
    assert expire(bob, without.hmac).error_code == ErrorCode.DELEGATION_TOKEN_OWNER_MISMATCH
    assert expire(bob, with_bob.hmac).error_code == 0


@case(
    RenewDelegationTokenRequest, ExpireDelegationTokenRequest, feature=FEATURE, why=WHY, needs=NEEDS, also=ALL
)
def test_unknown_token(alice: Kafka, api: Any) -> None:
    """A secret that no token has answers DELEGATION_TOKEN_NOT_FOUND."""
    assert alice.ask(api(hmac=b"nobody's")).error_code == ErrorCode.DELEGATION_TOKEN_NOT_FOUND


@case(ExpireDelegationTokenRequest, feature=FEATURE, why=WHY, needs=NEEDS, also=ALL)
def test_expire_later(alice: Kafka) -> None:
    """A period that is not negative sets the time of expiry, to the end of the token's life at most."""
    made = create(alice)
    late, soon = expire(alice, made.hmac, AGES_MS), expire(alice, made.hmac, 60_000)
    assert (late.error_code, late.expiry_timestamp_ms) == (0, made.max_timestamp_ms)
    assert 60_000 <= soon.expiry_timestamp_ms - made.issue_timestamp_ms < 120_000


@case(ExpireDelegationTokenRequest, feature=FEATURE, why=WHY, needs=NEEDS, also=ALL)
def test_expire_now(alice: Kafka) -> None:
    """A negative period removes the token at once."""
    made = create(alice)
    assert expire(alice, made.hmac, -1).error_code == 0
    eventually(lambda: made.token_id not in tokens(alice))
    assert renew(alice, made.hmac).error_code == ErrorCode.DELEGATION_TOKEN_NOT_FOUND


# --- describe


@case(DescribeDelegationTokenRequest, feature=FEATURE, why=WHY, needs=NEEDS, also=ALL)
def test_describe(alice: Kafka) -> None:
    """A token is described to its owner with its secret, its times and its renewers."""
    made = create(alice, BOB)
    row = tokens(alice)[made.token_id]
    assert (row.principal_type, row.principal_name, bytes(row.hmac)) == (*ALICE, bytes(made.hmac))
    assert (row.issue_timestamp, row.max_timestamp) == (made.issue_timestamp_ms, made.max_timestamp_ms)
    assert [(each.principal_type, each.principal_name) for each in row.renewers] == [BOB]


@case(DescribeDelegationTokenRequest, feature=FEATURE, why=WHY, needs=NEEDS, also=ALL)
def test_describe_by_owner(alice: Kafka) -> None:
    """Owners choose: their tokens alone, and for an empty list none."""
    made = create(alice)
    assert made.token_id in tokens(alice, ALICE)
    assert made.token_id not in tokens(alice, BOB)
    assert tokens(alice, all_owners=False) == {}


# --- log in


@case(CreateDelegationTokenRequest, versions="latest", feature=FEATURE, why="KIP-48", needs=NEEDS, also=ALL)
def test_log_in(kafka: Kafka, alice: Kafka) -> None:
    """With a token's id and secret one logs in over SCRAM, as its owner."""
    user = with_token(kafka, create(alice))
    assert user.topic().partitions == 1


@case(CreateDelegationTokenRequest, versions="latest", feature=FEATURE, why="KIP-48", needs=NEEDS, also=ALL)
def test_log_in_with_the_wrong_secret(kafka: Kafka, alice: Kafka) -> None:
    """A wrong secret answers SASL_AUTHENTICATION_FAILED."""
    made = create(alice)
    with_token(kafka, made)
    login = kafka.login("SASL_PLAINTEXT", made.token_id, "SCRAM-SHA-256", password="wrong", token=True)
    with pytest.raises(LoginRefused) as refused:
        login.connection()
    assert refused.value.code == ErrorCode.SASL_AUTHENTICATION_FAILED
