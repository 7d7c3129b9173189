"""The bugs, by the part of the broker that they are in."""

from __future__ import annotations

from planted.bug import Bug
from planted.bugs import admin, fetch, groups, offsets, produce, wire_level

BUGS: tuple[Bug, ...] = (
    *produce.BUGS,
    *fetch.BUGS,
    *offsets.BUGS,
    *groups.BUGS,
    *admin.BUGS,
    *wire_level.BUGS,
)
