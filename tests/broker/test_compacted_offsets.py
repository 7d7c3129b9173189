"""__consumer_offsets is compacted under a running coordinator, and every restart finds the last commit of each group."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.broker.client import Client
from tests.broker.process import Serve
from wire.messages.offset_commit import OffsetCommitRequestPartition, OffsetCommitRequestTopic
from wire.messages.offset_fetch import OffsetFetchRequestTopic

SETTINGS = {
    "offsets.topic.num.partitions": "1",
    "offsets.topic.segment.bytes": "8192",
    "log.cleaner.backoff.ms": "100",
    "log.cleaner.min.cleanable.ratio": "0.05",
    "log.cleaner.delete.retention.ms": "0",
    "log.segment.delete.delay.ms": "0",
}
COMMIT_BYTES = 900  # of one commit in the log
COMMITS = 120
GROUPS = ("one", "two", "three")
PARTITIONS = 3
PATIENCE_S = 30


def commit(client: Client, group: str, partition: int, offset: int) -> None:
    row = OffsetCommitRequestPartition(
        partition_index=partition, committed_offset=offset, committed_metadata="m" * 800
    )
    topic = OffsetCommitRequestTopic(name="t", partitions=[row])
    answer = client.call("OffsetCommit", 5, group_id=group, topics=[topic])
    assert answer.topics[0].partitions[0].error_code == 0


def committed(client: Client, group: str) -> dict[int, int]:
    asked = OffsetFetchRequestTopic(name="t", partition_indexes=list(range(PARTITIONS)))
    answer = client.call("OffsetFetch", 5, group_id=group, topics=[asked])
    assert answer.error_code == 0
    return {row.partition_index: row.committed_offset for row in answer.topics[0].partitions}


def wait_for_coordinator(client: Client) -> None:
    until = time.monotonic() + PATIENCE_S
    while client.call("FindCoordinator", 1, key="one", key_type=0).error_code:
        assert time.monotonic() < until
    while client.call("OffsetFetch", 5, group_id="one", topics=[]).error_code:  # it loads
        assert time.monotonic() < until


def log_bytes(directory: Path) -> int:
    """Of all segments; the cleaner may be renaming them."""
    total = 0
    for path in directory.glob("*.log"):
        try:
            total += path.stat().st_size
        except FileNotFoundError:
            continue
    return total


@pytest.mark.parametrize("kill", [False, True])
def test_offsets_survive_compaction_and_restarts(own: Serve, tmp_path: Path, kill: bool) -> None:
    own.arguments += [f"--set={name}={value}" for name, value in SETTINGS.items()]
    expected = {group: dict.fromkeys(range(PARTITIONS), -1) for group in GROUPS}
    offset = 0
    for _ in range(3):
        own.start()
        directory = own.data_dir / "log" / "__consumer_offsets-0"
        with Client(own.address) as client:
            client.create("t", PARTITIONS)
            wait_for_coordinator(client)
            assert {group: committed(client, group) for group in GROUPS} == expected
            for _ in range(COMMITS):
                offset += 1
                group, partition = GROUPS[offset % 3], offset // 3 % PARTITIONS
                commit(client, group, partition, offset)
                expected[group][partition] = offset
            deadline = time.monotonic() + PATIENCE_S
            while log_bytes(directory) > COMMITS * COMMIT_BYTES / 2:
                assert time.monotonic() < deadline, "it is not compacted"
                assert committed(client, "one") == expected["one"]
            answer = client.call("DeleteGroups", 1, groups_names=["three"])
            assert answer.results[0].error_code == 0
            expected["three"] = dict.fromkeys(range(PARTITIONS), -1)
        assert not own.complaints()
        if kill:
            own.kill()
        else:
            assert own.stop() == 0
