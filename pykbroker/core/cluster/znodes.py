"""The cluster's state as it stands in ZooKeeper: paths and JSON of Kafka 3.9, so that its tools understand our tree.

Written is exactly what Kafka writes: compact JSON in its field order, UTF-8; read is what any Kafka version wrote, in any
order. `null` data (None here) differs from empty data. Version numbers inside the JSON are those of the format; the znode's
own version is the store's business.

Formatting is done by hand, since a start on an empty directory writes a few znodes and reads none, and the json module
costs 5 ms to import; parsing imports it at first use. Kafka counterpart: kafka.zk.ZkData.
"""

from __future__ import annotations

from binascii import Error as Base64Error
from binascii import a2b_base64, b2a_base64
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from pykbroker.core.cluster.image import NO_LEADER, BrokerImage, Endpoint, PartitionImage

BROKER_IDS = "/brokers/ids"
BROKER_TOPICS = "/brokers/topics"
BROKER_SEQUENCE = "/brokers/seqid"
CLUSTER_ID = "/cluster/id"
CONTROLLER = "/controller"
CONTROLLER_EPOCH = "/controller_epoch"
CONFIG = "/config"
CONFIG_CHANGES = "/config/changes"
CONFIG_CHANGE_PREFIX = "/config/changes/config_change_"
DELETE_TOPICS = "/admin/delete_topics"
PRODUCER_ID_BLOCK = "/latest_producer_id_block"

# Every broker makes sure at its start that these are there. Parents stand before their children.
PERSISTENT_PATHS = (
    "/consumers",
    "/brokers",
    BROKER_IDS,
    BROKER_TOPICS,
    CONFIG,
    CONFIG_CHANGES,
    "/admin",
    DELETE_TOPICS,
    BROKER_SEQUENCE,
    "/isr_change_notification",
    PRODUCER_ID_BLOCK,
    "/log_dir_event_notification",
    "/config/topics",
    "/config/clients",
    "/config/users",
    "/config/brokers",
    "/config/ips",
)


class MalformedZnode(ValueError):
    """What stands in a znode is not what Kafka writes there."""

    def __init__(self, path: str, data: bytes | None, reason: object) -> None:
        super().__init__(f"{path} holds {data!r}: {reason}")


# -- paths ------------------------------------------------------------------------------------------------------------


def broker_path(broker_id: int) -> str:
    return f"/brokers/ids/{broker_id}"


def topic_path(topic: str) -> str:
    return f"/brokers/topics/{topic}"


def partitions_path(topic: str) -> str:
    return f"/brokers/topics/{topic}/partitions"


def partition_path(topic: str, index: int) -> str:
    return f"/brokers/topics/{topic}/partitions/{index}"


def state_path(topic: str, index: int) -> str:
    return f"/brokers/topics/{topic}/partitions/{index}/state"


def topic_config_path(topic: str) -> str:
    return f"/config/topics/{topic}"


def delete_topic_path(topic: str) -> str:
    return f"/admin/delete_topics/{topic}"


def config_path(entity: str) -> str:
    """entity: "topics/orders", "brokers/0", "brokers/<default>", ..., names sanitized."""
    return f"/config/{entity}"


# -- names in paths ---------------------------------------------------------------------------------------------------

_UNRESERVED = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_")


def sanitize(name: str) -> str:
    """An entity's name as part of a path: percent-encoded as Java's URLEncoder does it, with %20 and %2A (Sanitizer)."""
    return "".join(chr(byte) if byte in _UNRESERVED else f"%{byte:02X}" for byte in name.encode())


def desanitize(text: str) -> str:
    """The name behind a sanitized path element. Raises: ValueError."""
    head, *rest = text.split("%")
    raw = head.encode() + b"".join(bytes((int(part[:2], 16),)) + part[2:].encode() for part in rest)
    return raw.decode()


# -- topic ids --------------------------------------------------------------------------------------------------------

_TO_URL = bytes.maketrans(b"+/", b"-_")
_FROM_URL = bytes.maketrans(b"-_", b"+/")


def format_uuid(uuid: bytes) -> str:
    """16 bytes as Kafka writes an id: 22 characters of URL-safe base64 without padding."""
    return b2a_base64(uuid, newline=False)[:22].translate(_TO_URL).decode("ascii")


