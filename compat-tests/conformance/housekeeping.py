"""Before and after a run: users that the credentials name, and what is left on a broker that is not ours."""

from __future__ import annotations

import hashlib
import os

from conformance.kafka import Kafka, eventually
from conformance.security import HASHES
from conformance.subject import Account, Subject
from wire.messages.alter_user_scram_credentials import (
    AlterUserScramCredentialsRequest,
    ScramCredentialUpsertion,
)
from wire.messages.delete_groups import DeleteGroupsRequest
from wire.messages.delete_topics import DeleteTopicsRequest, DeleteTopicState
from wire.messages.describe_user_scram_credentials import DescribeUserScramCredentialsRequest

MECHANISM_NUMBERS = {"SCRAM-SHA-256": 1, "SCRAM-SHA-512": 2}
ITERATIONS = 4096  # the least that Kafka takes


def ensure_scram_users(subject: Subject) -> None:
    """Gives the broker the SCRAM credentials of the accounts, where it lacks them and can be told.

    Raises: AssertionError if it refuses them.
    """
    kafka = Kafka(subject)
    try:
        wanted = {
            (user, mechanism)
            for user, account in subject.accounts.items()
            for mechanism in account.mechanisms
            if mechanism in HASHES
        }
        if not wanted or not kafka.announces(AlterUserScramCredentialsRequest):
            return
        for user, mechanism in sorted(wanted - _scram_users(kafka)):
            row = upsertion(user, mechanism, subject.accounts[user])
            (result,) = kafka.ask(AlterUserScramCredentialsRequest(upsertions=[row])).results
            assert result.error_code == 0, f"SCRAM credentials of {user}: {result.error_message}"
        eventually(lambda: wanted <= _scram_users(kafka))
    finally:
        kafka.close()


def upsertion(user: str, mechanism: str, account: Account, iterations: int = ITERATIONS) -> object:
    """The row of AlterUserScramCredentials that gives a user the account's password."""
    salt = os.urandom(16)
    salted = hashlib.pbkdf2_hmac(HASHES[mechanism], account.password.encode(), salt, iterations)
    return ScramCredentialUpsertion(
        name=user,
        mechanism=MECHANISM_NUMBERS[mechanism],
        iterations=iterations,
        salt=salt,
        salted_password=salted,
    )


def _scram_users(kafka: Kafka) -> set[tuple[str, str]]:
    names = {number: mechanism for mechanism, number in MECHANISM_NUMBERS.items()}
    answer = kafka.ask(DescribeUserScramCredentialsRequest(users=None))
    return {
        (row.user, names[info.mechanism])
        for row in answer.results
        for info in row.credential_infos
        if info.mechanism in names
    }


def clean_up(subject: Subject) -> None:
    """Deletes the topics and groups that cases made, as far as the broker lets us."""
    kafka = Kafka(subject)
    try:
        if kafka.announces(DeleteGroupsRequest):
            for group in subject.groups:
                kafka.ask(DeleteGroupsRequest(groups_names=[group]))
        if subject.topics and kafka.announces(DeleteTopicsRequest):
            states = [DeleteTopicState(name=name) for name in subject.topics]
            request = DeleteTopicsRequest(topics=states, topic_names=subject.topics, timeout_ms=30_000)
            kafka.ask(request, timeout_s=60)
    finally:
        kafka.close()
