"""What a segment's file is, and whether it is whole: MPEG-2 transport stream or fragmented MP4. Knows no codec."""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum

from pipeline.media.validate.boxes import boxes
from pipeline.media.validate.segment_bytes import SegmentBytes

TS_PACKET = 188
TS_SYNC = 0x47
TABLE_PACKETS = 20
"""In how many packets at a segment's head PAT and PMT are searched for; programs put them first."""

PAT_PID = 0
FMP4_BOXES = {b"styp", b"moof", b"sidx", b"ftyp", b"emsg", b"prft", b"moov", b"free", b"skip"}


class Container(Enum):
    """The container of a segment."""

    TS = "MPEG-2 transport stream"
    FMP4 = "fragmented MP4"
    PACKED_AUDIO = "packed audio"
    UNKNOWN = "nothing known"


def container_of(head: bytes) -> Container:
    """Tell a container by its first bytes."""
    if head[:1] == bytes([TS_SYNC]) and head[TS_PACKET : TS_PACKET + 1] in (b"", bytes([TS_SYNC])):
        return Container.TS
    if head[4:8] in FMP4_BOXES:
        return Container.FMP4
    if head[:3] == b"ID3" or (len(head) > 1 and head[0] == 0xFF and head[1] & 0xF6 == 0xF0) or head[:2] == b"\x0b\x77":
        return Container.PACKED_AUDIO  # RFC 8216, 3.4: an ID3 tag; ADTS and AC-3 by their sync words
    return Container.UNKNOWN


def ts_fault(piece: SegmentBytes, *, needs_tables: bool) -> tuple[str, str] | None:
    """Return the rule that a transport stream segment breaks, and how. Raises OSError."""
    if piece.size % TS_PACKET:
        return "RFC 8216 3.2", "The segment is cut off in the middle of a packet."
    if piece.read(piece.size - TS_PACKET, 1) != bytes([TS_SYNC]):
        return "RFC 8216 3.2", "The segment does not end with a whole packet: it is damaged."
    if needs_tables and not has_tables(piece.read(0, TABLE_PACKETS * TS_PACKET)):
        return "RFC 8216 3.2", "The segment does not begin with the tables (PAT and PMT) that players need."
    return None


def fmp4_fault(piece: SegmentBytes) -> tuple[str, str] | None:
    """Return the rule that a fragmented MP4 segment breaks, and how. Raises OSError."""
    found = list(boxes(piece.read, 0, piece.size))
    names = [box.name for box in found]
    if b"moof" not in names or b"mdat" not in names:
        return "RFC 8216 3.3", "The segment contains no whole fragment (moof and mdat)."
    if found[-1].end != piece.size:
        return "RFC 8216 3.3", "The segment is cut off in the middle of a box."
    return None


def init_fault(piece: SegmentBytes) -> tuple[str, str] | None:
    """Return the rule that an initialization section breaks, and how. Raises OSError."""
    found = list(boxes(piece.read, 0, piece.size))
    names = [box.name for box in found]
    if names[:1] != [b"ftyp"] or b"moov" not in names or any(box.end > piece.size for box in found):
        return "RFC 8216 3.3", "The initialization section is not whole: it needs ftyp and moov."
    return None


def has_tables(head: bytes) -> bool:
    """Whether the packets of a transport stream's head hold PAT and PMT."""
    tables = {pid: payload for pid, payload in _payloads(head) if pid == PAT_PID}
    pat = tables.get(PAT_PID)
    if pat is None or len(pat) < 13:
        return False
    section = pat[1 + pat[0] :]  # ISO/IEC 13818-1, 2.4.4.1: the pointer field comes first
    end = 3 + (int.from_bytes(section[1:3], "big") & 0xFFF) - 4
    programs = [section[at : at + 4] for at in range(8, end, 4)]
    maps = {int.from_bytes(p[2:4], "big") & 0x1FFF for p in programs if len(p) == 4 and p[:2] != b"\0\0"}
    return any(pid in maps for pid, _ in _payloads(head))


def _payloads(head: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield PID and payload of the packets that begin a section or a frame."""
    for at in range(0, len(head) - TS_PACKET + 1, TS_PACKET):
        packet = head[at : at + TS_PACKET]
        if packet[0] == TS_SYNC and packet[1] & 0x40 and packet[3] & 0x10:
            skip = 4 + (1 + packet[4] if packet[3] & 0x20 else 0)
            yield int.from_bytes(packet[1:3], "big") & 0x1FFF, packet[skip:]
