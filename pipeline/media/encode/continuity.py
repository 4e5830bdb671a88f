"""Counters that run through a whole rendition: what makes chunks that were encoded by themselves one stream.

RFC 8216, section 3: from one segment to the next, values such as continuity counters go on without interruption.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from pathlib import Path

PACKET_BYTES = 188
COUNTER_BITS = 0x0F
"""The counter of a transport stream packet: the low half of its fourth byte (ISO/IEC 13818-1, 2.4.3.2)."""

FRAGMENTS = "fragments"
"""Where the number of fragments so far is kept: of fMP4, which has no packets (ISO/IEC 14496-12, 8.8.5)."""


def continue_packets(segments: Sequence[Path], before: Mapping[str, int]) -> dict[str, int]:
    """Let the packets of a chunk's segments count on from those before; return the last counter of each PID.

    `before` is what the chunk before returned, empty for the first. The files are changed in place, in size not at all.
    """
    import numpy as np

    last = dict(before)
    shifts: dict[int, int] = {}
    for path in segments:
        packets = np.fromfile(path, dtype=np.uint8).reshape(-1, PACKET_BYTES)
        pids = ((packets[:, 1].astype(np.uint16) & 0x1F) << 8) | packets[:, 2]
        for pid in (int(p) for p in np.unique(pids)):
            mine = pids == pid
            counters = packets[mine, 3] & COUNTER_BITS
            if pid not in shifts:
                shifts[pid] = (before[str(pid)] + 1 - int(counters[0])) % 16 if str(pid) in before else 0
            packets[mine, 3] = (packets[mine, 3] & 0xF0) | ((counters + shifts[pid]) & COUNTER_BITS)
            last[str(pid)] = (int(counters[-1]) + shifts[pid]) % 16
        if any(shifts.values()):
            with path.open("r+b") as file:
                packets.tofile(file)
    return last


def continue_fragments(segments: Sequence[Path], before: Mapping[str, int]) -> dict[str, int]:
    """Let the fragments of a chunk's segments count on from those before; return how many there are so far."""
    count = before.get(FRAGMENTS, 0)
    for path in segments:
        with path.open("r+b") as file:
            for at in _sequence_numbers(file.read()):
                count += 1
                file.seek(at)
                file.write(struct.pack(">I", count))
    return {FRAGMENTS: count}


def _sequence_numbers(data: bytes) -> list[int]:
    """Return where the fragments' numbers stand: in each moof box, the mfhd box comes first."""
    found, at = [], 0
    while at + 8 <= len(data):
        size, kind = struct.unpack_from(">I4s", data, at)
        if size == 1:
            (size,) = struct.unpack_from(">Q", data, at + 8)
        if kind == b"moof":
            found.append(at + 8 + 8 + 4)
        if size < 8:
            break
        at += size
    return found
