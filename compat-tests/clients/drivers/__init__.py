"""One driver per client library: the same few verbs, so that a scenario is written once for all of them.

`python`: libraries of pip, in this process. The others are programs of their own, built at need (program.py).
"""

from __future__ import annotations

from collections.abc import Sequence

from clients.drivers.base import Cannot, Driver

NAMES = ("kafka-python", "confluent-kafka", "aiokafka")
PROGRAMS = ("java", "franz-go", "sarama", "kafka-go", "kafkajs", "platformatic", "rskafka")


def chosen(words: str) -> Sequence[str]:
    """The libraries meant by `--clients`: python, all, or names with commas between them.

    Raises: ValueError for a name that is none.
    """
    groups = {"python": NAMES, "all": (*NAMES, *PROGRAMS)}
    names = [name for word in words.split(",") for name in groups.get(word, (word,))]
    if unknown := set(names) - set(groups["all"]):
        known = ", ".join((*groups, *groups["all"]))
        raise ValueError(f"no such client: {', '.join(sorted(unknown))}; there are {known}")
    return list(dict.fromkeys(names))


def make(name: str, bootstrap: str) -> Driver:
    """The driver of one library, pointed at a broker.

    Raises: Cannot when the library is not installed, or its program cannot be built.
    """
    if name in PROGRAMS:
        from clients.drivers.program import ProgramDriver

        return ProgramDriver(name, bootstrap)
    try:
        return driver_class(name)(bootstrap)
    except ImportError as error:
        raise Cannot(f"{name} is not installed: {error}") from error


def driver_class(name: str) -> type[Driver]:
    """The driver of one library of pip, imported at need.

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
