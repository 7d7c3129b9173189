"""`python -m wire` as a person uses it."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path

import pytest

from wire.framing import frame
from wire.headers import build_request_header, build_response_header
from wire.messages.api_versions import ApiVersionsRequest, ApiVersionsResponse
from wire.messages.fetch import FetchPartition, FetchRequest, FetchTopic
from wire.messages.metadata import MetadataRequest, MetadataResponse, MetadataResponseBroker
from wire.stored.offset_commit import OffsetCommitKey
from wire.tool.cli import main

ASK = frame(
    [
        build_request_header(18, 3, 1, "me"),
        *ApiVersionsRequest.build(3, ApiVersionsRequest(client_software_name="x")),
    ]
)
ANSWER = frame([build_response_header(18, 3, 1), *ApiVersionsResponse.build(3, ApiVersionsResponse())])
METADATA = frame([build_request_header(3, 9, 2, None), *MetadataRequest.build(9, MetadataRequest())])
BROKERS = MetadataResponse(brokers=[MetadataResponseBroker(node_id=7, host="localhost", port=9092)])
METADATA_ANSWER = frame([build_response_header(3, 9, 2), *MetadataResponse.build(9, BROKERS)])

Out = pytest.CaptureFixture[str]


def run(capsys: Out, *arguments: str) -> tuple[int, str, str]:
    code = main(list(arguments))
    out, err = capsys.readouterr()
    return code, out, err


def test_apis(capsys: Out) -> None:
    code, out, _ = run(capsys, "apis")
    assert code == 0
    assert re.search(r"^ +1  Fetch +0-18 +12\+ +1-2 +0-1$", out, re.MULTILINE)
    code, out, _ = run(capsys, "apis", "--json")
    rows = {row["key"]: row for row in json.loads(out)}
    assert rows[18] == {
        "key": 18,
        "name": "ApiVersions",
        "versions": "0-4",
        "flexible": 3,
        "request_headers": "1-2",
        "response_headers": "0",
    }
    assert rows[17]["flexible"] is None
    assert rows[7]["request_headers"] == "0-2"


def test_show_a_version_with_its_header(capsys: Out) -> None:
    code, out, _ = run(capsys, "show", "ApiVersions", "--version", "3", "--header")
    assert code == 0
    request, _, response = out.partition("\n\n")
    assert (
        request
        == """\
ApiVersionsRequest v3: request of API 18, flexible encoding
field                      type            null  tag  default  on the wire
length                     int32                               4 bytes: how many follow
RequestHeader v2
  request_api_key          int16                               2 bytes
  request_api_version      int16                               2 bytes
  correlation_id           int32                               4 bytes
  client_id                string          yes                 int16 n, then n bytes; -1: null
  tagged fields                                                uvarint n, then n of tag, size, content
ApiVersionsRequest v3
  client_software_name     compact string                      uvarint n + 1, then n bytes
  client_software_version  compact string                      uvarint n + 1, then n bytes
  tagged fields                                                uvarint n, then n of tag, size, content"""
    )
    assert "\nResponseHeader v0\n" in response
    assert re.search(r"^    supported_features +compact \[\]SupportedFeatureKey +0 ", response, re.MULTILINE)


def test_show_all_versions(capsys: Out) -> None:
    code, out, _ = run(capsys, "show", "fetchrequest")
    assert code == 0
    assert out.startswith("FetchRequest: request of API 1, versions 0-18, flexible 12+\nfield ")
    assert re.search(r"^  cluster_id +string +12\+ +0\+ +0 in 12\+ +null$", out, re.MULTILINE)
    assert re.search(r"^    partitions +\[\]FetchPartition +0\+$", out, re.MULTILINE)


def test_decode_a_request(capsys: Out) -> None:
    code, out, err = run(capsys, "decode", ASK.hex(" "))
    assert (code, err) == (0, "")
    assert (
        out
        == """\
ApiVersionsRequest v3, 21 bytes
offset  bytes        field                      type            value
     0  00 00 00 11  length                     int32           17
     4               RequestHeader v2
     4  00 12          request_api_key          int16           18  (ApiVersions)
     6  00 03          request_api_version      int16           3
     8  00 00 00 01    correlation_id           int32           1
    12  00 02 6d 65    client_id                string          "me"
    16  00             tagged fields            uvarint         none
    17               ApiVersionsRequest v3
    17  02 78          client_software_name     compact string  "x"
    19  01             client_software_version  compact string  ""
    20  00             tagged fields            uvarint         none
