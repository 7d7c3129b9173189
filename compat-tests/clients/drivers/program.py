"""Client libraries of other languages: a program for each (programs/), one process for a driver and one for each member.

Processes that did their work serve the next test: a JVM takes seconds to be warm.

The process gets the broker's address as its argument and then reads commands, one JSON object a line:

    {"verb": "watermarks", "topic": "t", "partition": 0}

and writes one answer a line: `{"ok": value}`, `{"error": code, "text": ...}` with Kafka's error code (-1: the client's own
error) or `{"cannot": reason}`. Bytes travel in base64, maps by partition have strings as keys. The verbs are those of
`base.Driver` with their arguments by name. `about` tells the library's name and version, its codecs, assignors and what it
cannot do. `open_producer` answers with a number, which the verbs of a producer name.

`member` makes the process a member of a group: it writes `{"holds": [partition, ...]}` when its partitions change,
`{"taken": [record, ...]}` for records whose commit succeeded, and when `{"verb": "leave"}` comes, leaves, answers the first
command and is an ordinary program again.
"""

from __future__ import annotations

import base64
import contextlib
import json
import subprocess
import tempfile
import threading
from collections.abc import Sequence
from typing import Any

from clients.drivers import base, building
from clients.drivers.base import BrokerError, Cannot, Message, Received
from clients.members import Member
from harness.fetched import Unavailable

# library -> language, program
PROGRAMS = {
    "java": ("java", "Client"),
    "franz-go": ("go", "franz"),
    "sarama": ("go", "sarama"),
    "kafka-go": ("go", "segmentio"),
    "kafkajs": ("node", "kafkajs"),
    "platformatic": ("node", "platformatic"),
    "rskafka": ("rust", "rskafka"),
}
LEAVING_S = 15.0


class ProgramEnded(Exception):
    """The process is gone without an answer; the text is the end of its error output."""


def _text(data: bytes | None) -> str | None:
    return None if data is None else base64.b64encode(data).decode()


def _bytes(text: str | None) -> bytes | None:
    return None if text is None else base64.b64decode(text)


def _received(record: dict[str, Any]) -> Received:
    headers = tuple((name, _bytes(value)) for name, value in record["headers"])
    return Received(
        record["partition"],
        record["offset"],
        record["timestamp_ms"],
        _bytes(record["key"]),
        _bytes(record["value"]),
        headers,
    )


def _sent(message: Message) -> dict[str, Any]:
    return {
        "partition": message.partition,
        "timestamp_ms": message.timestamp_ms,
        "key": _text(message.key),
        "value": _text(message.value),
        "headers": [[name, _text(value)] for name, value in message.headers],
    }


def _by_partition(found: dict[str, int | None]) -> dict[int, int | None]:
    return {int(partition): value for partition, value in found.items()}


