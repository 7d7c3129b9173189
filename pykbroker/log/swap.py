"""How one new segment takes the place of several old ones, so that a crash at any moment leaves the old or the new.

    1.  <base>.log.cleaned, .index.cleaned, .timeindex.cleaned are written and made durable     crash: they are removed
    2.  .cleaned becomes .swap, file by file                  crash: as long as one is .cleaned, all of them are removed
    3.  the old segments' files become .deleted               crash: the new segment is whole; what it covers is removed,
    4.  .swap goes off the names                              and its files get their names

The new segment covers the offsets from its base to the end of its last batch; `finish` removes the old segments that begin
there. Names and order are Kafka's (LocalLog.replaceSegments, LogLoader), so either broker finishes what the other began.
The file system must keep the order of renames, as journaling ones do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from pykbroker.files import Files
from pykbroker.log.segment import INDEX_SUFFIX, LOG_SUFFIX, SEGMENT_SUFFIXES, TIME_INDEX_SUFFIX, Segment

CLEANED_SUFFIX = ".cleaned"
SWAP_SUFFIX = ".swap"
NEW_FILES = (LOG_SUFFIX, INDEX_SUFFIX, TIME_INDEX_SUFFIX)
DIGITS = 20


def exchange(files: Files, old: Iterable[Segment], new: Segment) -> list[str]:
    """Steps 2 to 4. new: as it is to be; its files still have the names of step 1. Returns the .deleted paths.

    Raises: OSError; the old segments may then be closed, and the next start makes an end of it.
    """
    for suffix in NEW_FILES:
        files.rename(new.prefix + suffix + CLEANED_SUFFIX, new.prefix + suffix + SWAP_SUFFIX)
    aside = [path for segment in old for path in segment.set_aside()]
    for suffix in NEW_FILES:
        files.rename(new.prefix + suffix + SWAP_SUFFIX, new.prefix + suffix)
    return aside


def discard(files: Files, prefix: str) -> None:
    """Removes a new segment that takes nobody's place. Raises: OSError."""
    for suffix in NEW_FILES:
        files.unlink(prefix + suffix + CLEANED_SUFFIX)
        files.unlink(prefix + suffix + SWAP_SUFFIX)


def finish(files: Files, directory: str, names: Iterable[str], end_of: Callable[[str, int], int]) -> bool:
    """At a log's start: whatever a crash interrupted is undone or completed; whether there was anything.

    end_of: gives the offset behind the last batch of a segment's file, by the file's name and base offset. Raises: OSError.
    """
    listed = [name for name in names if name[:DIGITS].isdigit()]
    cleaned = [name for name in listed if name.endswith(CLEANED_SUFFIX)]
    swaps = [name for name in listed if name.endswith(SWAP_SUFFIX)]
    if not cleaned and not swaps:
        return False
    if cleaned:
        unfinished_from = min(int(name[:DIGITS]) for name in cleaned)
        doomed = [name for name in swaps if int(name[:DIGITS]) >= unfinished_from]
        for name in doomed + cleaned:  # the .cleaned ones last: they say that the others do not count
            files.unlink(f"{directory}/{name}")
        swaps = [name for name in swaps if name not in doomed]
    covered = [
        range(int(name[:DIGITS]), end_of(name, int(name[:DIGITS])))
        for name in swaps
        if name[DIGITS:] == LOG_SUFFIX + SWAP_SUFFIX
    ]
    for name in listed:
        if name[DIGITS:] in SEGMENT_SUFFIXES and any(int(name[:DIGITS]) in part for part in covered):
            files.unlink(f"{directory}/{name}")
    for name in swaps:
        files.rename(f"{directory}/{name}", f"{directory}/{name.removesuffix(SWAP_SUFFIX)}")
    return True
