"""librdkafka's mock cluster, which lives in a client process: `test.mock.num.brokers`.

The mock takes its port itself. Run as a program, this module holds one open and prints its address:

    python compat-tests/brokers/librdkafka_mock.py
"""

from __future__ import annotations

import importlib.util
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import IO

sys.path.insert(0, str(Path(__file__).parents[1]))

from harness.fetched import Unavailable
from harness.process import BrokerProcess


class LibrdkafkaMock(BrokerProcess):
    """One broker in a process of its own; its address is another after a restart."""

    name = "librdkafka-mock"

    @property
    def version(self) -> str:
        """Of librdkafka."""
        from confluent_kafka import libversion

        return str(libversion()[0])

    def command(self) -> list[str]:
        """Raises: Unavailable."""
        if importlib.util.find_spec("confluent_kafka") is None:
            raise Unavailable("confluent-kafka is not installed")
        return [sys.executable, str(Path(__file__))]

    def _launch(self, log: IO[bytes]) -> subprocess.Popen[bytes]:
        self.bootstrap = ""
        self._from = self.log_path.stat().st_size if self.log_path.exists() else 0
        return super()._launch(log)

    def _answers(self) -> bool:
        with open(self.log_path, "rb") as file:
            file.seek(self._from)
            found = re.search(rb"^(127\.0\.0\.1:\d+)\n", file.read(), re.M)
        if found:
            self.bootstrap = found.group(1).decode()
        return bool(self.bootstrap) and super()._answers()


def main() -> None:
    """Holds a mock open until SIGTERM."""
    from confluent_kafka import Producer

    producer = Producer({"test.mock.num.brokers": 1, "log_level": 0})
    (broker,) = producer.list_topics(timeout=10).brokers.values()
    print(f"{broker.host}:{broker.port}", flush=True)
    signal.pause()


if __name__ == "__main__":
    main()
