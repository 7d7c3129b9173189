"""Which leader epoch wrote which part of a log (KIP-101): where each epoch began.

A follower, and a consumer that was away, ask where an epoch ended and cut or complain from there. The file
leader-epoch-checkpoint holds the same, in Kafka's text format. It is replaced with every new epoch, but made durable
only with the log's next flush: epochs of batches behind the recovery point are found again in the batches themselves.
"""

from __future__ import annotations

from bisect import bisect_right

from pykbroker.files import Files
from pykbroker.log.checkpoints import format_checkpoint, parse_checkpoint

EPOCH_FILE = "leader-epoch-checkpoint"
UNDEFINED = (-1, -1)


class LeaderEpochs:
    """(epoch, start offset) pairs of one log, both rising. Kafka's LeaderEpochFileCache."""

    __slots__ = ("_files", "_path", "epochs", "latest", "starts", "unsaved", "unsynced")

    def __init__(self, files: Files, directory: str) -> None:
        self._files = files
        self._path = f"{directory}/{EPOCH_FILE}"
        self.epochs: list[int] = []
        self.starts: list[int] = []
        self.latest = -1  # the last of `epochs`
        self.unsaved = False  # the file differs
        self.unsynced = False  # the file is not durable

    def load(self) -> None:
        """Reads the file; a missing one holds nothing.

        Raises: ValueError if it makes no sense.
        """
        try:
            data = self._files.read(self._path)
        except FileNotFoundError:
            return
        self.clear()
        for epoch, start in parse_checkpoint(data, 2):
            self._assign(int(epoch), int(start))

    def clear(self) -> None:
        self.epochs, self.starts, self.latest = [], [], -1

    def assign(self, epoch: int, start: int) -> None:
        """From `start` on batches are of `epoch`. What contradicts it is dropped: the newest knows."""
        if self._assign(epoch, start):
            self.unsaved = True
            self.save()

    def note(self, epoch: int, start: int) -> None:
        """As `assign`, for an epoch above all known that recovery finds in a batch; the caller calls `save`."""
        if epoch > self.latest and epoch >= 0 and self._assign(epoch, start):
            self.unsaved = True

    def _assign(self, epoch: int, start: int) -> bool:
        if epoch < 0 or start < 0:
            raise ValueError(f"leader epoch {epoch} from offset {start}")
        if epoch == self.latest and start >= self.starts[-1]:
            return False
        while self.epochs and (self.epochs[-1] >= epoch or self.starts[-1] >= start):
            self.epochs.pop()
            self.starts.pop()
        self.epochs.append(epoch)
        self.starts.append(start)
        self.latest = epoch
        return True

    def end_offset(self, epoch: int, log_end_offset: int) -> tuple[int, int]:
        """(epoch, end offset) for OffsetForLeaderEpoch: the largest known epoch up to the one asked for, and where it ended.

        (-1, -1) if that is not known. The latest epoch ends at the log's end; one before all, at the first one's start.
        """
        if epoch == UNDEFINED[0]:
            return UNDEFINED
        if epoch == self.latest:
            return epoch, log_end_offset
        slot = bisect_right(self.epochs, epoch)
        if slot == len(self.epochs):
            return UNDEFINED
        return (self.epochs[slot - 1] if slot else epoch), self.starts[slot]

    def epoch_of(self, offset: int) -> int:
        """The epoch that wrote `offset`, -1 if that is not known."""
        slot = bisect_right(self.starts, offset) - 1
        return self.epochs[slot] if slot >= 0 else -1

    def truncate_end(self, end_offset: int) -> None:
        """Drops epochs that begin at `end_offset` or behind."""
        if not self.starts or self.starts[-1] < end_offset:
            return
        while self.starts and self.starts[-1] >= end_offset:
            self.epochs.pop()
            self.starts.pop()
        self.latest = self.epochs[-1] if self.epochs else -1
        self.unsaved = True
        self.save()

    def truncate_start(self, start_offset: int) -> None:
        """Drops epochs that end before `start_offset`; the one that holds it begins there now."""
        slot = bisect_right(self.starts, start_offset) - 1
        if slot < 0 or (slot == 0 and self.starts[0] == start_offset):
            return
        del self.epochs[:slot], self.starts[:slot]
        self.starts[0] = start_offset
        self.unsaved = True
        self.save()

    def save(self) -> None:
        """Writes the file if it differs. It is durable with the log's next flush.

        Raises: OSError; the next `save` tries again.
        """
        if self.unsaved:
            self._files.atomic_write(self._path, self._encode(), durable=False)
            self.unsaved, self.unsynced = False, True

    def _encode(self) -> bytes:
        return format_checkpoint(
            f"{epoch} {start}" for epoch, start in zip(self.epochs, self.starts, strict=True)
        )
