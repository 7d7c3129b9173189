"""The log directories of a broker: who owns them, which logs are in them, and the files that stand beside the logs.

    .lock                             held while a broker runs, by fcntl as Kafka's is
    meta.properties                   which broker of which cluster the directory belongs to (version 0)
    .kafka_cleanshutdown              the last stop was clean; removed while a broker runs
    recovery-point-offset-checkpoint  up to where each log was flushed
    log-start-offset-checkpoint       where logs begin that lost records at their start
    replication-offset-checkpoint     high watermarks
    cleaner-offset-checkpoint         up to where logs were compacted
    <topic>-<partition>/              a log; with .<id>-delete behind it: to be removed

Everything is as Kafka 3.9 with ZooKeeper leaves it and takes it. What cannot be a broker's directory (another cluster's, one
in KRaft's format, one with foreign directories in it) is refused with a StartError before anything in it is changed.

The order at start is: `LogDirs.open` (lock, read whose they are), `identify` (agree on broker and cluster), `load`;
at the end `close`.
"""

from __future__ import annotations

import os.path
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from pykbroker.config.topic_settings import TopicSettings
from pykbroker.errors import StartError
from pykbroker.files import FileLock, Files
from pykbroker.log.checkpoints import (
    CLEAN_SHUTDOWN,
    CLEANED_UPTO,
    HIGH_WATERMARKS,
    LOG_STARTS,
    META_PROPERTIES,
    RECOVERY_POINTS,
    TopicPartition,
    format_clean_shutdown,
    format_meta_properties,
    parse_properties,
    read_offsets,
    read_topic_id,
    write_offsets,
)
from pykbroker.log.flush import FlushJob, run_all
from pykbroker.log.log import Log
from pykbroker.log.pool import DEFAULT_LIMIT, FilePool

LOCK = ".lock"
DELETE_SUFFIX = "-delete"
IGNORED_SUFFIXES = ("-future", "-stray")  # replicas that move between directories, or that nobody knows: kept
IGNORED_NAMES = ("remote-log-index-cache", "__cluster_metadata-0")
NAME_MAX = 255
CLOSED_AT_ONCE = 64  # logs, each with up to five files open meanwhile
LOG_NAME = re.compile(r"(?P<topic>[A-Za-z0-9._-]+)-(?P<partition>\d{1,10})")

EX_NOPERM, EX_CONFIG, EX_TEMPFAIL, EX_IOERR = 77, 78, 75, 74  # sysexits


@dataclass(slots=True)
class LogDir:
    """One directory of `log.dirs`."""

    path: str
    lock: FileLock
    properties: dict[str, str] | None  # of meta.properties; None: there is none yet
    clean: bool = False  # the last stop was clean
    logs: dict[TopicPartition, Log] = field(default_factory=dict)


