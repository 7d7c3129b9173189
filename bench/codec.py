"""The wire's codec beside kafka-python's, which generates code too: three messages, both ways; and what a start pays.

    python bench/codec.py                # a table, in half a minute
    python bench/codec.py --rounds 51 --json

Every round measures every codec on every message, one after the other; the table has medians over the rounds, and the
ratio is the median of the rounds' ratios, so that a machine that slows down bends both. Process CPU time, in microseconds a
message. Imports and first uses are timed in fresh interpreters.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from typing import Any

from wire.messages.fetch import FetchPartition, FetchRequest, FetchTopic
from wire.messages.metadata import (
    MetadataResponse,
    MetadataResponseBroker,
    MetadataResponsePartition,
    MetadataResponseTopic,
)
from wire.messages.produce import PartitionProduceData, ProduceRequest, TopicProduceData
from wire.records.record import Record, build_batch
from wire.schema import Message

Action = Callable[[], Any]
PER_ROUND_S = 0.02


@dataclass(frozen=True)
class Case:
    """One message. wanted: how many times faster than kafka-python it should at least be, (parse, build)."""

    title: str
    message: Message
    version: int
    made: Any
    wanted: tuple[float, float]


def produce() -> Any:
    records = [Record(0, 1_700_000_000_000, b"key", bytes(100))]
    data = PartitionProduceData(index=0, records=build_batch(records))
    return ProduceRequest(
        acks=-1, timeout_ms=30000, topic_data=[TopicProduceData(name="orders", partition_data=[data])]
    )


def fetch() -> Any:
    partitions = [
        FetchPartition(partition=n, fetch_offset=1000 + n, partition_max_bytes=1 << 20) for n in range(50)
    ]
    return FetchRequest(
        max_wait_ms=500, min_bytes=1, topics=[FetchTopic(topic="orders", partitions=partitions)]
    )


def metadata() -> Any:
    partitions = [
        MetadataResponsePartition(
            partition_index=n, leader_id=1, leader_epoch=3, replica_nodes=[1, 2, 3], isr_nodes=[1, 2, 3]
        )
        for n in range(6)
    ]
    topics = [
        MetadataResponseTopic(name=f"topic-{n}", topic_id=bytes((n,)) * 16, partitions=partitions)
        for n in range(10)
    ]
    brokers = [
        MetadataResponseBroker(node_id=n, host=f"broker-{n}.example.com", port=9092) for n in (1, 2, 3)
    ]
    return MetadataResponse(
        brokers=brokers, cluster_id="cHlrYnJva2VyLWNvZGVj", controller_id=1, topics=topics
    )


CASES = (
    Case("Produce v9 request, one batch", ProduceRequest, 9, produce(), (1.8, 4)),
    Case("Fetch v12 request, 50 partitions", FetchRequest, 12, fetch(), (1.5, 3)),
    Case("Metadata v12 response, 10 topics of 6", MetadataResponse, 12, metadata(), (1.5, 3)),
)


def ours(case: Case, data: bytes) -> tuple[Action, Action]:
    parse, build = case.message.parser(case.version), case.message.builder(case.version)
    return (lambda: parse(data)), (lambda: build(case.made))


def kafka_pythons(case: Case, data: bytes) -> tuple[Action, Action]:
    from kafka.protocol.consumer import FetchRequest as KafkaFetch  # type: ignore[import-untyped]
    from kafka.protocol.metadata import MetadataResponse as KafkaMetadata
    from kafka.protocol.producer import ProduceRequest as KafkaProduce

    classes = {ProduceRequest: KafkaProduce, FetchRequest: KafkaFetch, MetadataResponse: KafkaMetadata}
    cls, version = classes[case.message], case.version
    made = cls.decode(data, version=version)
    made._header = None
    if bytes(cls.encode(made, version=version)) != data:
        raise AssertionError(f"kafka-python writes {case.title} otherwise")
    return (lambda: cls.decode(data, version=version)), (lambda: cls.encode(made, version=version))


def per_call_us(action: Action, count: int) -> float:
    begin = time.process_time()
    for _ in range(count):
        action()
    return (time.process_time() - begin) / count * 1e6


def count_for(action: Action) -> int:
    """How many calls a round makes."""
    action()
    return max(1, int(PER_ROUND_S * 1e6 / per_call_us(action, 10)))


@dataclass(frozen=True)
class Row:
    """Microseconds of each round, ours and theirs."""

    title: str
    wanted: float
    ours: list[float]
    theirs: list[float]

    @property
    def ratio(self) -> float:
        return median(their / our for our, their in zip(self.ours, self.theirs, strict=True))


def measure(rounds: int) -> list[Row]:
    rows: list[Row] = []
    actions: list[tuple[Row, list[tuple[Action, int, list[float]]]]] = []
    for case in CASES:
        data = b"".join(case.message.build(case.version, case.made))
        pairs = zip(ours(case, data), kafka_pythons(case, data), strict=True)
        for (mine, theirs), what, wanted in zip(pairs, ("parse", "build"), case.wanted, strict=True):
            row = Row(f"{case.title}: {what}", wanted, [], [])
            rows.append(row)
            both = ((mine, row.ours), (theirs, row.theirs))
            actions.append((row, [(action, count_for(action), found) for action, found in both]))
    for _ in range(rounds):
        for _, both in actions:
            for action, count, found in both:
                found.append(per_call_us(action, count))
    return rows


FIRST_ANSWER = """
import time, construct
begin = time.perf_counter()
from wire.framing import FrameReader
from wire.headers import parse_request_header, build_response_header
from wire.messages.api_versions import ApiVersion, ApiVersionsRequest, ApiVersionsResponse
ApiVersionsRequest.parse(3, bytes.fromhex("056b63617404312e3700"))
ApiVersionsResponse.build(3, ApiVersionsResponse(api_keys=[ApiVersion(api_key=18, max_version=4)]))
print((time.perf_counter() - begin) * 1e3)
"""
GENERATION = """
import time
from statistics import median, quantiles
from wire.catalog import all_messages
messages = all_messages()
messages[0].parser(messages[0].versions.first)
took = []
for message in messages:
    assert not message._parsers and not message._builders or message is messages[0]
    for version in range(message.versions.first, message.versions.last + 1):
        for make in (message.parser, message.builder):
            begin = time.process_time()
            make(version)
            took.append((time.process_time() - begin) * 1e3)
