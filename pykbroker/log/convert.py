"""What producers and consumers of Kafka 0.8 to 0.10 write and read, to and from the one format that logs hold (v2).

Loaded only when such a client comes. The conversion itself is wire/records/convert.py; here stand the checks that Kafka
makes of a message set before it converts it, how much of a read is converted, and the codes for what goes wrong.
(Kafka: LogValidator, UnifiedLog.analyzeAndValidateRecords, LazyDownConversionRecords)
"""

from __future__ import annotations

from pykbroker.errors import ApiError
from pykbroker.files import Buffer
from wire.errors import ErrorCode
from wire.records.batch import CorruptBatch, InvalidRecord, iterate_batches
from wire.records.compression import DEFAULT_LIMIT, TooLarge
from wire.records.convert import batch_of_messages, messages_of_batch
from wire.records.legacy import UnsupportedCodec, message_bounds, read_messages, verify_crc

MOST_RECORDS = (
    10_000  # that one read converts, with the last batch's: 2-4 us each, in which nobody else is served
)


def convert_up(records: Buffer, max_message_bytes: int, limit: int = DEFAULT_LIMIT) -> bytes:
    """One batch, base offset 0, of the message set that a producer sent; the log checks it once more as any other.

    max_message_bytes: what one message, or one wrapper, may have. limit: bytes that a wrapper may unpack to. All sizes and
    checksums are looked at before anything else, as Kafka does, so that a set with two faults gets its code.

    Raises: ApiError MESSAGE_TOO_LARGE, CORRUPT_MESSAGE, INVALID_RECORD.
    """
    data = bytes(records)
    try:
        for begin, end in message_bounds(data):
            if end - begin > max_message_bytes:
                raise ApiError(
                    ErrorCode.MESSAGE_TOO_LARGE,
                    f"a message of {end - begin} bytes, and max.message.bytes is {max_message_bytes}",
                )
            verify_crc(data, begin, end)
        return batch_of_messages(read_messages(data, verify=False), limit)
    except CorruptBatch as error:
        raise ApiError(ErrorCode.CORRUPT_MESSAGE, str(error)) from None
    except InvalidRecord as error:
        raise ApiError(ErrorCode.INVALID_RECORD, str(error)) from None


def convert_down(
    records: Buffer, magic: int, from_offset: int, budget: int, limit: int = DEFAULT_LIMIT
) -> tuple[list[bytes], int]:
    """(message sets of format `magic`, one for each batch; offset behind the last batch looked at) of a run of batches.

    Batch by batch until there are `budget` bytes or MOST_RECORDS, so there may be more: the last one is whole. No set if no
    batch had anything to show. What cannot be converted ends the run, and is an error only where it comes first: the
    consumer gets what stands before it, and the error when it asks for the rest.

    Raises: ApiError UNSUPPORTED_COMPRESSION_TYPE (zstd), MESSAGE_TOO_LARGE (unpacks past the limit), CORRUPT_MESSAGE.
    """
    pieces: list[bytes] = []
    size = count = 0
    next_offset = from_offset
    for position, header in iterate_batches(records):
        try:
            piece = messages_of_batch(records, header, position, magic, from_offset, limit)
        except (CorruptBatch, InvalidRecord) as error:
            if pieces:
                break
            raise ApiError(_code_of(error), str(error)) from None
        next_offset = header.next_offset
        if piece:
            pieces.append(piece)
            size += len(piece)
            count += header.count
            if size >= budget or count >= MOST_RECORDS:
                break
    return pieces, next_offset


def _code_of(error: Exception) -> ErrorCode:
    if isinstance(error, UnsupportedCodec):
        return ErrorCode.UNSUPPORTED_COMPRESSION_TYPE
    return ErrorCode.MESSAGE_TOO_LARGE if isinstance(error, TooLarge) else ErrorCode.CORRUPT_MESSAGE