class LogDirs:
    """All log directories, and the logs in them."""

    def __init__(self, files: Files, pool: FilePool, dirs: list[LogDir]) -> None:
        """For `open`."""
        self.files = files
        self.pool = pool
        self.dirs = dirs
        self.logs: dict[TopicPartition, Log] = {}
        self._doomed: list[str] = []  # directories renamed to ...-delete
        self._loaded = False

    # start

    @classmethod
    def open(cls, files: Files, paths: Iterable[str], open_files: int = DEFAULT_LIMIT) -> LogDirs:
        """Makes missing directories, locks all, and reads whose they are. open_files: descriptors that logs may hold.

        Raises: StartError.
        """
        found: list[LogDir] = []
        seen: set[str] = set()
        try:
            for path in paths:
                real = os.path.realpath(path)
                if real in seen:
                    raise StartError(f"log.dirs names {path} twice", EX_CONFIG)
                seen.add(real)
                found.append(cls._open_one(files, path))
        except BaseException:
            for directory in found:
                directory.lock.release()
            raise
        return cls(files, FilePool(files, open_files), found)

    @staticmethod
    def _open_one(files: Files, path: str) -> LogDir:
        try:
            files.mkdir(path)
            lock = files.lock(f"{path}/{LOCK}")
        except OSError as error:
            raise StartError(
                f"log.dirs={path}: cannot be used ({error.strerror}); give a directory that this user may write to",
                EX_NOPERM,
            ) from None
        if lock is None:
            raise StartError(
                f"log.dirs={path}: another broker uses this directory; stop it, or give another directory",
                EX_TEMPFAIL,
            )
        try:
            return LogDir(path, lock, read_meta_properties(files, path))
        except BaseException:
            lock.release()
            raise

    @property
    def cluster_id(self) -> str | None:
        """The cluster that the directories say they belong to, None if they are new."""
        for directory in self.dirs:
            if directory.properties is not None and "cluster.id" in directory.properties:
                return directory.properties["cluster.id"]
        return None

    @property
    def left_cleanly(self) -> bool:
        """Before `load`: whether the last stop was clean, or there was none."""
        return all(
            directory.properties is None or self.files.exists(f"{directory.path}/{CLEAN_SHUTDOWN}")
            for directory in self.dirs
        )

    def identify(self, broker_id: int, cluster_id: str) -> None:
        """Makes sure that every directory is of this broker and cluster, then signs the new ones.

        Raises: StartError.
        """
        for directory in self.dirs:
            check_owner(directory.path, directory.properties, broker_id, cluster_id)
            self._check_entries(directory.path)
        for directory in self.dirs:
            if directory.properties is None:
                data = format_meta_properties(broker_id, cluster_id)
                with start_errors(directory.path):
                    self.files.atomic_write(f"{directory.path}/{META_PROPERTIES}", data)
                directory.properties = parse_properties(data)

    def _check_entries(self, path: str) -> None:
        for name, is_directory in self.files.listdir(path):
            if is_directory and not is_known_directory(name):
                raise StartError(
                    f"log.dirs={path}: holds the directory {name}, which is no topic's; give a directory of its own",
                    EX_CONFIG,
                )

    def load(self, settings_of: Callable[[str], TopicSettings], now_ms: int) -> dict[TopicPartition, Log]:
        """Opens every log; recovers those of directories that were not left cleanly. Directories to be deleted go first.

        Raises: StartError.
        """
        for directory in self.dirs:
            with start_errors(directory.path):
                self._load_one(directory, settings_of, now_ms)
        self._loaded = True
        return self.logs

    def _load_one(self, directory: LogDir, settings_of: Callable[[str], TopicSettings], now_ms: int) -> None:
        path = directory.path
        directory.clean = self.files.exists(f"{path}/{CLEAN_SHUTDOWN}")
        if directory.clean:
            # Gone before anything is opened: a crash while loading is a crash.
            self.files.unlink(f"{path}/{CLEAN_SHUTDOWN}")
            self.files.sync_directory(path)
        recovery_points = self._offsets(directory, RECOVERY_POINTS)
        log_starts = self._offsets(directory, LOG_STARTS)
        cleaned_upto = self._offsets(directory, CLEANED_UPTO)
        for name, is_directory in sorted(self.files.listdir(path)):
            if not is_directory:
                continue
            if name.endswith(DELETE_SUFFIX):
                self._remove_tree(f"{path}/{name}")
                continue
            key = parse_log_name(name)
            if key is None:
                continue
            if key in self.logs:
                raise StartError(
                    f"{name} is in two of log.dirs: {self.logs[key].path} and {path}; remove the older one"
                )
            log = Log.open(
                self.files,
                f"{path}/{name}",
                *key,
                settings_of(key[0]),
                now_ms,
                pool=self.pool,
                recovery_point=recovery_points.get(key, 0),
                log_start_offset=log_starts.get(key, 0),
                clean=directory.clean,
            )
            log.cleaned_upto = cleaned_upto.get(key, 0)
            directory.logs[key] = self.logs[key] = log

    def _offsets(self, directory: LogDir, name: str) -> dict[TopicPartition, int]:
        """A checkpoint; one that makes no sense is as good as none, and nothing is then taken for flushed."""
        try:
            return read_offsets(self.files, directory.path, name)
        except ValueError:
            directory.clean = directory.clean and name != RECOVERY_POINTS
            return {}

    # logs

    def create(
        self, topic: str, partition: int, topic_id: bytes | None, settings: TopicSettings, now_ms: int
    ) -> Log:
        """A new log, in the directory that holds the fewest.

        Raises: OSError.
        """
        directory = min(self.dirs, key=lambda directory: len(directory.logs))
        path = f"{directory.path}/{topic}-{partition}"
        if topic_id is not None:
            self._clear_way(path, topic_id)
        log = Log.open(self.files, path, topic, partition, settings, now_ms, pool=self.pool)
        if topic_id is not None:
            log.set_topic_id(topic_id)
        directory.logs[topic, partition] = self.logs[topic, partition] = log
        return log

    def _clear_way(self, path: str, topic_id: bytes) -> None:
        """What a failed deletion left of an earlier topic of the same name must not become the new one's data."""
        theirs = read_topic_id(self.files, path)
        if theirs is not None and theirs != topic_id:
            self._doom(path, theirs)

    def _doom(self, path: str, unique: bytes) -> None:
        """Renames a log's directory so that the next start removes it if `purge` does not."""
        parent, name = path.rsplit("/", 1)
        topic, partition = name.rsplit("-", 1)
        suffix = f"-{partition}.{unique.hex()}{DELETE_SUFFIX}"
        doomed = f"{parent}/{topic[: NAME_MAX - len(suffix)]}{suffix}"
        self.files.rename(path, doomed)
        self._doomed.append(doomed)

    def get(self, topic: str, partition: int) -> Log | None:
        return self.logs.get((topic, partition))

    def delete(self, topic: str, partition: int, unique: bytes) -> None:
        """Closes a log and renames its directory: it is gone for everybody. `purge` removes the files.

        unique: random bytes for the name. Raises: OSError.
        """
        log = self.logs.pop((topic, partition))
        log.abandon()
        directory = next(each for each in self.dirs if (topic, partition) in each.logs)
        del directory.logs[topic, partition]
        self._doom(log.path, unique)

    def purge(self) -> int:
        """Removes what was deleted; may run in another thread than the logs' (it touches only renamed directories).

        Returns the number of directories. Raises: OSError.
        """
        count = 0
        while self._doomed:
            path = self._doomed.pop()
            try:
                self._remove_tree(path)
            except OSError:
                self._doomed.append(path)  # for the next time
                raise
            count += 1
        return count

    def _remove_tree(self, path: str) -> None:
        for name, is_directory in self.files.listdir(path):
            if is_directory:
                self._remove_tree(f"{path}/{name}")
            else:
                self.files.unlink(f"{path}/{name}")
        self.files.rmdir(path)

    # checkpoints

    def checkpoint(self) -> None:
        """Writes recovery points and log starts, as they are. To be done now and then, and after every `Log.truncate_to`.

        Raises: OSError.
        """
        for directory in self.dirs:
            points = {key: log.recovery_point for key, log in directory.logs.items()}
            write_offsets(self.files, directory.path, RECOVERY_POINTS, points)
            starts = {
                key: log.log_start_offset
                for key, log in directory.logs.items()
                if log.log_start_offset > log.segments[0].base_offset
            }
            write_offsets(self.files, directory.path, LOG_STARTS, starts)

    def read_high_watermarks(self) -> dict[TopicPartition, int]:
        """What `write_high_watermarks` left. A file that makes no sense counts as none.

        Raises: OSError.
        """
        found: dict[TopicPartition, int] = {}
        for directory in self.dirs:
            found |= self._offsets(directory, HIGH_WATERMARKS)
        return found

    def write_high_watermarks(self, high_watermarks: dict[TopicPartition, int]) -> None:
        """Raises: OSError."""
        for directory in self.dirs:
            mine = {key: offset for key, offset in high_watermarks.items() if key in directory.logs}
            write_offsets(self.files, directory.path, HIGH_WATERMARKS, mine)

    def write_cleaned(self, log: Log) -> None:
        """Notes up to where the logs of one log's directory were compacted; may run in another thread.

        Raises: OSError.
        """
        for directory in self.dirs:
            if directory.logs.get((log.topic, log.partition)) is log:
                cleaned = {
                    key: each.cleaned_upto for key, each in list(directory.logs.items()) if each.cleaned_upto
                }
                write_offsets(self.files, directory.path, CLEANED_UPTO, cleaned)

    # end

    def close(self, broker_epoch: int = -1) -> list[OSError]:
        """Flushes and closes all logs; marks directories where nothing failed as left cleanly. Returns the failures."""
        failures: list[OSError] = []
        clean: list[LogDir] = []
        for directory in self.dirs:
            logs = list(directory.logs.values())
            failed = [
                failure
                for start in range(0, len(logs), CLOSED_AT_ONCE)
                for failure in close_logs(logs[start : start + CLOSED_AT_ONCE])
            ]
            failures += failed
            if not failed and self._loaded:
                clean.append(directory)
        try:
            if self._loaded:
                self.checkpoint()
            for directory in clean:
                mark = f"{directory.path}/{CLEAN_SHUTDOWN}"
                self.files.atomic_write(mark, format_clean_shutdown(broker_epoch))
        except OSError as error:
            failures.append(error)
        self.abandon()
        return failures

    def abandon(self) -> None:
        """Closes files and gives the locks back, and writes nothing: what a crash leaves."""
        for log in self.logs.values():
            log.abandon()
        for directory in self.dirs:
            directory.lock.release()


