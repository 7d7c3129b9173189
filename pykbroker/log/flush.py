"""A flush of one log as a value: what to make durable, done in whichever thread may wait for the disk.

`Log.begin_flush` makes the job on the log's own thread, `run` is the only part that waits, `Log.end_flush` takes the outcome
in. The files are pinned in between, so that nothing closes them under the thread that syncs them.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

from pykbroker.files import File, Files
from pykbroker.log.pool import FilePool, Handle

THREADS = 8  # that wait for the disk at a stop: from four on it answers them together, 7 times as fast as one by one


class FlushJob:
    """What a flush has to make durable. `run` may be called from another thread, between begin_flush and end_flush."""

    __slots__ = ("_directory", "_files", "done", "error", "handles", "snapshots", "temporary", "upto")

    def __init__(self, files: Files, directory: str | None, upto: int) -> None:
        self._files = files
        self._directory = directory  # None: no file was made, removed or renamed
        self.handles: list[tuple[Handle, File]] = []
        self.temporary: list[Handle] = []  # made for this job
        self.upto = upto  # the log's end offset when the job was made
        self.snapshots: list[int] = []
        self.done = False
        self.error: OSError | None = None

    def pin(self, handle: Handle) -> None:
        self.handles.append((handle, handle.pin()))

    def pin_path(self, pool: FilePool, path: str) -> None:
        handle = Handle(pool, path)
        self.temporary.append(handle)
        self.pin(handle)

    def release(self) -> None:
        for handle, _ in self.handles:
            handle.unpin()
        for handle in self.temporary:
            handle.close()

    def run(self) -> None:
        """Raises: OSError."""
        try:
            for _, file in self.handles:
                file.fsync()
            if self._directory is not None:
                self._files.sync_directory(self._directory)
        except OSError as error:
            self.error = error
            raise
        self.done = True


def run_all(jobs: Sequence[FlushJob]) -> None:
    """Runs them side by side. What fails stands in the job's `error`."""
    from concurrent.futures import ThreadPoolExecutor  # here: a start does not wait for its import

    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(_run, jobs))


def _run(job: FlushJob) -> None:
    with suppress(OSError):
        job.run()
