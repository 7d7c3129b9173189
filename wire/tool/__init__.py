"""The tool of `python -m wire`: messages read byte by byte, for people. No broker imports it.

trace      where each field of a message stands in its bytes: one walk over the resolved declaration
unfold     what stands inside `records`: batches, and the records in them
decoding   frames, headers and bodies; streams, and answers paired with their requests
hexinput   bytes from what people paste: hex in any dress, dumps, captures
table      the traced pieces as columns, and an error under its byte
jsonform   the same as JSON, and back
layout     declarations as columns
cli        arguments
"""