def close_logs(logs: Iterable[Log]) -> list[OSError]:
    """Flushes and closes them, waiting for the disk for all at once. Returns the failures."""
    failures: list[OSError] = []
    closing: list[tuple[Log, FlushJob | None]] = []
    for log in logs:
        try:
            closing.append((log, log.begin_close()))
        except OSError as error:
            failures.append(error)
    run_all([job for _, job in closing if job is not None])
    for log, job in closing:
        log.end_close(job)
        if log.failure is not None:
            failures.append(log.failure)
    return failures


def parse_log_name(name: str) -> TopicPartition | None:
    """Topic and partition of a log's directory, None for one of another kind."""
    match = LOG_NAME.fullmatch(name)
    if match is None or name.endswith((DELETE_SUFFIX, *IGNORED_SUFFIXES)) or name in IGNORED_NAMES:
        return None
    return match["topic"], int(match["partition"])


def is_known_directory(name: str) -> bool:
    return (
        parse_log_name(name) is not None
        or name.endswith((DELETE_SUFFIX, *IGNORED_SUFFIXES))
        or name in IGNORED_NAMES
    )


def read_meta_properties(files: Files, path: str) -> dict[str, str] | None:
    """meta.properties of a log directory, None if there is none.

    Raises: StartError.
    """
    try:
        return parse_properties(files.read(f"{path}/{META_PROPERTIES}"))
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise StartError(f"log.dirs={path}: {META_PROPERTIES} cannot be read ({error})", EX_IOERR) from None


