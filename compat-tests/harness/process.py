"""A broker as a child process: started, asked, stopped, killed, started again on the same port and data.

`BrokerProcess` is the part that pykbroker, Apache Kafka and other peers share. A subclass says how the
command looks; the address is chosen at the first start and kept, so that clients find the broker again
after a restart. The log goes to a file in the work folder: a failed test shows its tail. Nothing
outlives `close()`, which also runs at interpreter exit.
"""

from __future__ import annotations

import atexit
import contextlib
import ctypes
import os
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
from abc import ABC, abstractmethod
from importlib import metadata
from pathlib import Path
from typing import IO

from harness import rawwire


class StartFailed(Exception):
    """The process ended, or did not answer in time; the text holds its log."""


SOURCE = "PYKBROKER_SOURCE"


def environment() -> dict[str, str]:
    """Ours, but compiled modules may be kept: an installed broker has them, and starts twice as fast.

    The variable PYKBROKER_SOURCE names a folder whose packages run instead of the installed ones (see planted/).
    """
    ours = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    if source := ours.get(SOURCE):
        ours["PYTHONPATH"] = source
    return ours


def free_port() -> int:
    """A loopback port that nobody holds now."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def _die_with_the_parent() -> None:
    """In the child: a test process that is killed leaves no broker behind."""
    set_parent_death_signal = 1  # PR_SET_PDEATHSIG
    ctypes.CDLL(None).prctl(set_parent_death_signal, signal.SIGKILL)


DIE_WITH_THE_PARENT = _die_with_the_parent if sys.platform == "linux" else None


class BrokerProcess(ABC):
    """One broker that we own. `bootstrap` is `HOST:PORT`, valid after `start()`."""

    name = "broker"
    version = ""  # as its authors count, where it is known without starting it
    start_timeout_s = 30.0
    stop_timeout_s = 20.0
    owned = True  # restart() and kill9() are possible
    forms_clusters = True  # or runs alone, whatever its settings

    def __init__(self, work_dir: Path | None = None) -> None:
        self._own_work_dir = work_dir is None
        self.work_dir = work_dir or Path(tempfile.mkdtemp(prefix=f"{self.name}-"))
        self.work_dir.mkdir(parents=True, exist_ok=True)
        self.log_path = self.work_dir / "broker.log"
        self.bootstrap = ""
        self._process: subprocess.Popen[bytes] | None = None
        atexit.register(self.close)

    @abstractmethod
    def command(self) -> list[str]:
        """What to run, with everything that it needs in place; may choose `self.bootstrap`."""

    def _launch(self, log: IO[bytes]) -> subprocess.Popen[bytes]:
        """Start the process; afterwards `self.bootstrap` is known."""
        return subprocess.Popen(
            self.command(),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=self.work_dir,
            start_new_session=True,
            preexec_fn=DIE_WITH_THE_PARENT,
        )

    def _answers(self) -> bool:
        """True once the broker serves clients. Called until then; connection errors count as not yet."""
        return rawwire.broker_count(self.bootstrap, 1.0) > 0

    def answers(self) -> bool:
        """Whether it serves clients now."""
        try:
            return self._answers()
        except (OSError, ValueError, struct.error):
            return False

    @property
    def pid(self) -> int:
        assert self._process is not None, "not started"
        return self._process.pid

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start (again) and wait until it serves.

        Raises: StartFailed.
        """
        self.launch()
        self.wait_ready()

    def launch(self) -> None:
        """The first half of a start: the process is there."""
        assert not self.running, "already running"
        with open(self.log_path, "ab") as log:
            self._process = self._launch(log)

    def wait_ready(self) -> None:
        """The second half: it serves. Raises: StartFailed."""
        assert self._process is not None, "not started"
        deadline = time.monotonic() + self.start_timeout_s
        while True:
            if self.answers():
                return
            if self._process.poll() is not None:
                raise StartFailed(f"{self.name} ended with {self._process.returncode}:\n{self.log()}")
            if time.monotonic() > deadline:
                self.kill9()
                raise StartFailed(
                    f"{self.name} did not answer in {self.start_timeout_s:.0f} s:\n{self.log()}"
                )
            time.sleep(0.002)

    def terminate(self) -> None:
        """SIGTERM, without waiting."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)

    def stop(self) -> int:
        """SIGTERM and wait; the exit code. A process that does not obey is killed, and that raises."""
        if self._process is None:
            return 0
        if self._process.poll() is None:
            self.terminate()
            try:
                self._process.wait(self.stop_timeout_s)
            except subprocess.TimeoutExpired:
                self.kill9()
                raise RuntimeError(f"{self.name} ignored SIGTERM:\n{self.log()}") from None
        return self._process.returncode

    def kill9(self) -> None:
        """SIGKILL and wait: what the operating system holds is kept, what the process held is gone."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def restart(self) -> None:
        """A clean stop, then a start on the same address and data."""
        self.stop()
        self.start()

    def log(self, last_bytes: int = 8192) -> str:
        """The tail of what the process printed."""
        if not self.log_path.exists():
            return ""
        with open(self.log_path, "rb") as file:
            file.seek(max(0, os.fstat(file.fileno()).st_size - last_bytes))
            return file.read().decode(errors="replace")

    def close(self) -> None:
        """Stop without ado and take the work folder away, if it is ours."""
        atexit.unregister(self.close)
        with contextlib.suppress(RuntimeError):
            self.stop()
        if self._own_work_dir:
            shutil.rmtree(self.work_dir, ignore_errors=True)

    def __enter__(self) -> BrokerProcess:
        self.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


class PykbrokerProcess(BrokerProcess):
    """`python -m pykbroker serve` with a data dir of its own; ready when it says so on a pipe.

    Settings are Kafka names and values, given as `--set`.
    """

    name = "pykbroker"
    version = metadata.version("pykbroker")
    forms_clusters = False
    start_timeout_s = 15.0

    def __init__(
        self,
        work_dir: Path | None = None,
        settings: dict[str, str] | None = None,
        python: str = sys.executable,
    ) -> None:
        super().__init__(work_dir)
        self.settings = settings or {}
        self.python = python

    @property
    def data_dir(self) -> Path:
        return self.work_dir / "data"

    def command(self) -> list[str]:
        listen = self.bootstrap or "127.0.0.1:0"
        command = [
            self.python,
            "-m",
            "pykbroker",
            "serve",
            "--listen",
            listen,
            "--data-dir",
            str(self.data_dir),
        ]
        for name, value in self.settings.items():
            command += ["--set", f"{name}={value}"]
        return command

    def _launch(self, log: IO[bytes]) -> subprocess.Popen[bytes]:
        read_fd, write_fd = os.pipe()
        try:
            process = subprocess.Popen(
                [*self.command(), "--ready-fd", str(write_fd)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=[write_fd],
                cwd=self.work_dir,
                env=environment(),
                start_new_session=True,
                preexec_fn=DIE_WITH_THE_PARENT,
            )
        finally:
            os.close(write_fd)
        with open(read_fd, "rb") as ready:
            line = ready.readline()  # empty when the process ended instead
        if line:
            self.bootstrap = line.decode().strip()
        return process

    def _answers(self) -> bool:
        return bool(self.bootstrap) and super()._answers()


class ForeignBroker:
    """A broker at a given address that somebody else runs."""

    name = "foreign"
    version = ""
    owned = False

    def __init__(self, bootstrap: str) -> None:
        self.bootstrap = bootstrap

    def start(self) -> None:
        """Raises: OSError when nobody answers there."""
        rawwire.api_versions(self.bootstrap)

    def close(self) -> None:
        pass

    def log(self) -> str:
        return ""
