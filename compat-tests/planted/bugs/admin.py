"""Bugs of metadata, topics and configurations."""

from __future__ import annotations

from planted.bug import Bug, Edit

CONTROLLER = "pykbroker/server/controller.py"
METADATA = "pykbroker/api/handlers/metadata.py"

BUGS = (
    Bug(
        "empty-list-means-all-topics",
        apis=("Metadata",),
        says="A client that asks for no topic at all gets the whole cluster's, in every version.",
        blind=True,
        edits=(Edit(METADATA, "if asked is None or (ctx.version == 0 and not asked):", "if not asked:"),),
    ),
    Bug(
        "topics-appear-against-the-clients-wish",
        apis=("Metadata",),
        says="Describing a topic that does not exist creates it, although the client forbids it.",
        stands_for="streamnative/kop#273",
        blind=True,
        edits=(Edit(METADATA, "if request.allow_auto_topic_creation and ctx", "if ctx"),),
    ),
    Bug(
        "unknown-id-comes-back-as-zero",
        apis=("Metadata",),
        says="A client that asks by topic id cannot tell which of its topics is the unknown one.",
        blind=True,
        edits=(
            Edit(
                METADATA,
                "_error(ErrorCode.UNKNOWN_TOPIC_ID, None, topic_id)",
                "_error(ErrorCode.UNKNOWN_TOPIC_ID, None)",
            ),
        ),
    ),
    Bug(
        "trial-of-a-topic-that-exists-succeeds",
        apis=("CreateTopics",),
        says="CreateTopics with validate_only says nothing of a topic that is there already.",
        stands_for="redpanda-data/redpanda#7946",
        blind=True,
        edits=(
            Edit(
                CONTROLLER,
                "results = self._plan_topics(image, topics)",
                "results = self._plan_topics(\n"
                "                    image.without_topics([each.name for each in topics if each.name in image.topics])\n"
                "                    if validate_only\n"
                "                    else image,\n"
                "                    topics,\n"
                "                )",
            ),
        ),
    ),
    Bug(
        "trial-of-more-partitions-makes-them",
        apis=("CreatePartitions",),
        says="CreatePartitions with validate_only adds the partitions.",
        stands_for="IBM/sarama#1955",
        blind=True,
        edits=(Edit(CONTROLLER, "if groups and not validate_only:", "if groups:"),),
    ),
    Bug(
        "names-that-collide-are-taken",
        apis=("CreateTopics",),
        says="a.b and a_b may both exist, and their metrics are one.",
        blind=True,
        edits=(
            Edit(
                "pykbroker/core/controller/creation.py",
                "other = image.colliding_topic(name)",
                "other = None",
            ),
        ),
    ),
    Bug(
        "list-operations-do-not-see-the-default",
        apis=("IncrementalAlterConfigs",),
        says="Appending to a list that is not set on the topic loses the value that is in force.",
        stands_for="KAFKA-9644",
        blind=True,
        edits=(
            Edit(
                "pykbroker/core/controller/config_changes.py",
                '(result.get(name) or default(name) or "")',
                '(result.get(name) or "")',
            ),
        ),
    ),
    Bug(
        "settings-without-a-type",
        apis=("DescribeConfigs",),
        says="Tools cannot tell numbers from texts: the type of every setting is 0.",
        stands_for="redpanda-data/redpanda#4170",
        blind=True,
        edits=(
            Edit(
                "pykbroker/api/handlers/describe_configs.py", "config_type=row.type_code,", "config_type=0,"
            ),
        ),
    ),
    Bug(
        "own-value-passes-for-the-default",
        apis=("DescribeConfigs",),
        says="A topic's own setting that equals the default is shown as DEFAULT_CONFIG, not as the topic's.",
        stands_for="redpanda-data/redpanda#18275",
        blind=True,
        edits=(
            Edit(
                "pykbroker/config/topic.py",
                "if name in overrides:\n        synonyms",
                "if name in overrides and value != setting.default:\n        synonyms",
            ),
        ),
    ),
)
