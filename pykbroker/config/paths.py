"""Where the data lies: `--data-dir D` is D/log for the logs and D/zk for the store.

log.dirs alone leaves the store beside the first of them, as `<dir>.zk`, and never inside: a log directory holds only what
Kafka itself would accept there.
"""

from __future__ import annotations

import os
from typing import NamedTuple

from pykbroker.errors import ConfigError


class DataPaths(NamedTuple):
    """Absolute paths. log_dirs: where partitions lie, at least one. store_dir: znodes, their log and snapshots."""

    log_dirs: tuple[str, ...]
    store_dir: str


def of_data_dir(data_dir: str) -> DataPaths:
    """The layout of one directory for all."""
    root = os.path.abspath(data_dir)
    return DataPaths((os.path.join(root, "log"),), os.path.join(root, "zk"))


def of_log_dirs(setting: str, log_dirs: list[str]) -> DataPaths:
    """The layout when only log directories are named. Raises: ConfigError."""
    text = ",".join(log_dirs)
    if not log_dirs or not all(log_dirs):
        raise ConfigError(setting, text, "no directory; give one or more paths separated by commas")
    absolute = tuple(os.path.abspath(path) for path in log_dirs)
    if len(set(absolute)) != len(absolute):
        raise ConfigError(setting, text, "the same directory twice; give each once")
    if not os.path.basename(absolute[0]):
        raise ConfigError(setting, text, "the root directory; give a directory of its own")
    store = absolute[0] + ".zk"
    for path in absolute:
        if os.path.commonpath((path, store)) == path:
            fix = f"the store would lie in {store}, inside a log directory; give --data-dir or other directories"
            raise ConfigError(setting, text, fix)
    return DataPaths(absolute, store)
