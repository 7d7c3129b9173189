"""What a log may expect of `Files`: the same for the machine's disk and for the one in memory."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import pytest

from pykbroker.files import DiskFiles


@pytest.fixture(params=["disk", "memory"])
def place(request: pytest.FixtureRequest, tmp_path: Path, new_disk: Any) -> tuple[Any, str]:
    """(files, a directory)"""
    if request.param == "disk":
        return DiskFiles(), str(tmp_path)
    files = new_disk()
    files.mkdir("/tmp/x")
    return files, "/tmp/x"


def test_positional_reads_and_writes(place: tuple[Any, str]) -> None:
    files, path = place
    with pytest.raises(FileNotFoundError):
        files.open(f"{path}/f")
    file = files.open(f"{path}/f", create=True)
    file.pwritev([b"abc", memoryview(b"xdefx")[1:4], bytearray(b"g")], 7, 2)
    assert file.pread(100, 0) == b"\0\0abcdefg"
    assert file.pread(3, 4) == b"cde"
    assert file.pread(3, 100) == b""
    assert file.size() == files.size(f"{path}/f") == 9
    file.truncate(4)
    assert file.pread(100, 0) == b"\0\0ab"
    file.truncate(6)
    assert file.pread(100, 0) == b"\0\0ab\0\0"
    file.allocate(20)
    assert file.size() == 20
    file.fsync()
    file.close()
    file.close()
    again = files.open(f"{path}/f", write=False)
    assert again.pread(4, 0) == b"\0\0ab"
    again.close()


def test_time_of_the_last_change(place: tuple[Any, str]) -> None:
    files, path = place
    with pytest.raises(FileNotFoundError):
        files.modified_ms(f"{path}/f")
    file = files.open(f"{path}/f", create=True)
    file.pwritev([b"x"], 1, 0)
    file.close()
    if isinstance(files, DiskFiles):
        os.utime(f"{path}/f", ns=(0, 1_234_567_890_123_999_999))
        assert files.modified_ms(f"{path}/f") == 1_234_567_890_123
    else:
        assert files.modified_ms(f"{path}/f") == files.now_ms


def test_directories(place: tuple[Any, str]) -> None:
    files, path = place
    assert files.mkdir(f"{path}/a/b") is True
    assert files.mkdir(f"{path}/a") is False
    files.atomic_write(f"{path}/a/f", b"one")
    assert sorted(files.listdir(f"{path}/a")) == [("b", True), ("f", False)]
    with pytest.raises(OSError, match="not empty"):
        files.rmdir(f"{path}/a")
    files.rename(f"{path}/a", f"{path}/c")
    assert files.read(f"{path}/c/f") == b"one"
    assert not files.exists(f"{path}/a")
    files.unlink(f"{path}/c/f")
    files.unlink(f"{path}/c/f")
    files.rmdir(f"{path}/c/b")
    files.rmdir(f"{path}/c/b")
    assert files.listdir(f"{path}/c") == []
    files.sync_directory(path)
    with pytest.raises(FileNotFoundError):
        files.listdir(f"{path}/none")
    for action in (files.read, files.size):
        with pytest.raises(FileNotFoundError):
            action(f"{path}/none")


@pytest.mark.parametrize("durable", [True, False])
def test_a_file_is_replaced_whole(place: tuple[Any, str], durable: bool) -> None:
    files, path = place
    for data in (b"a long content" * 10_000, b"short", b""):
        files.atomic_write(f"{path}/f", data, durable=durable)
        assert files.read(f"{path}/f") == data
    assert files.listdir(path) == [("f", False)]


def test_locks(place: tuple[Any, str]) -> None:
    files, path = place
    lock = files.lock(f"{path}/.lock")
    assert lock is not None
    assert files.lock(f"{path}/.lock") is None
    lock.release()
    lock.release()
    again = files.lock(f"{path}/.lock")
    assert again is not None
    again.release()


def test_a_write_that_the_kernel_cuts_short_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that fills up takes part of a write, a signal may cut one: whole buffers, or an OSError."""
    import os

    real_writev, real_write = os.pwritev, os.pwrite
    monkeypatch.setattr(os, "pwritev", lambda fd, buffers, at: real_write(fd, bytes(buffers[0])[:2], at))
    monkeypatch.setattr(os, "pwrite", lambda fd, data, at: real_write(fd, bytes(data)[:3], at))
    file = DiskFiles().open(str(tmp_path / "f"), create=True)
    file.pwritev([b"abcd", b"", memoryview(b"efghijkl")], 12, 5)
    assert file.pread(100, 5) == b"abcdefghijkl"
    monkeypatch.setattr(os, "pwrite", lambda fd, data, at: 0)
    with pytest.raises(OSError, match="space") as caught:
        file.pwritev([b"abcd"], 4, 0)
    assert caught.value.errno == errno.ENOSPC
    assert real_writev
    file.close()


def test_a_read_that_the_kernel_cuts_short_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import os

    real = os.pread
    file = DiskFiles().open(str(tmp_path / "f"), create=True)
    file.pwritev([b"abcdefghij"], 10, 0)
    monkeypatch.setattr(os, "pread", lambda fd, length, at: real(fd, min(length, 3), at))
    assert file.pread(8, 1) == b"bcdefghi"
    assert file.pread(100, 1) == b"bcdefghij"
    file.close()
