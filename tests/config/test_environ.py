"""KAFKA_* variables, as the images of Apache, Confluent and Bitnami take them."""

from __future__ import annotations

import pytest

from pykbroker.config.environ import setting_name, settings_of


@pytest.mark.parametrize(
    ("variable", "name"),
    [
        ("KAFKA_NUM_PARTITIONS", "num.partitions"),
        ("KAFKA_BROKER_ID", "broker.id"),
        ("KAFKA_CFG_NODE_ID", "node.id"),
        ("KAFKA_LISTENER_NAME_A__B_SSL_KEY", "listener.name.a_b.ssl.key"),
        ("KAFKA_LISTENER_NAME_A___B_SSL_KEY", "listener.name.a-b.ssl.key"),
        ("KAFKA_LOG_DIRS", "log.dirs"),
        ("KAFKA_HEAP_OPTS", None),
        ("KAFKA_OPTS", None),
        ("KAFKA_JVM_PERFORMANCE_OPTS", None),
        ("KAFKA_LOG4J_ROOT_LOGLEVEL", None),
        ("KAFKA_LOG4J_OPTS", None),
        ("KAFKA_GC_LOG_OPTS", None),
        ("KAFKA_JMX_PORT", None),
        ("KAFKA_VERSION", None),
        ("KAFKA_HOME", None),
        ("KAFKA_DEBUG", None),
        ("KAFKA_PORT_9092_TCP_ADDR", None),
        ("KAFKA_SERVICE_HOST", None),
        ("KAFKA_", None),
        ("KAFKA_CFG_", None),
        ("PATH", None),
    ],
)
def test_names(variable: str, name: str | None) -> None:
    assert setting_name(variable) == name


def test_only_kafkas_variables_are_looked_at() -> None:
    environ = {
        "PATH": "/bin",
        "CLUSTER_ID": "x",
        "KAFKA_OPTS": "-X",
        "KAFKA_NUM_PARTITIONS": "3",
        "KAFKA_X_Y": "z",
    }
    values, variables, skipped = settings_of(environ, {"x.y": "x.Y"})
    assert values == {"num.partitions": "3", "x.Y": "z"}
    assert variables == {"num.partitions": "KAFKA_NUM_PARTITIONS", "x.Y": "KAFKA_X_Y"}
    assert skipped == ["KAFKA_OPTS"]
