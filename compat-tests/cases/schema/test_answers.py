"""Every version of every API that is announced answers a well-formed request in its own schema, and with nothing else.

That the header has the right version, that the correlation id is the request's, and that the body is read to its end is
checked in every exchange of the suite; here, that nothing unknown is in it, and that the envelope of a request may be
anything that the protocol allows.
"""

from __future__ import annotations

from typing import Any

from cases.schema.requests import APIS, scene, well_formed
from conformance import Closed, Kafka, case, make
from wire.messages.produce import ProduceRequest
from wire.records.legacy import write_message
from wire.schema import Array, Group, Message

TAG = 9_001  # a tag that no field has
HEADER_TAGS = b"\x01" + b"\xa9\x46" + b"\x03odd"  # one field: the tag, its size, its bytes


def unknown_tags(group: Group, obj: Any, path: str = "") -> list[str]:
    """Where an answer has tagged fields that its schema does not know."""
    found = [f"{path or group.name}: {obj.unknown_tags}"] if obj.unknown_tags else []
    for field in group.fields:
        kind, value = field.type, getattr(obj, field.name)
        items = value if isinstance(kind, Array) else [value]
        element = kind.element if isinstance(kind, Array) else kind
        if isinstance(element, Group):
            for item in items or ():
                found += unknown_tags(element, item, f"{path}.{field.name}") if item is not None else []
    return found


def check_answer(answer: Any) -> None:
    assert not unknown_tags(answer._group, answer), (
        "the answer has tagged fields that its version does not have"
    )


@case(*APIS, feature="answers", why="KIP-482; the message definitions")
def test_a_well_formed_request(kafka: Kafka, api: Message, version: int) -> None:
    """The answer is in the schema of the request's version, to its last byte, without unknown tagged fields."""
    check_answer(kafka.ask(well_formed(kafka, api), version))


@case(ProduceRequest, versions="3+", feature="answers", why="KIP-98; the message definitions")
def test_produce(kafka: Kafka, version: int) -> None:
    """A Produce of one record batch is answered in the schema of its version."""
    check_answer(kafka.ask(well_formed(kafka, ProduceRequest), version))


@case(ProduceRequest, versions="0-2", feature="answers", why="KIP-896, KAFKA-18659; ProduceRequest.json")
def test_produce_of_message_sets(kafka: Kafka, version: int) -> None:
    """Announced for the sake of old clients: it is answered in its schema, or the connection is closed."""
    message = bytearray()
    write_message(message, min(version, 1), 0, 1_000, None, b"x")
    topic = scene(kafka).topic
    row = {"name": topic.name, "partition_data": [{"index": 0, "records": bytes(message)}]}
    request = make(ProduceRequest, {"acks": -1, "timeout_ms": 5000, "topic_data": [row]})
    try:
        check_answer(kafka.ask(request, version))
    except Closed:
        assert kafka.line != "3.9", "3.9 serves message sets"


@case(*APIS, versions="flexible", feature="unknown tagged fields", why="KIP-482")
def test_unknown_tagged_fields(kafka: Kafka, api: Message, version: int) -> None:
    """A tagged field that the broker does not know, in the header and in the body, is skipped."""
    request = well_formed(kafka, api)
    request.unknown_tags = {TAG: b"unknown"}
    connection = kafka.connection(about=request)
    connection.send(request, version, header_tags=HEADER_TAGS)
    check_answer(connection.receive())


@case(*APIS, versions="latest", feature="bytes behind the body", why="RequestContext.parseRequest")
def test_bytes_behind_the_body(kafka: Kafka, api: Message, version: int) -> None:
    """Bytes behind the body, within the frame, are ignored."""
    request = well_formed(kafka, api)
    connection = kafka.connection(about=request)
    connection.send(request, version, trailing=b"\xff\x00behind")
    check_answer(connection.receive())


@case(*APIS, versions="latest", feature="client id", why="RequestHeader.json: ClientId is nullable")
def test_no_client_id(kafka: Kafka, api: Message, version: int) -> None:
    """A null client id is as good as any."""
    check_answer(kafka.ask(well_formed(kafka, api), version, client_id=None))


@case(*APIS, versions="latest", feature="correlation id", why="RequestHeader.json; ResponseHeader.json")
def test_a_negative_correlation_id(kafka: Kafka, api: Message, version: int) -> None:
    """The correlation id is echoed whatever it is, also a negative one."""
    request = well_formed(kafka, api)
    check_answer(kafka.connection(about=request).ask(request, version, correlation_id=-(2**31)))
