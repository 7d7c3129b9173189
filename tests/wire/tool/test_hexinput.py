"""Bytes are read from every form in which people have them."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wire.errors import WireError
from wire.tool.hexinput import read_hex, read_input

DATA = bytes(range(0x20, 0x20 + 37)) + b"\x00\xff"

# letters beside the bytes that are hex themselves, so that they may not be read as such
LETTERS = b"\x00\x00" + b"abcdefabcdefab" + b"deadbeef deadbee" + b"abc"


def test_plain_hex_in_any_dress() -> None:
    for text in (
        "000000ff10",
        "00 00 00 FF 10\n",
        "0000 00ff\n10",
        "0x00 0x00 0x00 0xff 0x10",
        "0x000000ff10",
        r'"\x00\x00\x00\xff\x10"',
        r"b'\x00\x00\x00\xff\x10'",
        "00:00:00:ff:10",
        "{0x00, 0x00, 0x00, 0xff, 0x10}",
        "0000\n00ff\n10",
    ):
        assert read_hex(text) == b"\x00\x00\x00\xff\x10", text
    assert read_hex("0000 004a 0001 000c") == bytes.fromhex("0000004a0001000c")
    assert read_hex("00000000 000000ff") == bytes.fromhex("00000000000000ff")


def letters(line: bytes) -> str:
    return "".join(chr(byte) if 32 <= byte < 127 else "." for byte in line)


def dump(data: bytes, form: str) -> str:
    """As the tools print it, written down from their output."""
    out = []
    for at in range(0, len(data), 16):
        line = data[at : at + 16]
        spaced = line[:8].hex(" ") + ("  " + line[8:].hex(" ") if len(line) > 8 else "")
        if form == "xxd":
            out.append(f"{at:08x}: {line.hex(' ', -2):<39}  {letters(line)}")
        elif form == "xxd -g1":
            out.append(f"{at:08x}: {line.hex(' '):<47}  {letters(line)}")
        elif form == "hexdump -C":
            out.append(f"{at:08x}  {spaced:<48}  |{letters(line)}|")
        elif form == "wireshark":
            out.append(f"{at:04x}   {spaced:<48}   {letters(line)}")
        elif form == "od":
            out.append(f"{at:06x} {line.hex(' ')}")
        elif form == "hexdump":
            words = [line[i : i + 2].ljust(2, b"\0")[::-1].hex() for i in range(0, len(line), 2)]
            out.append(f"{at:07x} {' '.join(words)}")
        else:
            out.append(f"\t0x{at:04x}:  {line.hex(' ', -2):<39}  {letters(line)}")
    if form in ("hexdump -C", "od", "hexdump"):
        out.append(f"{len(data):0{ {'hexdump -C': 8, 'od': 6, 'hexdump': 7}[form] }x}")
    return "\n".join(out) + "\n"


FORMS = ("xxd", "xxd -g1", "hexdump -C", "wireshark", "od", "hexdump", "tcpdump")


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("data", [DATA, LETTERS, LETTERS[:32], DATA[:16], LETTERS[:31], LETTERS[:9], b"\0\0"])
def test_dumps(form: str, data: bytes) -> None:
    text = dump(data, form)
    assert read_hex(text) == data, text
    assert read_input(text.encode()) == data


@given(st.binary(min_size=1, max_size=100), st.sampled_from(FORMS))
@settings(max_examples=200, deadline=None, database=None)
def test_any_bytes_come_through_any_dump(data: bytes, form: str) -> None:
    assert read_hex(dump(data, form)) == data


def test_of_packets_the_payload_is_taken() -> None:
    payload = bytes.fromhex("00000004 00000001".replace(" ", ""))
    packets = [ip_packet(payload), ip_packet(b"")]
    text = "12:00:00.000000 IP localhost.40000 > localhost.9092: Flags [P.], length 8\n".join(
        ["", *(dump(packet, "tcpdump") for packet in packets)]
    )
    assert read_hex(text) == payload


def ip_packet(payload: bytes) -> bytes:
    tcp = bytes(12) + b"\x80\x18" + bytes(6) + bytes(12) + payload
    return b"\x45\x00" + (20 + len(tcp)).to_bytes(2, "big") + bytes(5) + b"\x06" + bytes(10) + tcp


def test_bytes_that_are_no_text_are_taken_as_they_are() -> None:
    assert read_input(b"\x00\x00\x00\x0412") == b"\x00\x00\x00\x0412"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("00 0g", "'g' in line 1, column 5"),
        ("00\n\n0z", "'z' in line 3, column 2"),
        ("000", "3 hex digits"),
        ("00000000  00 00\n*\n00000020", "hexdump -v"),
    ],
)
def test_what_is_no_hex_is_told(text: str, reason: str) -> None:
    with pytest.raises(WireError, match=reason):
        read_hex(text)


@given(st.text(alphabet="0123456789abcdef xg:|*.\n\t", max_size=200))
@settings(max_examples=300, deadline=None, database=None)
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        data = read_hex(text)
    except WireError:
        return
    assert len(data) <= len(text)
