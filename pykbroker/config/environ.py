"""Settings from the environment, as Kafka's images take them.

`KAFKA_NUM_PARTITIONS=3` is num.partitions=3: the prefix goes, letters become small, `_` becomes `.`, `__` becomes `_` and
`___` becomes `-`. One image writes `KAFKA_CFG_` instead. Not every KAFKA_* variable is a setting: some are for the Java
process, the start scripts or other programs, and a Kubernetes service called "kafka" injects some too. Those are skipped.
"""

from __future__ import annotations

from collections.abc import Mapping

SKIPPED = {
    # the Java process and its start scripts
    "KAFKA_HEAP_OPTS",
    "KAFKA_OPTS",
    "KAFKA_JVM_PERFORMANCE_OPTS",
    "KAFKA_GC_LOG_OPTS",
    "KAFKA_DEBUG",
    "KAFKA_VERSION",
    "KAFKA_HOME",
    "KAFKA_URL",
    "KAFKA_CLASSPATH",
    "KAFKA_TOOLS_LOG4J_LOGLEVEL",
    # the images' own
    "KAFKA_CLUSTER_ID",
    "KAFKA_KRAFT_CLUSTER_ID",
    "KAFKA_ENABLE_KRAFT",
    "KAFKA_SKIP_KRAFT_STORAGE_INIT",
    "KAFKA_INITIAL_CONTROLLERS",
    "KAFKA_BASE_DIR",
    "KAFKA_CONF_DIR",
    "KAFKA_CONF_FILE",
    "KAFKA_VOLUME_DIR",
    "KAFKA_DATA_DIR",
    "KAFKA_MOUNTED_CONF_DIR",
    "KAFKA_CERTS_DIR",
    "KAFKA_INITSCRIPTS_DIR",
    "KAFKA_DAEMON_USER",
    "KAFKA_DAEMON_GROUP",
    "KAFKA_CREATE_TOPICS",
    "KAFKA_ADVERTISED_HOST_NAME",
    "KAFKA_ADVERTISED_PORT",
}
"""KAFKA_* variables that are no settings."""

SKIPPED_PREFIXES = (
    "KAFKA_LOG4J",
    "KAFKA_JMX_",
    "KAFKA_SERVICE_",
    "KAFKA_PORT",
    "KAFKA_REST_",
    "KAFKA_CONNECT_",
    "KAFKA_UI_",
)
"""How the names of more of them begin."""

_PREFIXES = ("KAFKA_CFG_", "KAFKA_")
_SEPARATORS = {1: ".", 2: "_", 3: "-"}


def setting_name(variable: str) -> str | None:
    """The setting that an environment variable names; None for one that is no setting."""
    if variable in SKIPPED or variable.startswith(SKIPPED_PREFIXES):
        return None
    for prefix in _PREFIXES:
        if variable.startswith(prefix):
            return _dotted(variable[len(prefix) :].lower()) or None
    return None


def _dotted(name: str) -> str:
    """Runs of underscores replaced: three at a time first, as the images' scripts do."""
    return name.replace("___", "-").replace("__", "\0").replace("_", ".").replace("\0", "_")


def settings_of(
    environ: Mapping[str, str], known: Mapping[str, str]
) -> tuple[dict[str, str], dict[str, str], list[str]]:
    """The settings in an environment.

    known: name in small letters -> the name as it is spelt, for those with capitals (zookeeper.clientCnxnSocket).
    Returns: name -> value; name -> variable, for messages; and the variables that were skipped.
    """
    values: dict[str, str] = {}
    variables: dict[str, str] = {}
    skipped: list[str] = []
    for variable in sorted(environ):
        if not variable.startswith("KAFKA_"):
            continue
        name = setting_name(variable)
        if name is None:
            skipped.append(variable)
            continue
        name = known.get(name, name)
        values[name] = environ[variable]
        variables[name] = variable
    return values, variables, skipped
