"""kfake: franz-go's broker for tests, in memory; a Go module, made a process by kfake/main.go."""

from __future__ import annotations

import re
from pathlib import Path

from harness.fetched import go_program
from harness.process import BrokerProcess, free_port

SOURCE = Path(__file__).with_name("kfake")


class Kfake(BrokerProcess):
    """One broker; nothing outlives the process."""

    name = "kfake"

    @property
    def version(self) -> str:
        """As pinned in kfake/go.mod."""
        found = re.search(r"franz-go/pkg/kfake (\S+)", (SOURCE / "go.mod").read_text())
        assert found, "go.mod does not name kfake"
        return found.group(1)

    def command(self) -> list[str]:
        """Raises: Unavailable."""
        self.bootstrap = self.bootstrap or f"127.0.0.1:{free_port()}"
        return [str(go_program(SOURCE)), self.bootstrap.rpartition(":")[2]]