"""
    )


def test_the_length_in_front_may_be_missing(capsys: Out) -> None:
    for arguments in (ASK[4:].hex(),), (ASK[4:].hex(), "--length", "no"), (ASK.hex(), "--length", "yes"):
        code, out, _ = run(capsys, "decode", *arguments)
        assert code == 0
        assert "ApiVersionsRequest v3" in out


def test_paths(capsys: Out) -> None:
    topic = FetchTopic(topic="a", partitions=[FetchPartition(partition=3)])
    data = b"".join(
        [build_request_header(1, 12, 1, "me"), *FetchRequest.build(12, FetchRequest(topics=[topic]))]
    )
    code, out, _ = run(capsys, "decode", data.hex(), "--paths")
    assert code == 0
    assert re.search(r"00 00 00 03 +topics\[0\]\.partitions\[0\]\.partition +int32 +3", out)


def test_an_error_points_at_the_byte_and_what_was_read_is_shown(capsys: Out) -> None:
    bad = bytearray(ASK)
    bad[17] = 0x30
    code, out, err = run(capsys, "decode", bad.hex())
    assert code == 1
    assert out.endswith("    17               ApiVersionsRequest v3\n")
    assert (
        err
        == """\
error at byte 17 (0x11) of ApiVersionsRequest v3: client_software_name: a length of 47; bytes left: 3
   0  00 00 00 11 00 12 00 03 00 00 00 01 00 02 6d 65
  16  00 30 78 01 00
         ^^
