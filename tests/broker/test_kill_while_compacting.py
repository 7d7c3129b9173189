"""kill -9 while the cleaner works all the time: every acknowledged value is there after each start, and nothing older wins.

The moments are not chosen: the broker is killed after some number of produces, and compaction, which has small segments and
no pause, is then wherever it is. The memory disk in tests/log chooses its moments.
"""

from __future__ import annotations

import time
from pathlib import Path

from tests.broker.client import Client
from tests.broker.process import Serve
from wire.records.batch import iterate_batches
from wire.records.record import Record, build_batch, read_records

SETTINGS = {
    "log.cleanup.policy": "compact",
    "log.segment.bytes": "20000",
    "log.cleaner.backoff.ms": "0",
    "log.cleaner.min.cleanable.ratio": "0.01",
    "log.cleaner.delete.retention.ms": "0",
    "log.segment.delete.delay.ms": "0",
}
ROUNDS = 5
PRODUCES = 150
KEYS = 40
PATIENCE_S = 30


def produce(client: Client, table: dict[bytes, bytes | None], number: int) -> None:
    """Five records, one of them a tombstone now and then."""
    records = []
    for index in range(5):
        key = b"key %d" % ((number * 7 + index) % KEYS)
        value = None if (number + index) % 11 == 0 else b"%d" % number + b"x" * 100
        table[key] = value
        records.append(Record(0, 1_700_000_000_000 + number, key, value))
    assert client.produce("t", build_batch(records)).error_code == 0


def table_of(client: Client) -> tuple[dict[bytes, bytes | None], int]:
    """(last value of each key, number of records), read from the start."""
    table: dict[bytes, bytes | None] = {}
    offset = count = 0
    while data := client.fetch("t", offset).records:
        for position, header in iterate_batches(data):
            for record in read_records(data, header, position):
                assert record.key is not None
                table[record.key] = record.value
                count += 1
            offset = header.next_offset
    return table, count


def without_tombstones(table: dict[bytes, bytes | None]) -> dict[bytes, bytes | None]:
    return {key: value for key, value in table.items() if value is not None}


def test_every_acknowledged_value_survives(own: Serve, tmp_path: Path) -> None:
    own.arguments += [f"--set={name}={value}" for name, value in SETTINGS.items()]
    expected: dict[bytes, bytes | None] = {}
    number = 0
    for round_number in range(ROUNDS):
        own.start()
        with Client(own.address) as client:
            if not round_number:
                assert client.create("t") == 0
            found, _ = table_of(client)
            assert without_tombstones(found) == without_tombstones(expected)
            for _ in range(PRODUCES + 13 * round_number):
                number += 1
                produce(client, expected, number)
        own.kill()
        assert not own.complaints()
    own.start()
    deadline = time.monotonic() + PATIENCE_S
    with Client(own.address) as client:
        while True:
            found, count = table_of(client)
            assert without_tombstones(found) == without_tombstones(expected)
            if count < number * 5 / 4:
                break
            assert time.monotonic() < deadline, "it is not compacted"