def parse_uuid(text: str) -> bytes:
    """Raises: ValueError if it is not such a text."""
    try:
        uuid = a2b_base64(text.encode("ascii").translate(_FROM_URL) + b"==")
    except (Base64Error, UnicodeEncodeError) as error:
        raise ValueError(f"{text!r} is no id of 22 characters in URL-safe base64") from error
    if len(uuid) != 16:
        raise ValueError(f"{text!r} is {len(uuid)} bytes long, an id has 16")
    return uuid


# -- JSON -------------------------------------------------------------------------------------------------------------


def quote(text: str) -> str:
    """A JSON string. Only what needs it is escaped; all else stands as UTF-8, as Kafka's writer does it."""
    if text.isascii() and text.isprintable() and '"' not in text and "\\" not in text:
        return f'"{text}"'
    import json

    return json.dumps(text, ensure_ascii=False)


def numbers(values: Iterable[int]) -> str:
    return "[" + ",".join(map(str, values)) + "]"


def mapping(items: Iterable[tuple[str, str]]) -> str:
    """A JSON object: the keys are quoted here, the values are JSON already."""
    return "{" + ",".join(f"{quote(key)}:{value}" for key, value in items) + "}"


def _parse(path: str, data: bytes | None) -> dict[str, Any]:
    import json

    try:
        value = json.loads(data or b"")
    except ValueError as error:
        raise MalformedZnode(path, data, error) from None
    if not isinstance(value, dict):
        raise MalformedZnode(path, data, "a JSON object belongs there")
    return value


# -- /brokers/ids/N ---------------------------------------------------------------------------------------------------


def format_broker(broker: BrokerImage, now_ms: int) -> bytes:
    """Registration, version 5. Its host and port, for old clients, are those of the first PLAINTEXT endpoint."""
    protocols = mapping((each.listener, quote(each.protocol)) for each in broker.endpoints)
    uris = ",".join(quote(_uri(each)) for each in broker.endpoints)
    plain = next((each for each in broker.endpoints if each.protocol == "PLAINTEXT"), None)
    host, port = ("null", -1) if plain is None else (quote(plain.host), plain.port)
    rack = "" if broker.rack is None else f',"rack":{quote(broker.rack)}'
    return (
        f'{{"features":{{}},"listener_security_protocol_map":{protocols},"endpoints":[{uris}]{rack},"jmx_port":-1,'
        f'"port":{port},"host":{host},"version":5,"timestamp":"{now_ms}"}}'
    ).encode()


def _uri(endpoint: Endpoint) -> str:
    host = f"[{endpoint.host}]" if ":" in endpoint.host else endpoint.host
    return f"{endpoint.listener}://{host}:{endpoint.port}"


def parse_broker(broker_id: int, data: bytes | None, epoch: int) -> BrokerImage:
    """Raises: MalformedZnode."""
    path = broker_path(broker_id)
    value = _parse(path, data)
    try:
        protocols = value.get("listener_security_protocol_map", {})
        endpoints = tuple(_endpoint(uri, protocols) for uri in value.get("endpoints", ()))
        if not endpoints:  # version 1, before there were listeners
            endpoints = (Endpoint("PLAINTEXT", value["host"], value["port"]),)
        return BrokerImage(broker_id, epoch, endpoints, value.get("rack"))
    except (KeyError, TypeError, ValueError) as error:
        raise MalformedZnode(path, data, repr(error)) from None


def _endpoint(uri: str, protocols: Mapping[str, str]) -> Endpoint:
    listener, _, address = uri.partition("://")
    host, _, port = address.rpartition(":")
    return Endpoint(
        listener, host.removeprefix("[").removesuffix("]"), int(port), protocols.get(listener, listener)
    )


# -- /brokers/topics/T ------------------------------------------------------------------------------------------------


class Assignment(NamedTuple):
    """What /brokers/topics/T says. topic_id: None where a tool before Kafka 2.8 wrote it. replicas: by partition, dense."""

    topic_id: bytes | None
    replicas: tuple[tuple[int, ...], ...]
    adding: Mapping[int, tuple[int, ...]]
    removing: Mapping[int, tuple[int, ...]]
    version: int


def format_topic(topic_id: bytes, partitions: Sequence[PartitionImage]) -> bytes:
    replicas = mapping((str(each.index), numbers(each.replicas)) for each in partitions)
    adding = mapping((str(each.index), numbers(each.adding)) for each in partitions if each.adding)
    removing = mapping((str(each.index), numbers(each.removing)) for each in partitions if each.removing)
    return (
        f'{{"partitions":{replicas},"topic_id":"{format_uuid(topic_id)}","adding_replicas":{adding},'
        f'"removing_replicas":{removing},"version":3}}'
    ).encode()


