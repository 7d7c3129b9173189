"""Images are values: a change makes another one, and what did not change is the same object in both."""

from __future__ import annotations

from pykbroker.core.cluster.image import BrokerImage, ClusterImage, Endpoint, PartitionImage, TopicImage
from pykbroker.core.cluster.topics import invalid_topic_name, is_internal


def topic(name: str, number: int = 1) -> TopicImage:
    return TopicImage(name, bytes([number]) * 16, (PartitionImage(0, 0, 0, (0,), (0,)),))


def test_topics_are_found_by_name_and_by_id() -> None:
    image = ClusterImage().with_topics([topic("a", 1), topic("b", 2)])
    assert image.topics["a"].name == "a"
    found = image.topic_by_id(b"\x02" * 16)
    assert found is not None
    assert found.name == "b"
    assert image.topic_by_id(bytes(16)) is None
    assert image.partition("a", 0) is not None
    assert image.partition("a", 1) is None
    assert image.partition("a", -1) is None
    assert image.partition("c", 0) is None


def test_a_change_leaves_the_image_before_it_alone_and_shares_the_rest() -> None:
    before = ClusterImage().with_topic(topic("a"))
    after = before.with_topic(topic("b", 2)).without_topic("nothing")
    assert list(before.topics) == ["a"]
    assert after.topics["a"] is before.topics["a"]
    assert after.brokers is before.brokers
    gone = after.without_topic("a")
    assert gone.topic_by_id(b"\x01" * 16) is None
    assert list(gone.topics) == ["b"]


def test_a_topic_that_was_made_anew_has_only_its_new_id() -> None:
    image = ClusterImage().with_topic(topic("a", 1)).with_topic(topic("a", 2))
    assert image.topic_by_id(b"\x01" * 16) is None
    assert image.topic_by_id(b"\x02" * 16) is image.topics["a"]


def test_names_that_differ_in_dot_and_underscore_collide() -> None:
    image = ClusterImage().with_topics([topic("a.b", 1), topic("plain", 2)])
    assert image.colliding_topic("a_b") == "a.b"
    assert image.colliding_topic("a.b") is None
    assert image.colliding_topic("ab") is None
    assert image.without_topic("a.b").colliding_topic("a_b") is None


def test_configurations_are_replaced_whole_and_empty_ones_go() -> None:
    image = ClusterImage().with_topic(topic("a")).with_config("brokers/0", {"k": "v"})
    assert image.config("brokers/0") == {"k": "v"}
    assert image.config("brokers/1") == {}
    assert image.with_config("brokers/0", {}).configs == {}
    changed = image.with_topic_config("a", {"retention.ms": "1"})
    assert changed.topics["a"].config == {"retention.ms": "1"}
    assert changed.topic_by_id(b"\x01" * 16) is changed.topics["a"]
    assert image.topics["a"].config == {}


def test_brokers_stand_in_the_order_of_their_ids() -> None:
    one, two = (BrokerImage(number, 1, (Endpoint("PLAINTEXT", "h", 1),)) for number in (1, 2))
    image = ClusterImage().with_broker(two).with_broker(one)
    assert list(image.brokers) == [1, 2]
    assert list(image.without_broker(1).brokers) == [2]


def test_topic_names_by_kafkas_rules() -> None:
    for good in ("a", "a" * 249, "A-z_0.9", "..."):
        assert invalid_topic_name(good) is None
    for bad in ("", ".", "..", "a" * 250, "a b", "a/b", "ä", "a\x00"):
        assert "Topic name is invalid" in (invalid_topic_name(bad) or "")


def test_the_brokers_own_topics_are_internal() -> None:
    assert is_internal("__consumer_offsets")
    assert is_internal("__transaction_state")
    assert not is_internal("__mine")
