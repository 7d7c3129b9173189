"""One driver per client library: the same few verbs, so that a scenario is written once for all of them."""

from __future__ import annotations

from clients.drivers.base import Driver

NAMES = ("kafka-python", "confluent-kafka", "aiokafka")


def driver_class(name: str) -> type[Driver]:
    """The driver of one client library, imported at need.

    Raises: ImportError when the library is not installed.
    """
    if name == "kafka-python":
        from clients.drivers.kafka_python import KafkaPythonDriver

        return KafkaPythonDriver
    if name == "confluent-kafka":
        from clients.drivers.confluent import ConfluentDriver

        return ConfluentDriver
    assert name == "aiokafka", name
    from clients.drivers.aio import AiokafkaDriver

    return AiokafkaDriver
