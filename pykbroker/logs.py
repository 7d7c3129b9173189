"""The log that people read: short lines on stderr, from the standard logging module, which Trio has imported anyway.

    09:12:33.120 INFO    broker  listening on 127.0.0.1:9092

A module takes its logger with `get_logger(__name__)`; nothing is configured until `configure`, which the command line
calls, so that a test or an embedding program keeps its own handlers.
"""

from __future__ import annotations

import logging

LEVELS = ("debug", "info", "warning", "error")

_FORMAT = "%(asctime)s.%(msecs)03d %(levelname)-7s %(short)s  %(message)s"


def get_logger(name: str) -> logging.Logger:
    """The logger of a module, named as the module is."""
    return logging.getLogger(name)


def configure(level: str) -> None:
    """Log from `level` (one of LEVELS) up to stderr. A second call changes the level only."""
    root = logging.getLogger("pykbroker")
    root.setLevel(level.upper())
    root.propagate = False
    for package in ("wire", "zk"):
        logging.getLogger(package).parent = root
    if not root.handlers:
        handler = logging.StreamHandler()
        handler.setFormatter(_ShortFormatter(_FORMAT, "%H:%M:%S"))
        root.addHandler(handler)


class _ShortFormatter(logging.Formatter):
    """The last part of the module's name stands for it: `pykbroker.server.listener` is `listener`.

    A message is one line, whatever a peer wrote into the names that it quotes: what is not printable is escaped.
    """

    def format(self, record: logging.LogRecord) -> str:
        record.short = record.name.rpartition(".")[2]
        return super().format(record)

    def formatMessage(self, record: logging.LogRecord) -> str:
        if not record.message.isprintable():
            record.message = "".join(c if c.isprintable() else repr(c)[1:-1] for c in record.message)
        return super().formatMessage(record)
