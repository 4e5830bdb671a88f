"""Clips of which the container hides a part: a clean aperture in MP4 and MOV, a pixel crop in Matroska,
turned or not.
"""

from __future__ import annotations

import struct
from pathlib import Path

from source_clips import AAC, H264, run, tone

LEFT, TOP, RIGHT, BOTTOM = 40, 20, 24, 12
SIZE = (320, 180)
SHOWN = (SIZE[0] - LEFT - RIGHT, SIZE[1] - TOP - BOTTOM)
QUARTERS = ("red", "lime", "blue", "yellow")
"""Of the part that is shown: at the top left and right, at the bottom left and right. What is hidden is white."""

# RFC 9559, 5.1
SEGMENT, SEEK_HEAD, TRACKS = b"\x18\x53\x80\x67", b"\x11\x4d\x9b\x74", b"\x16\x54\xae\x6b"


def with_aperture(folder: Path, name: str = "aperture.mp4", aspect: str = "1/1") -> Path:
    """An MP4 or MOV whose clean aperture is not in the middle of the video."""
    width, height = SHOWN[0] // 2, SHOWN[1] // 2
    boxes = "".join(
        f",drawbox=x={LEFT + i % 2 * width}:y={TOP + i // 2 * height}:w={width}:h={height}:c={colour}:t=fill"
        for i, colour in enumerate(QUARTERS)
    )
    source = f"color=white:s={SIZE[0]}x{SIZE[1]}:r=25:d=2,format=rgb24{boxes},setsar={aspect}"
    clip = run(folder, name, "-f", "lavfi", "-i", source, *tone(length_s=2), *H264, "-crf", "10", *AAC)
    # numerators and denominators of width, height, and by how far the middle lies to the right and below (ISO/IEC
    # 14496-12, 12.1.4)
    numbers = (SHOWN[0], 1, SHOWN[1], 1, LEFT - RIGHT, 2, TOP - BOTTOM, 2)
    clip.write_bytes(_with_box(clip.read_bytes(), struct.pack(">I4sIIIIiIiI", 40, b"clap", *numbers)))
    return clip


def with_pixel_crop(folder: Path) -> Path:
    """The same in Matroska."""
    return run(folder, "crop.mkv", "-i", str(with_aperture(folder)), "-c", "copy")


def with_late_tracks(folder: Path) -> Path:
    """As editors of Matroska's headers leave it: the tracks behind the pictures, and the head says where."""
    data = with_pixel_crop(folder).read_bytes()
    segment = data.index(SEGMENT)
    begin = _element_end(data, segment, content=False)
    room = _element_end(data, _element_end(data, begin)) - begin  # the head, and what is left free behind it
    tracks = data.index(TRACKS, begin + room)
    behind = _element_end(data, tracks)
    seek = b"\x53\xab\x84" + TRACKS + b"\x53\xac\x88" + (len(data) - begin).to_bytes(8, "big")
    head = SEEK_HEAD + bytes([0x80 + len(seek) + 3]) + b"\x4d\xbb" + bytes([0x80 + len(seek)]) + seek
    moved = (
        head
        + _void(room - len(head))
        + data[begin + room : tracks]
        + _void(behind - tracks)
        + data[behind:]
        + data[tracks:behind]
    )
    late = folder / "late.mkv"
    late.write_bytes(data[:segment] + SEGMENT + ((1 << 56) + len(moved)).to_bytes(8, "big") + moved)
    return late


def turned(folder: Path) -> Path:
    """With an aperture and a display matrix: turned counterclockwise by a quarter."""
    return run(folder, "turned.mp4", "-display_rotation", "90", "-i", str(with_aperture(folder)), "-c", "copy")


def anamorphic(folder: Path) -> Path:
    """With an aperture, of pixels that are not square."""
    return with_aperture(folder, "anamorphic.mov", "4/3")


CROPPED = {
    "clean aperture": with_aperture, "pixel crop": with_pixel_crop, "late tracks": with_late_tracks, "turned": turned,
    "anamorphic": anamorphic,
}  # fmt: skip


def _with_box(data: bytes, box: bytes) -> bytes:
    """Put a box at the end of a movie's first sample entry, in a file whose index comes last."""
    at, end, parents = 0, len(data), []
    for kind in (b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stsd", b"avc1"):
        while data[at + 4 : at + 8] != kind:
            at += int.from_bytes(data[at : at + 4], "big")
        parents.append(at)
        end = at + int.from_bytes(data[at : at + 4], "big")
        at += 16 if kind == b"stsd" else 8
    larger = bytearray(data[:end] + box + data[end:])
    for parent in parents:
        struct.pack_into(">I", larger, parent, int.from_bytes(data[parent : parent + 4], "big") + len(box))
    return bytes(larger)


def _element_end(data: bytes, at: int, *, content: bool = True) -> int:
    """Return where an EBML element ends, or where its content begins (RFC 8794, 4)."""
    name, size_at = 9 - data[at].bit_length(), at + 9 - data[at].bit_length()
    length = 9 - data[size_at].bit_length()
    size = int.from_bytes(data[size_at : size_at + length], "big") & ((1 << 7 * length) - 1)
    return at + name + length + (size if content else 0)


def _void(size: int) -> bytes:
    """Return an empty element of so many bytes."""
    return b"\xec\x01" + (size - 9).to_bytes(7, "big") + bytes(size - 9)