print(median(took), quantiles(took, n=20)[-1], max(took))
"""


def fresh(script: str, times: int) -> list[float]:
    """The medians of the numbers that a script prints, over fresh interpreters."""
    runs = [
        subprocess.run(
            [sys.executable, "-c", script], check=True, capture_output=True, text=True
        ).stdout.split()
        for _ in range(times)
    ]
    return [median(map(float, column)) for column in zip(*runs, strict=True)]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=31)
    parser.add_argument("--json", action="store_true", help="all figures")
    options = parser.parse_args()
    fresh(FIRST_ANSWER, 1)  # compiles the modules
    (first_answer_ms,) = fresh(FIRST_ANSWER, 11)
    generation_ms, most_ms, largest_ms = fresh(GENERATION, 3)
    rows = measure(options.rounds)
    if options.json:
        figures = {row.title: {"ours_us": row.ours, "kafka_python_us": row.theirs} for row in rows}
        print(
            json.dumps(
                {
                    "codec": figures,
                    "first_answer_ms": first_answer_ms,
                    "generation_ms": [generation_ms, most_ms, largest_ms],
                }
            )
        )
        return
    print("| message | wire us | kafka-python us | times as fast | at least |\n|---|---|---|---|---|")
    for row in rows:
        mine, theirs = median(row.ours), median(row.theirs)
        print(f"| {row.title} | {mine:.1f} | {theirs:.1f} | {row.ratio:.1f} | {row.wanted} |")
    print(
        f"\nImport and first answer (ApiVersions) beyond construct: {first_answer_ms:.1f} ms (wanted: below 15)"
    )
    print(
        f"Generating one direction of a version: {generation_ms:.2f} ms (median), 95 % below {most_ms:.2f} ms,"
        f" the largest {largest_ms:.1f} ms (wanted: below 1)"
    )


if __name__ == "__main__":
    main()
