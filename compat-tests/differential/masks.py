"""What must differ between two brokers, and why: the fields that are compared otherwise, or not at all.

A rule is the first that fits. `api` and `path` are patterns (fnmatch); a path ends in the field's name, so `*host` is any
host. Ids that requests use again are no business of this table: translation.py has turned them into recorded ones, so only
those come here that no request used yet.
"""

from __future__ import annotations

from collections.abc import Callable
from fnmatch import fnmatchcase
from typing import Any, NamedTuple

from differential.compare import MISSING, Same


def anything(ours: Any, theirs: Any) -> bool:
    """Both have the field."""
    return True


def same_sign(ours: Any, theirs: Any) -> bool:
    """Both negative, both zero or both positive: -1 stands for none."""
    return (ours > 0) - (ours < 0) == (theirs > 0) - (theirs < 0)


def both_or_none(ours: Any, theirs: Any) -> bool:
    """Both say something, or neither: null, empty and zero are nothing."""
    return _says(ours) == _says(theirs)


def ours_at_least(ours: Any, theirs: Any) -> bool:
    """Ours says something where theirs does."""
    return _says(ours) or not _says(theirs)


def _says(value: Any) -> bool:
    return value not in (None, "", bytes(16))


class Mask(NamedTuple):
    api: str
    path: str
    same: Callable[[Any, Any], bool]
    reason: str


MASKS = (
    Mask("*", "*host", anything, "an address"),
    Mask("*", "*port", anything, "an address"),
    Mask("*", "*client_host", anything, "an address"),
    Mask("*", "cluster_id", both_or_none, "random"),
    Mask("*", "*topic_id", both_or_none, "random"),
    Mask("*", "*member_id", both_or_none, "random, with the client id in front"),
    Mask("JoinGroup", "leader", both_or_none, "a member id"),
    Mask("Fetch", "session_id", same_sign, "random"),
    Mask("*", "*producer_id", same_sign, "counted over the broker's life"),
    Mask("*", "*error_message", ours_at_least, "texts are our own, and say more often what to do"),
    Mask("*", "throttle_time_ms", anything, "a time"),
    Mask("*", "*log_append_time_ms", same_sign, "a time"),
    Mask("DescribeConfigs", "*documentation", both_or_none, "texts are our own"),
    Mask(
        "ApiVersions",
        "finalized_features_epoch",
        anything,
        "counts the changes of the reference's own metadata log",
    ),
)


def masked(api: str) -> Same:
    """The comparison of an API's answers."""
    rules = [mask for mask in MASKS if fnmatchcase(api, mask.api)]

    def same(path: str, ours: Any, theirs: Any) -> bool | None:
        if MISSING in (ours, theirs) or isinstance(ours, dict | list) or isinstance(theirs, dict | list):
            return None
        for mask in rules:
            if fnmatchcase(path, mask.path):
                return ours == theirs or mask.same(ours, theirs)
        return None

    return same
