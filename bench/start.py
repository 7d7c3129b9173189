"""From the start of a broker's process to its first answer; and where pykbroker's start goes.

    python bench/start.py [--top 25]        modules by their own import time on the way to a ready broker

The measure polls with connections from the moment that the process is started, so the answer is the first that any
client could have had. Memory is VmRSS one second later, before any other client.
"""

from __future__ import annotations

import argparse
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import peers
from procfs import cpu_s, resident_mb

from harness import rawwire
from harness.process import environment, free_port

IDLE_S = 1.0


def measure(name: str) -> dict[str, float | None]:
    """One start of a fresh broker: ms and CPU ms to the first ApiVersions answer, idle MB, ms from SIGTERM to exit."""
    broker = peers.make(name, fast=False)
    broker.bootstrap = f"127.0.0.1:{free_port()}"
    command = broker.command()
    try:
        with open(broker.log_path, "ab") as log:
            begin = time.perf_counter()
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=broker.work_dir,
                env=environment(),
            )
        try:
            answer_ms = _first_answer_ms(broker.bootstrap, process, begin)
            cpu_ms = (cpu_s(process.pid) or 0.0) * 1e3
            time.sleep(IDLE_S)
            idle_mb = resident_mb(process.pid)
        finally:
            stopping = time.perf_counter()
            process.terminate()
            try:
                process.wait(20)
            finally:
                process.kill()
        return {
            "ms": answer_ms,
            "cpu_ms": cpu_ms,
            "mb": idle_mb,
            "stop_ms": (time.perf_counter() - stopping) * 1e3,
        }
    finally:
        broker.close()


def _first_answer_ms(bootstrap: str, process: subprocess.Popen[bytes], begin: float) -> float:
    while True:
        try:
            rawwire.api_versions(bootstrap, 1.0)
            return (time.perf_counter() - begin) * 1e3
        except (OSError, ValueError):
            if process.poll() is not None or time.perf_counter() - begin > 60:
                raise
            time.sleep(0.0005)


_IMPORT = re.compile(r"import time:\s+(\d+) \|\s+(\d+) \| ( *)(\S+)")


def import_times() -> list[tuple[int, int, str]]:
    """(own us, us with what it imports, module) of everything imported until pykbroker is ready."""
    with tempfile.TemporaryDirectory() as folder:
        errors = Path(folder) / "importtime"
        read_fd, write_fd = os.pipe()
        command = [sys.executable, "-X", "importtime", "-m", "pykbroker", "serve", "--listen", "127.0.0.1:0"]
        command += ["--data-dir", f"{folder}/data", "--ready-fd", str(write_fd)]
        with open(errors, "wb") as stderr:
            process = subprocess.Popen(
                command,
                stdout=subprocess.DEVNULL,
                stderr=stderr,
                pass_fds=[write_fd],
                cwd=folder,
                env=environment(),
            )
        os.close(write_fd)
        with open(read_fd) as ready:
            ready.readline()
        process.send_signal(signal.SIGTERM)
        process.wait(20)
        rows = _IMPORT.findall(errors.read_text(errors="replace"))
    return [(int(own), int(total), name) for own, total, _, name in rows]


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--top", type=int, default=25, help="how many modules to print")
    arguments = parser.parse_args()
    import_times()  # compiles what is new
    rows = import_times()
    print(f"{len(rows)} modules, {sum(row[0] for row in rows) / 1e3:.0f} ms of imports")
    packages: dict[str, int] = {}
    for own, _, name in rows:
        packages[name.partition(".")[0]] = packages.get(name.partition(".")[0], 0) + own
    print("\nby package, own ms")
    for name, own in sorted(packages.items(), key=lambda item: -item[1])[: arguments.top]:
        print(f"{own / 1e3:8.1f}  {name}")
    print("\nby module, own ms, ms with what it imports")
    for own, total, name in sorted(rows, reverse=True)[: arguments.top]:
        print(f"{own / 1e3:8.1f} {total / 1e3:8.1f}  {name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
