"""Well-formed requests at random, over every API and version that both brokers announce; the same for the same seed.

A round begins with a few topics, records and offsets, and goes on with random requests on them: values are drawn from those
that mean something to a broker (names that exist, ids that it gave), from their neighbours, and from what is invalid. What
was answered feeds later requests. A round has names of its own, so that a difference in state ends with it.

A field's values come from values.py by its name; what is not told there is a small number, a flag or an empty text.
Nothing here stops a broker, changes its own settings for good, or makes it wait long.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

from differential.compare import name_of
from differential.fields import Request, declared
from differential.replay import Outcome
from differential.translation import ids
from differential.values import COMPACTED, LONE, SPREAD, VALUES, Pool, batch, by_default, topic_or_none
from wire.schema import Array, Field, Group, Records

# Between brokers, of a quorum, or with an effect beyond the round: never asked.
NEVER = {4, 5, 6, 7, 52, 53, 54, 55, 56, 57, 58, 59, 62, 63, 64, 67, 70, 73, 80, 81, 82, 83, 84, 85, 86, 87}
# How often an API is asked, where not once: what holds state has more to show.
WEIGHTS = {0: 4, 1: 6, 2: 3, 8: 3, 9: 3, 11: 5, 12: 3, 13: 2, 14: 4, 19: 2, 23: 2, 32: 2, 44: 2}
# Where an element may stand twice: an answer with one row for each name has rules for it.
TWICE = frozenset(
    (
        "CreateTopics",
        "DeleteTopics",
        "CreatePartitions",
        "AlterConfigs",
        "IncrementalAlterConfigs",
        "DescribeGroups",
    )
)
BY_ID = {3: 12, 20: 6}  # the first version that takes a topic's id in place of its name


class Generated:
    """One round. `requests()` yields them; `feed` what the left broker said before the next is taken."""

    def __init__(
        self,
        seed: int,
        number: int,
        served: dict[int, tuple[int, int]],
        twice: frozenset[str] = TWICE,
    ) -> None:
        self.twice = twice
        self.random = random.Random(f"{seed}/{number}")
        self.served = {key: pair for key, pair in served.items() if key not in NEVER}
        self.pool = Pool(self.random)
        self._correlation_id = 0

    def feed(self, outcome: Outcome) -> None:
        """Ids in an answer are there for later requests."""
        ids(outcome, self.pool.ids)

    def requests(self, count: int) -> Iterator[Request]:
        """The set-up, then `count` random ones."""
        yield from self._setup()
        keys = [key for key in self.served for _ in range(WEIGHTS.get(key, 1))]
        for _ in range(count):
            yield self._random(self.random.choice(keys))

    def _request(self, key: int, version: int, body: dict[str, Any]) -> Request:
        low, high = self.served[key]
        self._correlation_id += 1
        return Request(key, min(max(version, low), high), self._correlation_id, "generated", body)

    def _setup(self) -> Iterator[Request]:
        """Three topics and their ids, records in two, a producer id, offsets of a group, and a member of another."""
        plain = {"replication_factor": 1, "assignments": []}
        compact = [{"name": "cleanup.policy", "value": "compact"}]
        topics = [
            {"name": LONE, "num_partitions": 1, "configs": [], **plain},
            {"name": SPREAD, "num_partitions": 3, "configs": [], **plain},
            {"name": COMPACTED, "num_partitions": 1, "configs": compact, **plain},
        ]
        yield self._request(19, 5, {"topics": topics, "timeout_ms": 10000, "validate_only": False})
        named = [{"name": topic["name"], "topic_id": bytes(16)} for topic in topics]
        yield self._request(3, 12, {"topics": named, "allow_auto_topic_creation": False})
        yield self._request(22, 2, {"transactional_id": None, "transaction_timeout_ms": 1000})
        for topic, partition in ((LONE, 0), (SPREAD, 0), (SPREAD, 1)):
            rows = [{"index": partition, "records": batch(5)}]
            data = [{"name": topic, "partition_data": rows}]
            for _ in range(2):
                yield self._request(0, 9, {"acks": -1, "timeout_ms": 5000, "topic_data": data})
        rows = [{"partition_index": 0, "committed_offset": 3, "committed_metadata": "m"}]
        commit = {"group_id": self.pool.groups[0], "topics": [{"name": LONE, "partitions": rows}]}
        yield self._request(8, 7, commit)
        protocols = [{"name": "range", "metadata": b"r"}, {"name": "sticky", "metadata": b"s"}]
        join = {"group_id": self.pool.groups[1], "protocol_type": "consumer", "protocols": protocols}
        yield self._request(11, 3, {**join, "session_timeout_ms": 30000, "rebalance_timeout_ms": 1500})
        member = {"member_id": self.pool.known("member id", ""), "assignment": b"a"}
        sync = {"group_id": self.pool.groups[1], "generation_id": 1, "member_id": member["member_id"]}
        yield self._request(14, 2, {**sync, "assignments": [member]})

    def _random(self, key: int) -> Request:
        low, high = self.served[key]
        # the newest version takes a third: it has the most fields
        version = high if self.random.random() < 0.33 else self.random.randint(low, high)
        message = declared()[key][0]
        self.pool.api, self.pool.version = message.name.removesuffix("Request"), version
        self.pool.by_id = version >= BY_ID.get(key, version) and self.random.random() < 0.3
        return self._request(key, version, self._struct(message, version))

    def _struct(self, group: Group, version: int) -> dict[str, Any]:
        return {
            field.name: self._field(field, version)
            for field in group.fields
            if version in field.versions and (field.tag is None or self.random.random() < 0.1)
        }

    def _field(self, field: Field, version: int) -> Any:
        if self._may_be_null(field, version) and self.random.random() < 0.1:
            return None
        if isinstance(field.type, Group):
            return self._struct(field.type, version)
        if not isinstance(field.type, Array):
            value = self._value(field.name, field.type)
            return field.type.default if value is None and version not in field.nullable else value
        count = self.random.choices((0, 1, 2, 3), (1, 10, 4, 2))[0]
        element = field.type.element
        items = [
            self._struct(element, version) if isinstance(element, Group) else self._value(field.name, element)
            for _ in range(count)
        ]
        if self.pool.api in self.twice:
            return [*items, items[0]] if items and self.random.random() < 0.05 else items
        return list({name_of(item) if isinstance(item, dict) else item: item for item in items}.values())

    def _may_be_null(self, field: Field, version: int) -> bool:
        """Not a name that an id stands for: its maker says when it is null, so that no row has neither."""
        by_id = VALUES.get(f"{self.pool.api}.{field.name}") is topic_or_none
        return version in field.nullable and field.type is not Records and not by_id

    def _value(self, name: str, type_: Any) -> Any:
        make = VALUES.get(f"{self.pool.api}.{name}") or VALUES.get(name)
        return make(self.pool) if make else by_default(self.pool, type_)
