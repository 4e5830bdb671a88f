"""Reads the tables of an MPEG-2 transport stream: its programmes, their names and their streams.

Decodes nothing.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from pipeline.media_info import Programme

LOOK_BYTES = 8 << 20
"""Where the tables are looked for: they come again every half second (ETSI TR 101 290), names every two."""

SYNC = 0x47
PACKET_BYTES = 188
STRIDES = (188, 192, 204)
"""From one packet to the next: plain, with a time ahead (Blu-ray, AVCHD), with error correction behind."""

PAT_PID, SDT_PID = 0, 0x11
PAT, PMT, SDT = 0x00, 0x02, 0x42
SERVICE_DESCRIPTOR = 0x48
SCRAMBLED_SHARE = 0.5

HEAD_BYTES, CHECK_SUM_BYTES = 8, 4
"""Of every section with the long head, which all of these have."""

MIRRORED = bytes(int(f"{value:08b}"[::-1], 2) for value in range(256))
"""Each byte with its bits reversed: the tables' check sum is zlib's, from each byte's other end."""

WHOLE = 0xFFFFFFFF
"""What zlib makes of a whole section with its check sum (ISO/IEC 13818-1, annex A)."""


def programmes(path: Path) -> tuple[Programme, ...]:
    """Return a file's programmes in its table's order (ISO/IEC 13818-1, 2.4.4; names: ETSI EN 300 468, 5.2.3)."""
    with path.open("rb") as file:
        packets = list(_packets(file))
    pat = next((s for s in _sections(packets, PAT_PID) if s[0] == PAT), b"")
    names = {number: name for s in _sections(packets, SDT_PID) if s[0] == SDT for number, name in _names(s)}
    found = []
    for at in range(8, len(pat) - 3, 4):
        number, pid = int.from_bytes(pat[at : at + 2], "big"), int.from_bytes(pat[at + 2 : at + 4], "big") & 0x1FFF
        pmt = (
            next((s for s in _sections(packets, pid) if s[0] == PMT and s[3:5] == pat[at : at + 2]), None)
            if number
            else None
        )
        if pmt is not None:
            found.append(Programme(number=number, name=names.get(number, ""), stream_ids=tuple(_streams(pmt))))
    return tuple(found)


def is_scrambled(file: BinaryIO) -> bool:
    """Whether most packets with a payload are scrambled (transport_scrambling_control, ISO/IEC 13818-1, table 2-4)."""
    marks = [packet[3] & 0xC0 != 0 for packet in _packets(file) if packet[3] & 0x10]
    return bool(marks) and sum(marks) > SCRAMBLED_SHARE * len(marks)


def _packets(file: BinaryIO) -> Iterator[bytes]:
    data = file.read(LOOK_BYTES)
    for stride in STRIDES:
        for start in range(min(stride, len(data))):
            if data[start] == SYNC and all(
                data[at] == SYNC for at in range(start, min(len(data), start + 8 * stride), stride)
            ):
                yield from (
                    data[at : at + PACKET_BYTES]
                    for at in range(start, len(data) - PACKET_BYTES + 1, stride)
                    if data[at] == SYNC
                )
                return


def _sections(packets: list[bytes], pid: int) -> Iterator[bytes]:
    """Yield a stream's table sections, whole by their check sums and without them (ISO/IEC 13818-1, 2.4.4.1)."""
    section = b""
    for packet in packets:
        if int.from_bytes(packet[1:3], "big") & 0x1FFF != pid or not packet[3] & 0x10:
            continue
        payload = packet[4 + (1 + packet[4] if packet[3] & 0x20 else 0) :]
        if packet[1] & 0x40 and payload:
            section, payload = b"", payload[1 + payload[0] :]
        elif not section:
            continue
        section += payload
        while len(section) >= HEAD_BYTES and section[0] != 0xFF:
            size = 3 + (int.from_bytes(section[1:3], "big") & 0xFFF)
            if len(section) < size:
                break
            if size >= HEAD_BYTES + CHECK_SUM_BYTES and zlib.crc32(section[:size].translate(MIRRORED)) == WHOLE:
                yield section[: size - CHECK_SUM_BYTES]
            section = section[size:]


def _streams(pmt: bytes) -> Iterator[int]:
    at = 12 + (int.from_bytes(pmt[10:12], "big") & 0xFFF)
    while at + 5 <= len(pmt):
        yield int.from_bytes(pmt[at + 1 : at + 3], "big") & 0x1FFF
        at += 5 + (int.from_bytes(pmt[at + 3 : at + 5], "big") & 0xFFF)


def _names(sdt: bytes) -> Iterator[tuple[int, str]]:
    at = 11
    while at + 5 <= len(sdt):
        number, end = (
            int.from_bytes(sdt[at : at + 2], "big"),
            at + 5 + (int.from_bytes(sdt[at + 3 : at + 5], "big") & 0xFFF),
        )
        descriptors = sdt[at + 5 : end]
        while len(descriptors) >= 2:
            kind, body, descriptors = (
                descriptors[0],
                descriptors[2 : 2 + descriptors[1]],
                descriptors[2 + descriptors[1] :],
            )
            if kind == SERVICE_DESCRIPTOR:
                _, after = _counted(body[1:])  # behind the kind of service: the provider's name
                yield number, _text(_counted(after)[0])
        at = end


def _counted(data: bytes) -> tuple[bytes, bytes]:
    """Return the bytes that the first one counts, as far as they are there, and what comes behind them."""
    end = 1 + data[0] if data else 0
    return data[1:end], data[end:]


def _text(data: bytes) -> str:
    """Return a name; a first byte below 0x20 is its character set (ETSI EN 300 468, annex A; 0x15: UTF-8)."""
    if data[:1] == b"\x15":
        return data[1:].decode("utf-8", errors="replace").strip()
    if data[:1] == b"\x10" and len(data) > 2:
        return (
            data[3:]
            .decode(f"iso8859-{data[2]}" if 1 <= data[2] <= 15 and data[2] != 12 else "latin-1", errors="replace")
            .strip()
        )
    if data[:1] and 1 <= data[0] <= 0x0B and data[0] != 8:
        return data[1:].decode(f"iso8859-{data[0] + 4}", errors="replace").strip()
    return "".join(c for c in data.decode("latin-1") if c.isprintable()).strip()
