"""Topics for scenarios: made through the client under test, and there before the scenario goes on."""

from __future__ import annotations

import time
from collections.abc import Callable

from clients.drivers.base import Driver
from harness import rawwire

Names = Callable[[str], str]


def wait_led(bootstrap: str, topic: str, partitions: int, timeout_s: float = 10.0) -> None:
    """Until Metadata names all leaders and they serve. A Kafka that was started again answers before."""
    deadline = time.monotonic() + timeout_s
    while True:
        errors = rawwire.metadata_errors(bootstrap, topic)
        if errors | rawwire.partition_errors(bootstrap, topic, partitions) == {0}:
            return
        assert time.monotonic() < deadline, f"{topic} has no leaders"


class MakeTopic:
    """Creates a topic with the driver and waits until its partitions have their leaders.

    For a library that can give a topic no settings, those topics that need some are made here.
    Apache Kafka answers CreateTopics before the partitions are there; a producer without idempotence may then
    reorder (or, with acks=0, lose) its first batches, which is not what these scenarios are about.
    """

    def __init__(self, driver: Driver, fresh_name: Names) -> None:
        self._driver, self._fresh_name = driver, fresh_name

    def __call__(self, what: str, partitions: int = 1, configs: dict[str, str] | None = None) -> str:
        topic = self._fresh_name(what)
        if configs and "topic configs" in self._driver.cannot:
            rawwire.create_topic(self._driver.bootstrap, topic, partitions, configs)
        else:
            self._driver.create_topic(topic, partitions, configs)
        wait_led(self._driver.bootstrap, topic, partitions)
        return topic
