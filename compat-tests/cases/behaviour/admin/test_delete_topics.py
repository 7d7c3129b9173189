"""DeleteTopics: by name, by id, and what is refused."""

from __future__ import annotations

import os
from typing import Any

from conformance import Kafka, Topic, case, eventually
from conformance.admin import create_one, topic_row
from wire.errors import ErrorCode
from wire.messages.delete_topics import DeleteTopicsRequest, DeleteTopicState

WHY = "KIP-4, KIP-516; ControllerApis.deleteTopics"
NO_ID = bytes(16)


def delete(kafka: Kafka, *names: str) -> list[Any]:
    """By name, in the form of the version."""
    states = [DeleteTopicState(name=name) for name in names]
    request = DeleteTopicsRequest(topic_names=list(names), topics=states, timeout_ms=10_000)
    rows: list[Any] = kafka.ask(request).responses
    return rows


def delete_states(kafka: Kafka, *states: tuple[str | None, bytes]) -> list[Any]:
    """By name or id (v6+)."""
    topics = [DeleteTopicState(name=name, topic_id=topic_id) for name, topic_id in states]
    rows: list[Any] = kafka.ask(DeleteTopicsRequest(topics=topics, timeout_ms=10_000)).responses
    return rows


def wait_gone(kafka: Kafka, topic: Topic) -> None:
    eventually(lambda: topic_row(kafka, topic.name).error_code == ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)


@case(DeleteTopicsRequest, feature="delete topics", why=WHY)
def test_by_name(kafka: Kafka) -> None:
    """A topic deleted by name is gone."""
    topic = kafka.topic()
    (row,) = delete(kafka, topic.name)
    assert (row.name, row.error_code, row.error_message) == (topic.name, 0, None)
    wait_gone(kafka, topic)


@case(DeleteTopicsRequest, feature="delete topics", why=WHY)
def test_unknown_name(kafka: Kafka) -> None:
    """A topic that is not there answers UNKNOWN_TOPIC_OR_PARTITION."""
    name = kafka.name("topic")
    (row,) = delete(kafka, name)
    assert (row.name, row.error_code) == (name, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)


@case(DeleteTopicsRequest, feature="delete topics", why=WHY)
def test_twice(kafka: Kafka) -> None:
    """Deleting a topic again answers UNKNOWN_TOPIC_OR_PARTITION."""
    topic = kafka.topic()
    delete(kafka, topic.name)
    wait_gone(kafka, topic)
    assert delete(kafka, topic.name)[0].error_code == ErrorCode.UNKNOWN_TOPIC_OR_PARTITION


@case(DeleteTopicsRequest, feature="delete topics", why=WHY)
def test_several(kafka: Kafka) -> None:
    """Each topic of a request stands for itself."""
    first, second, unknown = kafka.topic(), kafka.topic(), kafka.name("topic")
    rows = {row.name: row.error_code for row in delete(kafka, first.name, unknown, second.name)}
    assert rows == {first.name: 0, unknown: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, second.name: 0}


@case(DeleteTopicsRequest, feature="delete topics", why=WHY)
def test_none(kafka: Kafka) -> None:
    """A request about no topic is answered about none."""
    assert list(delete(kafka)) == []


@case(DeleteTopicsRequest, feature="delete topics", why=WHY)
def test_illegal_name(kafka: Kafka) -> None:
    """A name that no topic can have is only unknown."""
    assert [row.error_code for row in delete(kafka, "a b")] == [ErrorCode.UNKNOWN_TOPIC_OR_PARTITION]


@case(DeleteTopicsRequest, feature="delete topics", why=WHY)
def test_the_name_is_free_again(kafka: Kafka) -> None:
    """A topic made anew under the name of a deleted one is empty and has another id."""
    topic = kafka.topic()
    kafka.produce(topic, b"old")
    delete(kafka, topic.name)
    wait_gone(kafka, topic)
    eventually(lambda: create_one(kafka, topic.name).error_code == 0)
    again = kafka.wait_led(topic.name, 1)
    assert kafka.offset(again) == 0
    assert again.id != topic.id or topic.id == NO_ID


@case(DeleteTopicsRequest, feature="delete topics", why=WHY, line="4.x")  # with ZooKeeper both are deleted
def test_name_twice(kafka: Kafka) -> None:
    """A name twice in a request answers INVALID_REQUEST, and the topic stays."""
    topic = kafka.topic()
    codes = {row.error_code for row in delete(kafka, topic.name, topic.name)}
    assert codes == {ErrorCode.INVALID_REQUEST}
    assert topic_row(kafka, topic.name).error_code == 0