def parse_topic(topic: str, data: bytes | None) -> Assignment:
    """Raises: MalformedZnode."""
    path = topic_path(topic)
    value = _parse(path, data)
    try:
        by_index = _replicas(value["partitions"])
        replicas = tuple(by_index[index] for index in range(len(by_index)))
        topic_id = value.get("topic_id")
        return Assignment(
            None if topic_id is None else parse_uuid(topic_id),
            replicas,
            _replicas(value.get("adding_replicas") or {}),
            _replicas(value.get("removing_replicas") or {}),
            value["version"],
        )
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise MalformedZnode(path, data, repr(error)) from None


def _replicas(value: Mapping[str, Sequence[int]]) -> dict[int, tuple[int, ...]]:
    return {int(index): tuple(brokers) for index, brokers in value.items()}


# -- /brokers/topics/T/partitions/P/state -----------------------------------------------------------------------------


def format_state(partition: PartitionImage, controller_epoch: int) -> bytes:
    recovery = '"leader_recovery_state":1,' if partition.leader_recovery_state else ""
    return (
        f'{{"controller_epoch":{controller_epoch},"leader":{partition.leader},"version":1,{recovery}'
        f'"leader_epoch":{partition.leader_epoch},"isr":{numbers(partition.isr)}}}'
    ).encode()


def parse_state(
    topic: str, index: int, data: bytes | None, partition_epoch: int, assignment: Assignment
) -> PartitionImage:
    """partition_epoch: version of the state znode. Raises: MalformedZnode."""
    path = state_path(topic, index)
    value = _parse(path, data)
    try:
        return PartitionImage(
            index,
            value["leader"],
            value["leader_epoch"],
            tuple(value["isr"]),
            assignment.replicas[index],
            partition_epoch,
            assignment.adding.get(index, ()),
            assignment.removing.get(index, ()),
            value.get("leader_recovery_state", 0),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise MalformedZnode(path, data, repr(error)) from None


def new_partition(index: int, replicas: Sequence[int], live: Iterable[int]) -> PartitionImage:
    """A partition without a state so far: leader is the first live replica, the ISR all live ones, epochs 0."""
    alive = set(live)
    isr = tuple(each for each in replicas if each in alive)
    return PartitionImage(index, isr[0] if isr else NO_LEADER, 0, isr or tuple(replicas), tuple(replicas))


# -- the small ones ---------------------------------------------------------------------------------------------------


def format_config(config: Mapping[str, str]) -> bytes:
    """/config/<type>/<name>: all values are strings."""
    entries = mapping((key, quote(value)) for key, value in config.items())
    return f'{{"version":1,"config":{entries}}}'.encode()


def parse_config(path: str, data: bytes | None) -> dict[str, str]:
    """None as data (an entity that only has children) is no configuration. Raises: MalformedZnode."""
    if not data:
        return {}
    value = _parse(path, data).get("config", {})
    if not isinstance(value, dict):
        raise MalformedZnode(path, data, "config is no JSON object")
    return {str(key): str(each) for key, each in value.items()}


def format_config_change(entity: str) -> bytes:
    """A notification under /config/changes. entity: as in `config_path`."""
    return f'{{"version":2,"entity_path":{quote(entity)}}}'.encode()


def format_cluster_id(cluster_id: str) -> bytes:
    return f'{{"version":"1","id":{quote(cluster_id)}}}'.encode()


def parse_cluster_id(data: bytes | None) -> str:
    """Raises: MalformedZnode."""
    try:
        return str(_parse(CLUSTER_ID, data)["id"])
    except KeyError:
        raise MalformedZnode(CLUSTER_ID, data, "no id") from None


def format_controller(broker_id: int, now_ms: int) -> bytes:
    return f'{{"version":2,"brokerid":{broker_id},"timestamp":"{now_ms}","kraftControllerEpoch":-1}}'.encode()


def parse_controller(data: bytes | None) -> int:
    """The broker id of the controller. Raises: MalformedZnode."""
    try:
        return int(_parse(CONTROLLER, data)["brokerid"])
    except (KeyError, TypeError, ValueError):
        raise MalformedZnode(CONTROLLER, data, "no broker id") from None


def format_controller_epoch(epoch: int) -> bytes:
    return str(epoch).encode()


def parse_controller_epoch(data: bytes | None) -> int:
    """Raises: MalformedZnode."""
    try:
        return int(data or b"")
    except ValueError:
        raise MalformedZnode(CONTROLLER_EPOCH, data, "a decimal number belongs there") from None
