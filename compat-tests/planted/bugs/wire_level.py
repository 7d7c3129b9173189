"""Bugs of headers, versions and frames."""

from __future__ import annotations

from planted.bug import Bug, Edit

DISPATCH = "pykbroker/api/dispatch.py"

BUGS = (
    Bug(
        "old-header-on-a-flexible-answer",
        apis=("OffsetForLeaderEpoch",),
        says="Clients that use OffsetForLeaderEpoch version 4 cannot read the answer: its header has no tagged fields.",
        blind=True,
        edits=(Edit(DISPATCH, "and api.key != API_VERSIONS", "and api.key not in (API_VERSIONS, 23)"),),
    ),
    Bug(
        "tags-in-a-request-header-are-refused",
        apis=(),
        says="A client that sends a tagged field in its request header, which may be ignored, is disconnected.",
        blind=True,
        edits=(
            Edit(
                DISPATCH,
                "return skip_tagged_fields(buffer, at, end)",
                'raise WireError("there are tagged fields in the header")',
            ),
        ),
    ),
    Bug(
        "unsupported-versions-answer-names-none",
        apis=("ApiVersions",),
        says="A newer client than the broker has to guess which version of ApiVersions it may ask with.",
        stands_for="streamnative/kop#176",
        blind=True,
        edits=(
            Edit(
                "pykbroker/api/handlers/api_versions.py",
                '">ihihhh", correlation_id, ErrorCode.UNSUPPORTED_VERSION, 1, own.key, own.lowest, own.highest',
                '">ihi", correlation_id, ErrorCode.UNSUPPORTED_VERSION, 0',
            ),
        ),
    ),
)
