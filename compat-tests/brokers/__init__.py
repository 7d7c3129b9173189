"""Peers: other brokers that the conformance suite can start and ask, beside pykbroker and Apache Kafka.

Each is a small BrokerProcess: how it is got, how it is started on a free loopback port, which version it is. What they need
is fetched at first use (harness/fetched.py), in pinned versions.
"""

from __future__ import annotations

from brokers.kfake_process import Kfake
from brokers.librdkafka_mock import LibrdkafkaMock
from brokers.noida import Noida
from brokers.tansu import Tansu
from harness.fetched import Unavailable
from harness.process import BrokerProcess

PEERS: dict[str, type[BrokerProcess]] = {
    "tansu": Tansu,
    "kfake": Kfake,
    "librdkafka-mock": LibrdkafkaMock,
    "noida-db": Noida,
}

__all__ = ["PEERS", "Kfake", "LibrdkafkaMock", "Noida", "Tansu", "Unavailable"]
