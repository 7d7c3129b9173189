"""The parts of the differential, each for itself: what is a difference, what is masked, what is translated."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from differential.compare import MISSING, Difference, compare
from differential.corpus import Exchange, Recording, load, load_all, save
from differential.fields import Request, build_request, declared, from_plain, parse_request, to_plain
from differential.generated import NEVER, Generated
from differential.judge import SLIP, Known, findings, load_known, readable
from differential.masks import masked
from differential.record import kept
from differential.records import to_plain as batches
from differential.records import with_producer_ids
from differential.replay import CLOSED, SILENT
from differential.report import text, versions
from differential.translation import Translation
from differential.values import batch
from wire.records.batch import read_header, verify_crc

EVERYTHING = {key: tuple(request.versions) for key, (request, _) in declared().items()}


# comparing


def test_lists_are_aligned_by_name() -> None:
    ours = {"topics": [{"name": "b", "error_code": 0}, {"name": "a", "error_code": 3}]}
    theirs = {"topics": [{"name": "a", "error_code": 0}, {"name": "b", "error_code": 0}]}
    assert compare(ours, theirs) == [Difference("topics[].error_code", "topics[a].error_code", 3, 0)]


def test_a_key_may_be_empty() -> None:
    assert compare({"rows": [{"key": "", "node_id": -1}]}, {"rows": [{"key": "", "node_id": 0}]}) == [
        Difference("rows[].node_id", "rows[].node_id", -1, 0)
    ]


def test_what_one_side_lacks() -> None:
    ours: dict[str, Any] = {"topics": [{"name": "a"}, {"name": "a"}]}
    theirs: dict[str, Any] = {"topics": [{"name": "a"}, {"name": "b"}], "extra": 1}
    assert compare(ours, theirs) == [
        Difference("topics[]", "topics[a]", {"name": "a"}, MISSING),
        Difference("topics[]", "topics[b]", MISSING, {"name": "b"}),
        Difference("extra", "extra", MISSING, 1),
    ]


def test_lists_without_names_keep_their_order() -> None:
    assert compare({"isr": [1, 2]}, {"isr": [2, 1]}) == [Difference("isr", "isr", [1, 2], [2, 1])]


@pytest.mark.parametrize(("ours", "theirs"), [(CLOSED, {"error_code": 0}), ({"error_code": 0}, CLOSED)])
def test_no_answer_is_a_difference(ours: Any, theirs: Any) -> None:
    assert compare(ours, theirs) == [Difference("(answer)", "(answer)", ours, theirs)]


# masking


@pytest.mark.parametrize(
    ("api", "field", "ours", "theirs", "same"),
    [
        ("Metadata", "port", 1, 2, True),
        ("Metadata", "cluster_id", "a", "b", True),
        ("Metadata", "cluster_id", "a", None, False),
        ("Fetch", "session_id", 5, 9, True),
        ("Fetch", "session_id", 5, 0, False),
        ("Produce", "error_message", "why", None, True),
        ("Produce", "error_message", None, "why", False),
        ("Produce", "error_code", 1, 2, False),
        ("JoinGroup", "leader", "a", "b", True),
        ("Metadata", "leader", 1, 2, False),
    ],
)
def test_masks(api: str, field: str, ours: Any, theirs: Any, same: bool) -> None:
    assert (not compare({field: ours}, {field: theirs}, masked(api))) is same


def test_a_masked_field_must_be_there() -> None:
    assert compare({"port": 1}, {}, masked("Metadata"))


def test_known_differences_fit_by_pattern() -> None:
    request = Request(3, 9, 1, None, {})
    entry = Known("Metadata", "topics[a*].error_code", reason="so", versions="9|10", ours="3")
    ours = {"topics": [{"name": "ab", "error_code": 3}, {"name": "b", "error_code": 3}]}
    theirs = {"topics": [{"name": "ab", "error_code": 0}, {"name": "b", "error_code": 0}]}
    first, second = findings(request, ours, theirs, "here", "4.3.1", [entry])
    assert (first.known, second.known, entry.uses) == (entry, None, 1)
    assert "topics[b].error_code" in text([first, second])
    assert "topics[ab]" not in text([first, second])


def test_patterns_may_stand_in_a_list(tmp_path: Path) -> None:
    file = tmp_path / "known.toml"
    file.write_text('[[known]]\napi = "A"\nwhere = ["x[1]", "y"]\nreason = "so"\n')
    (entry,) = load_known(file)
    assert entry.where == "x[1]|y"


def test_where_the_reference_stumbled_over_a_row_the_others_are_judged() -> None:
    request = Request(3, 9, 1, None, {})
    ours = {"topics": [{"name": "a", "error_code": 3, "n": 1}, {"name": "b", "error_code": 3}]}
    more = {"name": "c", "error_code": -1}
    theirs = {"topics": [{"name": "a", "error_code": -1, "n": 2}, {"name": "b", "error_code": 0}, more]}
    found = {row.where: row.known for row in findings(request, ours, theirs, "here", "4.3.1", [])}
    assert found == {
        "topics[a].error_code": SLIP,
        "topics[a].n": SLIP,
        "topics[b].error_code": None,
        "topics[c]": SLIP,
    }
    whole = findings(
        request, {"error_code": 0, "topics": []}, {"error_code": -1, "topics": None}, "", "4.3.1", []
    )
    assert [row.known for row in whole] == [SLIP, SLIP]
    assert [row.known for row in findings(request, ours, SILENT, "", "4.3.1", [])] == [SLIP]


def test_known_toml_names_real_entries() -> None:
    """Each entry has a reason, or the name of an entry of docs/differences.md."""
    docs = (Path(__file__).parents[2] / "docs" / "differences.md").read_text()
    for entry in load_known():
        assert bool(entry.reason) != bool(entry.difference), entry
        assert not entry.difference or f"| {entry.difference} |" in docs, entry


def test_what_other_runs_left_is_not_seen() -> None:
    answer = {"topics": [{"name": "diff0000-a"}, {"name": "diffbeef-a"}, {"name": "other"}]}
    assert readable(answer) == {"topics": [{"name": "diff0000-a"}, {"name": "other"}]}


def test_rows_of_one_topic_are_one() -> None:
    rows = [{"name": "a", "partitions": [{"partition_index": number}]} for number in (0, 1)]
    assert readable({"topics": rows}) == {
        "topics": [{"name": "a", "partitions": [{"partition_index": 0}, {"partition_index": 1}]}]
    }


# record batches


def test_what_fills_up_behind_message_sets_is_left_out() -> None:
    filler = b"\xff" * 8 + (61).to_bytes(4, "big") + bytes(30)
    messages = bytes(8) + (14).to_bytes(4, "big") + bytes(14)
    assert batches(messages + filler) == batches(messages) == messages
    assert batches(messages + b"\xff" * 8) == messages + b"\xff" * 8


def test_batches_in_fields_and_with_another_producer() -> None:
    data = batch(2, producer_id=7, producer_epoch=0, base_sequence=0) + batch(1)
    changed = with_producer_ids(data, {7: 1000})
    header = read_header(changed)
    assert header.producer_id == 1000
    verify_crc(changed, header)
    first, second = batches(changed)
    assert (len(first["records"]), second["producer_id"], len(changed)) == (2, -1, len(data))
    assert with_producer_ids(data, {8: 1}) == data


def test_a_wrong_checksum_stays_wrong() -> None:
    data = batch(1, producer_id=7)
    broken = data[:-1] + bytes([data[-1] ^ 1])
    changed = with_producer_ids(broken, {7: 8})
    assert changed[17:21] == broken[17:21]


# translating


def test_ids_are_learnt_by_name_and_used_in_requests() -> None:
    side = Translation()
    recorded = {"topics": [{"name": "a", "topic_id": b"1" * 16}, {"name": "b", "topic_id": b"2" * 16}]}
    answered = {"topics": [{"name": "b", "topic_id": b"8" * 16}, {"name": "a", "topic_id": b"9" * 16}]}
    side.learn(recorded, answered)
    assert side.forward({"topics": [{"topic_id": b"2" * 16}]}) == {"topics": [{"topic_id": b"8" * 16}]}
    assert side.backward(answered)["topics"][1]["topic_id"] == b"1" * 16


def test_the_one_member_that_is_left_over_is_the_one_of_the_recording() -> None:
    """The leader's answer names the other member before that one's own answer comes."""
    side = Translation()
    recorded = {"members": [{"member_id": "a"}, {"member_id": "b"}], "member_id": "a"}
    side.learn(recorded, {"members": [{"member_id": "y"}, {"member_id": "x"}], "member_id": "x"})
    assert side.forward({"assignments": [{"member_id": "b"}, {"member_id": "a"}]}) == {
        "assignments": [{"member_id": "y"}, {"member_id": "x"}]
    }


def test_nothing_is_not_an_id() -> None:
    side = Translation()
    side.learn({"session_id": 0, "producer_id": 3}, {"session_id": 77, "producer_id": -1})
    assert side.forward({"session_id": 0, "producer_id": 3}) == {"session_id": 0, "producer_id": 3}


def test_broker_ids_stand_in_names_of_resources_too() -> None:
    side = Translation()
    side.learn({"brokers": [{"node_id": 0}]}, {"brokers": [{"node_id": 5}]})
    request = {
        "resources": [{"resource_type": 4, "resource_name": "0"}, {"resource_type": 2, "resource_name": "0"}]
    }
    assert [row["resource_name"] for row in side.forward(request)["resources"]] == ["5", "0"]


# recordings


def test_a_recording_is_read_as_it_was_saved(tmp_path: Any) -> None:
    exchanges = (
        Exchange(0, 1, b"\0\3\0\1" + b"x" * 99, b"\0\0\0\1"),
        Exchange(1, 2, b"\0\0\0\3" + b"y" * 7, None),
    )
    recording = Recording("name", {"client": "c"}, exchanges)
    assert load(save(recording, tmp_path)) == recording


def test_apis_are_asked_once_and_waiting_is_counted_in_what_is_kept() -> None:
    ask, other = b"\0\x12\0\0", b"\0\3\0\1"
    rows = [
        [0, 2, ask + b"\0\0\0\1", b"a"],
        [1, 3, ask + b"\0\0\0\2", b"a"],
        [1, 4, other + b"\0\0\0\3", b"m"],
        [1, None, other + b"\0\0\0\4", None],
    ]
    assert [(row.connection, row.answered) for row in kept(rows)] == [(0, 1), (1, 2)]


def test_recorded_requests_are_built_from_their_fields_as_they_were() -> None:
    recordings = load_all()
    assert len(recordings) > 10
    for recording in recordings:
        for exchange in recording.exchanges:
            assert build_request(parse_request(exchange.request)) == exchange.request


# random requests


def test_random_requests_are_well_formed_and_the_same_for_a_seed() -> None:
    """Every API that may be asked, in all its versions, with nothing learnt yet."""
    seen = set()
    for number in range(30):
        requests = list(Generated(5, number, EVERYTHING).requests(60))
        assert requests == list(Generated(5, number, EVERYTHING).requests(60))
        for request in requests:
            parsed = parse_request(build_request(request))
            assert (parsed.key, parsed.version) == (request.key, request.version)
            assert to_plain(declared()[request.key][0], request.version, _again(request)) == parsed.body
            seen.add(request.key)
    assert len(seen) > 50
    assert not seen & NEVER


def _again(request: Request) -> Any:
    return from_plain(declared()[request.key][0], request.body)


def test_versions_as_ranges() -> None:
    assert versions([3, 0, 1, 1, 7]) == "0-1,3,7"
