"""`python -m pykbroker serve` as a person runs it: a process of its own, seen from outside only."""

from __future__ import annotations

import os
import re
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

# Ours, without settings for another broker, and with compiled modules kept, as an installed one has them.
ENVIRON = {
    name: value
    for name, value in os.environ.items()
    if not name.startswith("KAFKA_") and name != "PYTHONDONTWRITEBYTECODE"
}
STOP_TIMEOUT_S = 10
LOG_LINE = re.compile(r"^\d\d:\d\d:\d\d\.\d\d\d (DEBUG|INFO|WARNING|ERROR) +(\S+)  (.*)$")


class Serve:
    """One broker process.

    work_dir: where it runs; its data lie in work_dir/data unless `arguments` say otherwise, stdout and stderr in files.
    `address` is (host, port), known after `start`.
    """

    def __init__(
        self,
        work_dir: Path,
        *arguments: str,
        settings: Mapping[str, str] | None = None,
        environ: Mapping[str, str] | None = None,
        default_options: bool = True,
        limit_file_bytes: int | None = None,
    ) -> None:
        self.work_dir = work_dir
        self.data_dir = work_dir / "data"
        defaults = ["--listen", "127.0.0.1:0", "--data-dir", str(self.data_dir)] if default_options else []
        given = [f"--set={name}={value}" for name, value in (settings or {}).items()]
        self.arguments = [*defaults, *given, *arguments]
        self.environ = ENVIRON | dict(environ or {})
        self.address = ("", 0)
        self.limit_file_bytes = limit_file_bytes
        self._process: subprocess.Popen[bytes] | None = None

    def launch(self) -> int:
        """Start the process; the descriptor on which it will say that it is ready."""
        self.work_dir.mkdir(parents=True, exist_ok=True)
        read_fd, write_fd = os.pipe()
        limit = self.limit_file_bytes

        def before() -> None:
            if limit is not None:
                resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))

        with open(self.work_dir / "out", "ab") as out, open(self.work_dir / "err", "ab") as err:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "pykbroker", "serve", *self.arguments, "--ready-fd", str(write_fd)],
                cwd=self.work_dir,
                env=self.environ,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                pass_fds=[write_fd],
                preexec_fn=before if limit is not None else None,
            )
        os.close(write_fd)
        return read_fd

    def start(self) -> Serve:
        """Start and wait until it is ready."""
        with open(self.launch(), encoding="ascii") as ready:
            line = ready.readline()
        assert line, f"it ended with {self.wait()}:\n{self.err}"
        host, _, port = line.strip().rpartition(":")
        self.address = host, int(port)
        return self

    @property
    def process(self) -> subprocess.Popen[bytes]:
        assert self._process is not None, "not started"
        return self._process

    @property
    def bootstrap(self) -> str:
        return f"{self.address[0]}:{self.address[1]}"

    def wait(self) -> int:
        """The exit code."""
        return self.process.wait(STOP_TIMEOUT_S)

    def signal(self, number: int) -> int:
        """Send a signal and wait for the end; the exit code."""
        self.process.send_signal(number)
        return self.wait()

    def stop(self) -> int:
        return self.signal(signal.SIGTERM)

    def kill(self) -> None:
        """SIGKILL, if it still runs."""
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
            self._process.wait()

    # what it says

    @property
    def out(self) -> str:
        return (self.work_dir / "out").read_text()

    @property
    def err(self) -> str:
        return (self.work_dir / "err").read_text()

    def lines(self, *levels: str) -> list[str]:
        """What the log says, without times; levels: only these. A line that is none of the log's counts as ERROR."""
        found = []
        for line in self.err.splitlines():
            match = LOG_LINE.match(line)
            level, text = (match[1], match[3]) if match else ("ERROR", line)
            if not levels or level in levels:
                found.append(text)
        return found

    def complaints(self) -> list[str]:
        return self.lines("WARNING", "ERROR")

    def memory_kib(self) -> int:
        """Resident memory of the process."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+) kB", status)[1])  # type: ignore[index]


def run(work_dir: Path, *arguments: str, environ: Mapping[str, str] | None = None) -> tuple[int, str, str]:
    """`serve` that is expected to end by itself: exit code, stdout, stderr."""
    done = subprocess.run(
        [sys.executable, "-m", "pykbroker", "serve", *arguments],
        cwd=work_dir,
        env=ENVIRON | dict(environ or {}),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=15,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


def eventually(reached: Callable[[], object], timeout_s: float = 5.0) -> None:
    """Until another process has done what it is about to do; it has no way to tell us, so we look."""
    deadline = time.monotonic() + timeout_s
    while not reached():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.005)


def names_in(directory: Path, *without: str) -> Sequence[str]:
    return sorted(path.name for path in directory.iterdir() if path.name not in without)