"""
    )


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"\x00\x00\x00\x08\x7f\x00\x00\x00\x00\x00\x00\x00", "there is no API with the key 32512"),
        (b"\x00\x00\x00\x0b\x00\x03\x00\x63\x00\x00\x00\x00\xff\xff\x00", "and no 99"),
        (b"GET / HTTP/1.1\r\n", "it is HTTP, not a Kafka request"),
        (b"\x00\x00", "too short for a request header"),
        (b"\x7f\x00", "cannot hold the length"),
        (b"\x00\x00\x00\x04\x00\x03\x00\x00", "too short for a request header"),
        (b"\xff\xff\xff\xff\x00\x03\x00\x00", "a negative length"),
    ],
)
def test_bytes_that_are_no_request(capsys: Out, data: bytes, reason: str) -> None:
    code, _, err = run(capsys, "decode", data.hex())
    assert code == 1
    assert err.startswith("error at byte ")
    assert re.search(reason, err)


def test_decode_an_answer(capsys: Out) -> None:
    code, out, _ = run(capsys, "decode", "--response", "metadata", "--version", "9", METADATA_ANSWER.hex())
    assert code == 0
    assert re.search(r'0a 6c 6f 63 61 6c 68 6f \.\. +host +compact string +"localhost"', out)


def test_an_answer_that_refuses_the_version_of_api_versions_is_version_0(capsys: Out) -> None:
    """KIP-511"""
    data = frame(
        [build_response_header(18, 4, 1), *ApiVersionsResponse.build(0, ApiVersionsResponse(error_code=35))]
    )
    code, out, _ = run(capsys, "decode", "--response", "18", "--version", "4", data.hex())
    assert code == 0
    assert "ApiVersionsResponse v0" in out
    assert "35  (UNSUPPORTED_VERSION)" in out


def test_decode_a_stored_key(capsys: Out) -> None:
    body = b"".join(OffsetCommitKey.build(1, OffsetCommitKey(group="g", topic="t", partition=2)))
    code, out, _ = run(capsys, "decode", "--message", "OffsetCommitKey", "0001" + body.hex())
    assert code == 0
    assert re.search(r"^ +0  00 01 +version +int16 +1$", out, re.MULTILINE)
    assert run(capsys, "decode", "--message", "OffsetCommitKey", "--version", "1", body.hex())[0] == 0
    code, _, err = run(capsys, "decode", "--message", "OffsetCommitKey", "0009" + body.hex())
    assert code == 1
    assert "OffsetCommitKey has the versions 0-1, and no 9" in err


def test_streams_are_paired_by_correlation_id(capsys: Out, tmp_path: Path) -> None:
    (tmp_path / "requests").write_bytes(ASK + METADATA)
    (tmp_path / "replies").write_text((METADATA_ANSWER + ANSWER).hex(" "))
    files = ("--stream", str(tmp_path / "requests"), "--replies", str(tmp_path / "replies"))
    code, out, err = run(capsys, "decode", *files)
    assert (code, err) == (0, "")
    titles = [line for line in out.splitlines() if " at byte " in line]
    assert titles == [
        "#1 at byte 0: ApiVersionsRequest v3, 21 bytes",
        f"reply to #1 at byte {len(METADATA_ANSWER)}: ApiVersionsResponse v3, {len(ANSWER)} bytes",
        f"#2 at byte 21: MetadataRequest v9, {len(METADATA)} bytes",
        f"reply to #2 at byte 0: MetadataResponse v9, {len(METADATA_ANSWER)} bytes",
    ]
    code, out, _ = run(capsys, "decode", *files, "--json")
    assert [json.loads(line)["message"] for line in out.splitlines()] == [
        "ApiVersionsRequest",
        "ApiVersionsResponse",
        "MetadataRequest",
        "MetadataResponse",
    ]


def test_a_stream_that_ends_early_and_replies_to_nothing(capsys: Out, tmp_path: Path) -> None:
    (tmp_path / "requests").write_bytes(ASK + METADATA[:-3])
    (tmp_path / "replies").write_bytes(frame([b"\0\0\0\x09"]))
    code, out, err = run(
        capsys, "decode", "--stream", str(tmp_path / "requests"), "--replies", str(tmp_path / "replies")
    )
    assert code == 1
    assert "no reply to #1" in out
    assert "its correlation id 9 is of no request" in err
    assert "of MetadataRequest v9" in err


def test_json_of_a_stream_goes_back_to_its_bytes(
    capsysbinary: pytest.CaptureFixture[bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream = ASK + METADATA + METADATA[:-3]
    (tmp_path / "requests").write_bytes(stream)
    assert main(["decode", "--stream", str(tmp_path / "requests"), "--json"]) == 1
    text = capsysbinary.readouterr().out
    (tmp_path / "json").write_bytes(text)
    assert main(["encode", "--file", str(tmp_path / "json"), "--raw"]) == 0
    assert capsysbinary.readouterr().out == stream
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"[" + text.splitlines()[0] + b"]\n")))
    assert main(["encode"]) == 0
    assert capsysbinary.readouterr().out == ASK.hex().encode() + b"\n"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{", "not JSON"),
        ("5", "a number where a message belongs"),
        ('{"message": "Fetch"}', "no message is called 'Fetch'"),
        ('{"message": "FetchRequest", "version": 99}', "has the versions 0-18, and no 99"),
        ('{"message": "FetchRequest", "version": "4"}', "version: a string where an integer belongs"),
        ('{"mesage": "FetchRequest"}', "a message has no 'mesage'; nearest: message"),
        (
            '{"message": "FetchRequest", "version": 4, "body": {"topic": []}}',
            "body.topic: FetchRequest has no such field; nearest: topics",
        ),
        (
            '{"message": "FetchRequest", "version": 4, "body": {"rack_id": ""}}',
            r"body.rack_id: it is a field of the versions 11\+, and not of 4",
        ),
        (
            '{"message": "FetchRequest", "version": 4, "body": {"topics": [{"partitions": [{"partition": true}]}]}}',
            r"body.topics\[0\].partitions\[0\].partition: true or false where an integer belongs",
        ),
        ('{"message": "FetchRequest", "version": 4, "body": {"max_wait_ms": 2147483648}}', "max_wait_ms"),
        ('{"message": "FetchRequest", "version": 4, "body": {"topics": null}}', "body.topics: null"),
        ('{"message": "OffsetCommitKey", "version": 1, "header": {}}', "there is no header"),
        ('{"raw": "0"}', "raw: not hex"),
    ],
)
def test_wrong_json_is_named(capsys: Out, tmp_path: Path, text: str, reason: str) -> None:
    (tmp_path / "json").write_text(text)
    code, out, err = run(capsys, "encode", "--file", str(tmp_path / "json"))
    assert (code, out) == (1, "")
    assert re.search(reason, err), err


@pytest.mark.parametrize(
    "arguments",
    [
        ["show", "Fetch", "--header"],
        ["decode", "--response", "Fetch", "00"],
        ["decode", "--version", "3", "00"],
        ["decode", "--replies", "file"],
        ["decode", "--file", "file", "00"],
        ["decode", "--request", "--response", "Fetch", "00"],
        [],
    ],
)
def test_wrong_usage(capsys: Out, arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["show", "Fetchrequst"], "no such message: Fetchrequst; nearest: FetchRequest"),
        (["show", "Fetch", "--version", "99"], "and no 99"),
        (["decode", "--message", "FetchRequest", "00"], "give --version"),
        (["decode", "--message", "Fetch", "--version", "0", "00"], "FetchRequest or FetchResponse"),
        (["decode", "--file", "there-is-none"], "No such file"),
        (["decode", ""], "no bytes"),
    ],
)
def test_what_cannot_be_done_is_one_line(capsys: Out, arguments: list[str], reason: str) -> None:
    code, _, err = run(capsys, *arguments)
    assert code == 1
    assert reason in err
    assert err.count("\n") == 1