class Process:
    """The program, running."""

    def __init__(self, command: Sequence[str], bootstrap: str) -> None:
        self.started_as = (*command, bootstrap)
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the process
        self._process = subprocess.Popen(
            self.started_as,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
        )
        self._lock = threading.Lock()
        self.is_waiting = True  # for a command: every one so far had its answer

    def write(self, command: dict[str, Any]) -> None:
        assert self._process.stdin is not None
        self.is_waiting = False
        with contextlib.suppress(BrokenPipeError):  # the next read tells what happened
            self._process.stdin.write(json.dumps(command) + "\n")
            self._process.stdin.flush()

    def read(self) -> dict[str, Any]:
        """The next line. Raises: ProgramEnded, BrokerError, Cannot."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            self._process.wait(LEAVING_S)
            self._errors.seek(0)
            raise ProgramEnded(
                f"exit {self._process.returncode}: {self._errors.read()[-3000:].decode(errors='replace')}"
            )
        answer: dict[str, Any] = json.loads(line)
        self.is_waiting = not answer.keys() & {"holds", "taken"}
        if "cannot" in answer:
            raise Cannot(answer["cannot"])
        if "error" in answer:
            raise BrokerError(answer["error"], answer["text"])
        return answer

    def ask(self, verb: str, **arguments: Any) -> Any:
        """One command and its answer."""
        with self._lock:  # a test's thread and a member's may share the driver
            self.write({"verb": verb, **arguments})
            return self.read()["ok"]

    def close(self) -> None:
        """End of input is the sign to go; what does not follow is killed."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.close()
        try:
            self._process.wait(LEAVING_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()
        self._errors.close()


_idle: list[Process] = []


def _take(command: Sequence[str], bootstrap: str) -> Process:
    """A process for one user at a time: one that waits for commands, or a new one."""
    for process in _idle:
        if process.started_as == (*command, bootstrap):
            _idle.remove(process)
            return process
    return Process(command, bootstrap)


def _give_back(process: Process) -> None:
    if process.is_waiting:
        _idle.append(process)
    else:
        process.close()


def close_all() -> None:
    """End the processes that wait for the next test."""
    while _idle:
        _idle.pop().close()


class _Producer(base.Producer):
    def __init__(self, process: Process, options: dict[str, Any]) -> None:
        self._process = process
        self._number = process.ask("open_producer", **options)

    def _ask(self, verb: str, **arguments: Any) -> Any:
        return self._process.ask(verb, producer=self._number, **arguments)

    def send(self, topic: str, message: Message) -> None:
        self._ask("send", topic=topic, message=_sent(message))

    def flush(self, timeout_s: float = 20.0) -> list[tuple[int, int]]:
        return [
            (partition, offset) for partition, offset in self._ask("flush", timeout_ms=int(timeout_s * 1000))
        ]

    def begin(self) -> None:
        self._ask("begin")

    def send_offsets(self, group: str, topic: str, offsets: dict[int, int]) -> None:
        self._ask("send_offsets", group=group, topic=topic, offsets=offsets)

    def commit(self) -> None:
        self._ask("end", commit=True)

    def abort(self) -> None:
        self._ask("end", commit=False)

    def close(self) -> None:
        self._ask("close_producer")


class ProgramDriver(base.Driver):
    """Any library that has a program. Raises: Cannot if it cannot be built here."""

    def __init__(self, name: str, bootstrap: str) -> None:
        super().__init__(bootstrap)
        try:
            self._command = building.command(*PROGRAMS[name])
        except Unavailable as error:
            raise Cannot(f"{name}: {error}") from error
        self._process = _take(self._command, bootstrap)
        about = self._process.ask("about")
        self.name, self.version = name, about["version"]
        self.codecs, self.assignors = frozenset(about["codecs"]), frozenset(about["assignors"])
        self.cannot = about["cannot"]

    def close(self) -> None:
        _give_back(self._process)

    def _ask(self, verb: str, **arguments: Any) -> Any:
        self.needs(verb)
        return self._process.ask(verb, **arguments)

    def producer(
        self,
        *,
        acks: str = "all",
        codec: str = "none",
        idempotent: bool = False,
        transactional_id: str | None = None,
        max_bytes: int | None = None,
    ) -> _Producer:
        self.needs(f"codec {codec}", f"acks {acks}")
        self.needs(*["idempotence"] * idempotent, *["transactions"] * bool(transactional_id))
        options = {
            "acks": acks,
            "codec": codec,
            "idempotent": idempotent,
            "transactional_id": transactional_id,
            "max_bytes": max_bytes,
        }
        return _Producer(self._process, options)

    def read(
        self,
        topic: str,
        starts: dict[int, int],
        count: int,
        timeout_s: float = 20.0,
        *,
        partition_bytes: int | None = None,
        committed_only: bool = False,
    ) -> list[Received]:
        records = self._ask(
            "read",
            topic=topic,
            starts=starts,
            count=count,
            timeout_ms=int(timeout_s * 1000),
            partition_bytes=partition_bytes,
            committed_only=committed_only,
        )
        return [_received(record) for record in records]

    def offsets_for_times(self, topic: str, times_ms: dict[int, int]) -> dict[int, int | None]:
        return _by_partition(self._ask("offsets_for_times", topic=topic, times_ms=times_ms))

    def watermarks(self, topic: str, partition: int) -> tuple[int, int]:
        low, high = self._ask("watermarks", topic=topic, partition=partition)
        return low, high

    def run_member(self, member: Member) -> None:
        self.needs("member", *["static members"] * bool(member.instance_id))
        process = _take(self._command, self.bootstrap)
        telling = threading.Thread(target=_tell_to_leave, args=(member, process), daemon=True)
        try:
            process.write(
                {
                    "verb": "member",
                    "group": member.group,
                    "topic": member.topic,
                    "assignor": member.assignor,
                    "instance_id": member.instance_id,
                }
            )
            telling.start()
            while "ok" not in (event := process.read()):
                if "holds" in event:
                    member.holds(event["holds"])
                else:
                    member.polled(_received(record) for record in event["taken"])
                    member.committed()
        finally:
            member.leaving.set()  # also of a member that failed: its thread ends
            telling.join()
            _give_back(process)

    def commit(self, group: str, topic: str, offsets: dict[int, int]) -> None:
        self._ask("commit", group=group, topic=topic, offsets=offsets)

    def committed(self, group: str, topic: str, partitions: Sequence[int]) -> dict[int, int | None]:
        return _by_partition(self._ask("committed", group=group, topic=topic, partitions=list(partitions)))

    def create_topic(self, topic: str, partitions: int = 1, configs: dict[str, str] | None = None) -> None:
        self.needs(*["topic configs"] * bool(configs))
        self._ask("create_topic", topic=topic, partitions=partitions, configs=configs or {})

    def delete_topic(self, topic: str) -> None:
        self._ask("delete_topic", topic=topic)

    def topics(self) -> set[str]:
        return set(self._ask("topics"))

    def partition_count(self, topic: str) -> int:
        return int(self._ask("partition_count", topic=topic))

    def create_partitions(self, topic: str, total: int) -> None:
        self._ask("create_partitions", topic=topic, total=total)

    def topic_configs(self, topic: str) -> dict[str, str | None]:
        return dict(self._ask("topic_configs", topic=topic))

    def broker_configs(self, broker_id: int) -> dict[str, str | None]:
        return dict(self._ask("broker_configs", broker=broker_id))

    def alter_topic_config(self, topic: str, name: str, value: str) -> None:
        self._ask("alter_topic_config", topic=topic, name=name, value=value)

    def delete_records(self, topic: str, before: dict[int, int]) -> dict[int, int]:
        return {int(p): low for p, low in self._ask("delete_records", topic=topic, before=before).items()}

    def groups(self) -> set[str]:
        return set(self._ask("groups"))

    def describe_group(self, group: str) -> tuple[str, int]:
        state, members = self._ask("describe_group", group=group)
        return state, members

    def delete_group(self, group: str) -> None:
        self._ask("delete_group", group=group)

    def broker_ids(self) -> set[int]:
        return set(self._ask("broker_ids"))


def _tell_to_leave(member: Member, process: Process) -> None:
    member.leaving.wait()
    process.write({"verb": "leave"})
