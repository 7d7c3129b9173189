"""Kafka's own command line tools as recorded clients. They are in the jars that the reference broker runs from.

A scenario is a list of command lines; `{at}` stands for the address. Each line is one JVM of half a second.
"""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

from differential.corpus import MARKER
from harness.fetched import Unavailable
from reference.kafka import jars, java_command

ARTIFACT = "kafka-4.3.1"
PREFIX = MARKER.decode()
TOOLS = {
    "topics": "org.apache.kafka.tools.TopicCommand",
    "configs": "kafka.admin.ConfigCommand",
    "groups": "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand",
    "all-groups": "org.apache.kafka.tools.GroupsCommand",
    "offsets": "org.apache.kafka.tools.GetOffsetShell",
    "delete-records": "org.apache.kafka.tools.DeleteRecordsCommand",
    "log-dirs": "org.apache.kafka.tools.LogDirsCommand",
    "transactions": "org.apache.kafka.tools.TransactionsCommand",
    "api-versions": "org.apache.kafka.tools.BrokerApiVersionsCommand",
    "cluster": "org.apache.kafka.tools.ClusterTool",
    "features": "org.apache.kafka.tools.FeatureCommand",
    "producer": "org.apache.kafka.tools.ConsoleProducer",
    "consumer": "org.apache.kafka.tools.consumer.ConsoleConsumer",
}


def client() -> str:
    """Name and version."""
    return f"Apache Kafka's tools {ARTIFACT.removeprefix('kafka-')}"


def missing() -> str:
    """Why the tools cannot run here, or ""."""
    try:
        jars(ARTIFACT)
    except Unavailable as reason:
        return str(reason)
    return ""


def run(scenario: Callable[[str, Path], None], bootstrap: str) -> None:
    """A scenario with a folder for the files that tools read."""
    with tempfile.TemporaryDirectory() as folder:
        scenario(bootstrap, Path(folder))


def tool(bootstrap: str, name: str, arguments: str, sent: str = "") -> None:
    """One command line; what it prints and whether it succeeds does not matter, what it asks does."""
    options = ["-Xmx64m", "-Xshare:auto", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"]
    command = java_command(
        jars(ARTIFACT), options, TOOLS[name], "--bootstrap-server", bootstrap, *arguments.split()
    )
    subprocess.run(command, input=sent.encode(), capture_output=True, timeout=90, check=False)


def administers(bootstrap: str, folder: Path) -> None:
    """Topics, configurations, deleted records, offsets, log dirs, cluster id, features."""
    topic = f"{PREFIX}-javaadmin-topic"
    tool(bootstrap, "topics", f"--create --topic {topic} --partitions 2 --config cleanup.policy=compact")
    tool(bootstrap, "topics", f"--create --topic {topic} --if-not-exists")
    tool(bootstrap, "topics", f"--create --topic {topic}")
    tool(bootstrap, "topics", f"--describe --topic {topic}")
    tool(bootstrap, "topics", f"--describe --topic {PREFIX}-unknown")
    tool(bootstrap, "topics", f"--alter --topic {topic} --partitions 3")
    tool(bootstrap, "topics", "--list")
    change = "--add-config retention.ms=1000000 --delete-config cleanup.policy"
    tool(bootstrap, "configs", f"--alter --entity-type topics --entity-name {topic} {change}")
    tool(
        bootstrap,
        "configs",
        f"--alter --entity-type topics --entity-name {topic} --add-config retention.ms=x",
    )
    tool(bootstrap, "configs", f"--describe --entity-type topics --entity-name {topic}")
    tool(bootstrap, "configs", f"--describe --all --entity-type topics --entity-name {topic}")
    tool(bootstrap, "configs", "--describe --entity-type brokers --entity-name 0")
    tool(bootstrap, "configs", "--describe --entity-type brokers --entity-default")
    tool(bootstrap, "producer", f"--topic {topic}", sent="one\ntwo\nthree\n")
    before = folder / "before.json"
    row = {"topic": topic, "partition": 0, "offset": 1}
    before.write_text(json.dumps({"partitions": [row, row | {"partition": 1, "offset": -1}], "version": 1}))
    tool(bootstrap, "delete-records", f"--offset-json-file {before}")
    for time in ("latest", "earliest", "max-timestamp", "1000", "earliest-local", "latest-tiered"):
        tool(bootstrap, "offsets", f"--topic {topic} --time {time}")
    tool(bootstrap, "log-dirs", f"--describe --topic-list {topic}")
    tool(bootstrap, "cluster", "cluster-id")
    tool(bootstrap, "features", "describe")
    tool(bootstrap, "api-versions", "")
    tool(bootstrap, "topics", f"--delete --topic {topic}")


def groups(bootstrap: str, folder: Path) -> None:
    """The console producer and consumer, what is told about groups, their offsets reset and deleted; transactions."""
    topic, group = f"{PREFIX}-javagroup-topic", f"{PREFIX}-javagroup-group"
    tool(bootstrap, "topics", f"--create --topic {topic} --partitions 2")
    tool(
        bootstrap,
        "producer",
        f"--topic {topic} --property parse.key=true --property key.separator=:",
        sent="a:1\nb:2\n",
    )
    tool(
        bootstrap,
        "producer",
        f"--topic {topic} --compression-codec zstd --request-required-acks 1",
        sent="x\n" * 20,
    )
    tool(bootstrap, "consumer", f"--topic {topic} --group {group} --from-beginning --max-messages 22")
    tool(
        bootstrap,
        "consumer",
        f"--topic {topic} --partition 0 --offset 0 --timeout-ms 1000 --isolation-level read_committed",
    )
    tool(bootstrap, "groups", "--list --state")
    tool(bootstrap, "all-groups", "--list")
    tool(bootstrap, "groups", f"--describe --group {group}")
    tool(bootstrap, "groups", f"--describe --members --verbose --group {group}")
    tool(bootstrap, "groups", f"--describe --state --group {group}")
    tool(bootstrap, "groups", f"--reset-offsets --to-earliest --execute --topic {topic} --group {group}")
    tool(bootstrap, "groups", f"--delete-offsets --topic {topic} --group {group}")
    tool(bootstrap, "groups", f"--delete --group {group}")
    tool(bootstrap, "groups", f"--describe --group {PREFIX}-unknown")
    tool(bootstrap, "transactions", "list")
    tool(bootstrap, "transactions", f"describe-producers --topic {topic} --partition 0")


SCENARIOS: dict[str, tuple[str, Callable[[str, Path], None]]] = {
    "admin": ((administers.__doc__ or "").strip(), administers),
    "groups": ((groups.__doc__ or "").strip(), groups),
}
