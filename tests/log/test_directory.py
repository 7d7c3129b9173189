"""Log directories: whose they are, what may be in them, clean and other stops, deletion."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from pykbroker.config.topic_settings import TopicSettings
from pykbroker.errors import StartError
from pykbroker.files import DiskFiles
from pykbroker.log.directory import LogDirs, parse_log_name
from wire.records.record import Record, build_batch

SETTINGS = TopicSettings()
BATCH = build_batch([Record(0, 1000, b"k", b"v" * 30)], producer_id=1, producer_epoch=0, base_sequence=0)
TOPIC_ID = bytes(range(16))


def settings_of(_topic: str) -> TopicSettings:
    return SETTINGS


def start(files: Any, *paths: str, broker_id: int = 0, cluster_id: str = "abc") -> LogDirs:
    dirs = LogDirs.open(files, paths or ("/data",))
    try:
        dirs.identify(broker_id, cluster_id)
        dirs.load(settings_of, 1000)
    except StartError:
        dirs.abandon()
        raise
    return dirs


def refused(files: Any, *paths: str, **who: Any) -> str:
    before = {path: bytes(inode.data) for path, inode in files.names.items()}
    with pytest.raises(StartError) as caught:
        start(files, *paths, **who)
    assert {path: bytes(inode.data) for path, inode in files.names.items()} == before
    assert not files.locks
    assert caught.value.exit_code
    return str(caught.value)


def test_a_new_directory_is_signed(disk: Any) -> None:
    dirs = start(disk)
    assert disk.read("/data/meta.properties") == b"#\ncluster.id=abc\nversion=0\nbroker.id=0\n"
    assert (dirs.cluster_id, dirs.logs) == ("abc", {})
    dirs.close(broker_epoch=25)
    assert disk.read("/data/.kafka_cleanshutdown") == b'{"version":0,"brokerEpoch":25}'
    assert not disk.locks


def test_logs_come_back_after_a_clean_stop_and_after_a_crash(disk: Any) -> None:
    dirs = start(disk)
    log = dirs.create("t", 3, TOPIC_ID, SETTINGS, 1000)
    log.append(BATCH, 0, 1000)
    assert dirs.close() == []
    dirs = start(disk)
    assert not disk.exists("/data/.kafka_cleanshutdown")
    log = dirs.logs["t", 3]
    assert (log.topic_id, log.log_end_offset, log.recovery_point) == (TOPIC_ID, 1, 1)
    log.append(build_batch([Record(0, 1000, b"k", b"v")]), 0, 1000)
    dirs.abandon()
    dirs = start(disk)
    log = dirs.logs["t", 3]
    assert (log.log_end_offset, log.recovery_point) == (2, 1)
    assert log.append(BATCH, 0, 1000).duplicate


def test_a_crash_while_loading_is_a_crash(disk: Any) -> None:
    """The mark is gone before anything is opened (KAFKA-10471)."""
    dirs = start(disk)
    dirs.create("t", 0, TOPIC_ID, SETTINGS, 1000)
    dirs.close()
    dirs = LogDirs.open(disk, ["/data"])
    dirs.identify(0, "abc")
    dirs.load(settings_of, 1000)
    dirs.abandon()
    assert not disk.exists("/data/.kafka_cleanshutdown")


def test_a_stop_where_a_log_failed_is_not_clean(disk: Any) -> None:
    dirs = start(disk, "/one", "/two")
    for partition in range(2):
        dirs.create("t", partition, TOPIC_ID, SETTINGS, 1000).append(BATCH, 0, 1000)
    failing = dirs.logs["t", 0]
    disk.fsync_fails = True
    with pytest.raises(OSError, match="Input"):
        failing.flush()
    disk.fsync_fails = False
    assert dirs.close()
    assert [disk.exists(f"{path}/.kafka_cleanshutdown") for path in ("/one", "/two")] == [False, True]
    again = start(disk, "/one", "/two")
    assert [log.log_end_offset for log in again.logs.values()] == [1, 1]


def test_recovery_starts_at_the_checkpoint(disk: Any) -> None:
    dirs = start(disk)
    log = dirs.create("t", 0, TOPIC_ID, SETTINGS, 1000)
    for _ in range(5):
        log.append(build_batch([Record(0, 1000, b"k", b"v" * 30)]), 0, 1000)
    log.flush()
    log.advance_start(2)
    dirs.checkpoint()
    assert disk.read("/data/recovery-point-offset-checkpoint") == b"0\n1\nt 0 5\n"
    assert disk.read("/data/log-start-offset-checkpoint") == b"0\n1\nt 0 2\n"
    dirs.abandon()
    log = start(disk).logs["t", 0]
    assert (log.log_start_offset, log.log_end_offset, log.recovery_point) == (2, 5, 5)


@pytest.mark.parametrize("clean", [True, False])
def test_a_damaged_checkpoint_means_that_all_is_scanned(disk: Any, clean: bool) -> None:
    dirs = start(disk)
    dirs.create("t", 0, TOPIC_ID, SETTINGS, 1000).append(BATCH, 0, 1000)
    dirs.close()
    if not clean:
        disk.unlink("/data/.kafka_cleanshutdown")
    disk.names["/data/t-0/00000000000000000000.log"].data[-1] ^= 1
    disk.atomic_write("/data/recovery-point-offset-checkpoint", b"0\n7\n")
    log = start(disk).logs["t", 0]
    assert (log.log_end_offset, log.truncated_bytes) == (0, len(BATCH))


def test_high_watermarks(disk: Any) -> None:
    dirs = start(disk, "/one", "/two")
    for partition in range(2):
        dirs.create("t", partition, TOPIC_ID, SETTINGS, 1000)
    dirs.write_high_watermarks({("t", 0): 7, ("t", 1): 9, ("gone", 0): 1})
    assert disk.read("/two/replication-offset-checkpoint") == b"0\n1\nt 1 9\n"
    assert dirs.read_high_watermarks() == {("t", 0): 7, ("t", 1): 9}


def test_new_logs_go_where_the_fewest_are(disk: Any) -> None:
    dirs = start(disk, "/one", "/two")
    paths = [dirs.create("t", partition, None, SETTINGS, 1000).path for partition in range(4)]
    assert paths == ["/one/t-0", "/two/t-1", "/one/t-2", "/two/t-3"]
    assert dirs.get("t", 2) is dirs.logs["t", 2]
    assert dirs.get("t", 4) is None


def test_a_deleted_log_is_gone_at_once_and_its_files_a_little_later(disk: Any) -> None:
    dirs = start(disk)
    old = dirs.create("t", 0, TOPIC_ID, SETTINGS, 1000)
    old.append(BATCH, 0, 1000)
    dirs.delete("t", 0, b"\xab" * 16)
    assert dirs.logs == {}
    doomed = f"/data/t-0.{'ab' * 16}-delete"
    assert disk.exists(doomed)
    new = dirs.create("t", 0, bytes(16), SETTINGS, 1000)
    assert new.log_end_offset == 0
    assert dirs.purge() == 1
    assert not disk.exists(doomed)
    assert not [path for path in disk.names if path.startswith(doomed)]
    with pytest.raises(OSError, match="closed"):
        old.append(build_batch([Record(0, 1000, b"k", b"v")]), 0, 1000)
    assert new.log_end_offset == 0


def test_long_names_are_shortened_when_deleted(disk: Any) -> None:
    dirs = start(disk)
    dirs.create("t" * 249, 0, TOPIC_ID, SETTINGS, 1000)
    dirs.delete("t" * 249, 0, bytes(16))
    (name,) = [name for name, is_directory in disk.listdir("/data") if is_directory]
    assert len(name) == 255
    assert name.endswith(f"-0.{'00' * 16}-delete")


def test_what_was_to_be_deleted_goes_at_the_next_start(disk: Any) -> None:
    dirs = start(disk)
    dirs.create("t", 0, TOPIC_ID, SETTINGS, 1000)
    dirs.delete("t", 0, bytes(16))
    disk.mkdir("/data/u-1.0123-future")
    disk.mkdir("/data/u-1.0123-stray")
    dirs.close()
    dirs = start(disk)
    assert dirs.logs == {}
    assert {name for name, is_directory in disk.listdir("/data") if is_directory} == {
        "u-1.0123-future",
        "u-1.0123-stray",
    }


def test_what_a_failed_deletion_left_does_not_become_a_new_topics_data(disk: Any) -> None:
    dirs = start(disk)
    dirs.create("t", 0, TOPIC_ID, SETTINGS, 1000).append(BATCH, 0, 1000)
    log = dirs.logs.pop(("t", 0))
    dirs.dirs[0].logs.clear()
    log.abandon()
    assert dirs.create("t", 0, bytes(16), SETTINGS, 1000).log_end_offset == 0
    assert disk.exists(f"/data/t-0.{TOPIC_ID.hex()}-delete")
    dirs.delete("t", 0, b"\1" * 16)
    dirs.create("t", 0, bytes(16), SETTINGS, 1000).append(BATCH, 0, 1000)


def test_another_brokers_or_clusters_directory_is_refused(disk: Any) -> None:
    start(disk).close()
    assert "broker.id=1: /data belongs to broker 0" in refused(disk, broker_id=1)
    assert "belongs to cluster abc, and this is xyz" in refused(disk, cluster_id="xyz")
    start(disk).abandon()


def test_krafts_directory_is_refused(disk: Any) -> None:
    disk.mkdir("/data")
    disk.atomic_write("/data/meta.properties", b"version=1\nnode.id=1\ncluster.id=abc\n")
    assert "version 1" in refused(disk)


def test_a_directory_with_foreign_ones_in_it_is_refused(disk: Any) -> None:
    disk.mkdir("/data/holiday pictures")
    assert "holiday pictures" in refused(disk)
    disk.rmdir("/data/holiday pictures")
    disk.mkdir("/data/nonumber-x")
    assert "nonumber-x" in refused(disk)


def test_a_directory_named_twice_is_refused(disk: Any) -> None:
    assert "twice" in refused(disk, "/data", "/data/../data")


def test_a_log_in_two_directories_is_refused(disk: Any) -> None:
    start(disk, "/one", "/two").close()
    disk.mkdir("/one/t-0")
    disk.mkdir("/two/t-0")
    with pytest.raises(StartError, match=r"two of log\.dirs"):
        start(disk, "/one", "/two")


def test_names_of_logs() -> None:
    assert parse_log_name("a.b_c-d-12") == ("a.b_c-d", 12)
    for name in ("a", "a-", "-1", "a-x", "a-1.0123-delete", "a-1.0123-future", "__cluster_metadata-0"):
        assert parse_log_name(name) is None


def test_one_process_at_a_time(tmp_path: Path) -> None:
    """The lock is fcntl's, as Java takes it; a second broker gets one clear line."""
    path = str(tmp_path / "data")
    dirs = start(DiskFiles(), path)
    code = (
        "import sys\nfrom pykbroker.files import DiskFiles\nfrom pykbroker.log.directory import LogDirs\n"
        "from pykbroker.errors import StartError\n"
        "try:\n    LogDirs.open(DiskFiles(), [sys.argv[1]])\nexcept StartError as e:\n    print(e)\n"
    )

    def other() -> str:
        run = subprocess.run([sys.executable, "-c", code, path], capture_output=True, text=True, timeout=20)
        return run.stdout + run.stderr

    assert "another broker uses this directory" in other()
    with pytest.raises(StartError, match="another broker"):
        LogDirs.open(DiskFiles(), [path])
    assert "another broker uses this directory" in other()  # looking did not give the lock away
    dirs.close()
    assert other() == ""


def test_a_directory_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(StartError, match="cannot be used"):
        LogDirs.open(DiskFiles(), [str(tmp_path / "file" / "data")])


def test_a_real_disk_from_start_to_stop(tmp_path: Path) -> None:
    path = str(tmp_path / "data")
    small = TopicSettings(segment_bytes=400, index_interval_bytes=0)
    dirs = LogDirs.open(DiskFiles(), [path], open_files=8)
    dirs.identify(0, "abc")
    dirs.load(lambda _: small, 1000)
    for partition in range(20):
        log = dirs.create("t", partition, TOPIC_ID, small, 1000)
        for _ in range(10):
            log.append(build_batch([Record(0, 1000, b"k", b"v" * 30)]), 0, 1000)
    assert len(dirs.pool) <= 8
    dirs.abandon()
    for clean in (False, True):
        dirs = LogDirs.open(DiskFiles(), [path], open_files=8)
        dirs.identify(0, "abc")
        logs = dirs.load(lambda _: small, 1000)
        assert dirs.dirs[0].clean == clean
        assert len(logs) == 20
        assert {log.log_end_offset for log in logs.values()} == {10}
        assert all(log.read(offset, 1, 10) for log in logs.values() for offset in range(10))
        assert dirs.close() == []