@case(
    DeleteTopicsRequest,
    versions="5+",
    feature="delete topics",
    why="KIP-599; ControllerApis.deleteTopics",
    line="4.x",
)
def test_message(kafka: Kafka) -> None:
    """An error comes with a message."""
    assert delete(kafka, kafka.name("topic"))[0].error_message


@case(DeleteTopicsRequest, versions="6+", feature="delete topics", why=WHY)
def test_by_id(kafka: Kafka) -> None:
    """A topic deleted by id is gone; the answer has its name and its id."""
    topic = kafka.topic()
    (row,) = delete_states(kafka, (None, topic.id))
    assert (row.name, row.topic_id, row.error_code) == (topic.name, topic.id, 0)
    wait_gone(kafka, topic)


@case(DeleteTopicsRequest, versions="6+", feature="delete topics", why=WHY, line="4.x")
def test_by_name_answers_the_id(kafka: Kafka) -> None:
    """Deleted by name, the answer has the topic's id too."""
    topic = kafka.topic()
    (row,) = delete_states(kafka, (topic.name, NO_ID))
    assert (row.name, row.topic_id, row.error_code) == (topic.name, topic.id, 0)


@case(DeleteTopicsRequest, versions="6+", feature="delete topics", why=WHY)
def test_unknown_id(kafka: Kafka) -> None:
    """An id that no topic has answers UNKNOWN_TOPIC_ID, and a null name."""
    topic_id = os.urandom(16)
    (row,) = delete_states(kafka, (None, topic_id))
    assert (row.name, row.topic_id, row.error_code) == (None, topic_id, ErrorCode.UNKNOWN_TOPIC_ID)


@case(DeleteTopicsRequest, versions="6+", feature="delete topics", why=WHY)
def test_id_of_a_deleted_topic(kafka: Kafka) -> None:
    """The id of a topic that is gone is unknown, even when its name is in use again."""
    topic = kafka.topic()
    delete_states(kafka, (None, topic.id))
    wait_gone(kafka, topic)
    eventually(lambda: create_one(kafka, topic.name).error_code == 0)
    (row,) = delete_states(kafka, (None, topic.id))
    assert row.error_code == ErrorCode.UNKNOWN_TOPIC_ID


@case(DeleteTopicsRequest, versions="6+", feature="delete topics", why=WHY, line="4.x")
def test_neither_name_nor_id(kafka: Kafka) -> None:
    """Neither name nor id answers INVALID_REQUEST."""
    (row,) = delete_states(kafka, (None, NO_ID))
    assert (row.name, row.topic_id, row.error_code) == (None, NO_ID, ErrorCode.INVALID_REQUEST)


@case(DeleteTopicsRequest, versions="6+", feature="delete topics", why=WHY)
def test_name_and_id(kafka: Kafka) -> None:
    """Name and id in one row answer INVALID_REQUEST, even of the same topic, which stays."""
    topic = kafka.topic()
    (row,) = delete_states(kafka, (topic.name, topic.id))
    assert (row.name, row.topic_id, row.error_code) == (topic.name, topic.id, ErrorCode.INVALID_REQUEST)
    assert topic_row(kafka, topic.name).error_code == 0


@case(DeleteTopicsRequest, versions="6+", feature="delete topics", why=WHY, line="4.x")
def test_id_twice(kafka: Kafka) -> None:
    """An id twice in a request answers INVALID_REQUEST once, without a name, and the topic stays."""
    topic = kafka.topic()
    (row,) = delete_states(kafka, (None, topic.id), (None, topic.id))
    assert (row.name, row.topic_id, row.error_code) == (None, topic.id, ErrorCode.INVALID_REQUEST)
    assert topic_row(kafka, topic.name).error_code == 0


@case(DeleteTopicsRequest, versions="6+", feature="delete topics", why=WHY, line="4.x")
def test_name_in_one_row_and_id_in_another(kafka: Kafka) -> None:
    """The same topic by name and by id answers INVALID_REQUEST in one row with both, and it stays."""
    topic = kafka.topic()
    (row,) = delete_states(kafka, (topic.name, NO_ID), (None, topic.id))
    assert (row.name, row.topic_id, row.error_code) == (topic.name, topic.id, ErrorCode.INVALID_REQUEST)
    assert topic_row(kafka, topic.name).error_code == 0
