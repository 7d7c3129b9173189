"""Kafka's small text files: checkpoints, meta.properties, partition.metadata, the mark of a clean shutdown.

A checkpoint is a version line (0), a line with the number of entries, and a line per entry with fields between spaces.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator

from pykbroker.files import Files

RECOVERY_POINTS = "recovery-point-offset-checkpoint"
LOG_STARTS = "log-start-offset-checkpoint"
HIGH_WATERMARKS = "replication-offset-checkpoint"
CLEANED_UPTO = "cleaner-offset-checkpoint"
CLEAN_SHUTDOWN = ".kafka_cleanshutdown"
META_PROPERTIES = "meta.properties"
PARTITION_METADATA = "partition.metadata"

TopicPartition = tuple[str, int]


def format_checkpoint(lines: Iterable[str]) -> bytes:
    """A checkpoint file with one entry per line."""
    listed = list(lines)
    return "\n".join(("0", str(len(listed)), *listed, "")).encode()


def parse_checkpoint(data: bytes, fields: int) -> Iterator[list[str]]:
    """The entries of a checkpoint, each with `fields` fields. An empty file, as Kafka makes one, has none.

    Raises: ValueError where the file is not one.
    """
    lines = data.decode("utf-8").splitlines()
    if not lines:
        return
    if not data.endswith(b"\n"):
        raise ValueError("the last line is cut off")  # where a digit is missing, an offset is another offset
    if lines[0].strip() != "0":
        raise ValueError(f"unknown checkpoint version {lines[0]!r}")
    if len(lines) < 2:
        return
    expected = int(lines[1])
    if len(lines) - 2 != expected:
        raise ValueError(f"{len(lines) - 2} entries where {expected} are announced")
    for line in lines[2:]:
        parts = line.split()
        if len(parts) != fields:
            raise ValueError(f"malformed entry {line!r}")
        yield parts


def read_offsets(files: Files, directory: str, name: str) -> dict[TopicPartition, int]:
    """The offsets of a checkpoint file, by topic and partition; {} if there is none.

    Raises: ValueError where the file is not one.
    """
    try:
        data = files.read(f"{directory}/{name}")
    except FileNotFoundError:
        return {}
    return {(topic, int(index)): int(offset) for topic, index, offset in parse_checkpoint(data, 3)}


def write_offsets(files: Files, directory: str, name: str, offsets: dict[TopicPartition, int]) -> None:
    """Replaces a checkpoint file; durable when it returns."""
    lines = (f"{topic} {index} {offset}" for (topic, index), offset in offsets.items())
    files.atomic_write(f"{directory}/{name}", format_checkpoint(lines))


def parse_properties(data: bytes) -> dict[str, str]:
    """A Java properties file, as far as Kafka's own use it: `key=value` lines, comments, backslashes before signs."""
    found: dict[str, str] = {}
    for line in data.decode("utf-8").splitlines():
        text = line.strip()
        if text and text[0] not in "#!":
            key, _, value = text.partition("=")
            found[key.strip()] = value.strip().replace("\\", "")
    return found


def format_meta_properties(broker_id: int, cluster_id: str) -> bytes:
    """meta.properties in version 0, which brokers with ZooKeeper write and read."""
    return f"#\ncluster.id={cluster_id}\nversion=0\nbroker.id={broker_id}\n".encode()


def format_partition_metadata(topic_id: bytes) -> bytes:
    return f"version: 0\ntopic_id: {uuid_text(topic_id)}".encode()


def parse_partition_metadata(data: bytes) -> bytes:
    """The topic id, 16 bytes.

    Raises: ValueError where the file is not one.
    """
    fields = dict(line.partition(": ")[::2] for line in data.decode("utf-8").splitlines())
    if fields.get("version") != "0" or "topic_id" not in fields:
        raise ValueError("no version 0 or no topic_id in partition.metadata")
    topic_id = base64.urlsafe_b64decode(fields["topic_id"] + "==")
    if len(topic_id) != 16:
        raise ValueError(f"a topic id of {len(topic_id)} bytes in partition.metadata")
    return topic_id


def read_topic_id(files: Files, directory: str) -> bytes | None:
    """The topic id in a log's partition.metadata; None if there is none that makes sense."""
    try:
        return parse_partition_metadata(files.read(f"{directory}/{PARTITION_METADATA}"))
    except (FileNotFoundError, ValueError):
        return None


def write_topic_id(files: Files, directory: str, topic_id: bytes) -> None:
    """Replaces a log's partition.metadata. Raises: OSError."""
    data = format_partition_metadata(topic_id)
    files.atomic_write(f"{directory}/{PARTITION_METADATA}", data, durable=False)


def uuid_text(raw: bytes) -> str:
    """Kafka's text of a UUID: URL-safe base64 without padding."""
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def format_clean_shutdown(broker_epoch: int) -> bytes:
    """The mark's content (KIP-966); Kafka before 3.8 looks only whether the file is there."""
    return f'{{"version":0,"brokerEpoch":{broker_epoch}}}'.encode()
