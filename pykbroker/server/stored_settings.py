"""Says once, in the log, which settings of topics are kept but do not act yet: nobody shall rely on them unknowingly."""

from __future__ import annotations

from collections.abc import Mapping

from pykbroker.core.cluster.topics import is_internal
from pykbroker.logs import get_logger

log = get_logger(__name__)


class StoredSettings:
    """Remembers what was said already."""

    def __init__(self) -> None:
        self._told: set[str] = set()

    def note(self, topic: str, config: Mapping[str, str]) -> None:
        """A topic has this configuration. The brokers' own topics say nothing: nobody chose their settings."""
        if not config or is_internal(topic):
            return
        from pykbroker.config.topic import not_acting

        new = [name for name in not_acting(config) if name not in self._told]
        if new:
            self._told.update(new)
            log.warning("topic %s sets %s: kept and described, but not acting yet", topic, ", ".join(new))