def check_owner(path: str, properties: dict[str, str] | None, broker_id: int, cluster_id: str) -> None:
    """Raises: StartError if meta.properties names another cluster, another broker, or KRaft's format."""
    if properties is None:
        return
    version = properties.get("version")
    if version != "0":
        raise StartError(
            f"log.dirs={path}: {META_PROPERTIES} has version {version}, and a broker with ZooKeeper's metadata has 0 "
            "(1 is KRaft's); give another directory",
            EX_CONFIG,
        )
    theirs = properties.get("cluster.id")
    if theirs is not None and theirs != cluster_id:
        raise StartError(
            f"log.dirs={path}: belongs to cluster {theirs}, and this is {cluster_id}; give the directory that belongs to "
            f"this cluster's store, or remove {META_PROPERTIES} if the data is to be adopted",
            EX_CONFIG,
        )
    number = properties.get("broker.id")
    if number is not None and number != str(broker_id):
        raise StartError(
            f"broker.id={broker_id}: {path} belongs to broker {number}; set broker.id={number} or give another directory",
            EX_CONFIG,
        )


@contextmanager
def start_errors(path: str) -> Iterator[None]:
    """An OSError becomes the one line with which a broker does not start."""
    try:
        yield
    except OSError as error:
        raise StartError(f"log.dirs={path}: {error}", EX_IOERR) from None
