"""Reads master and media playlists as RFC 8216 has them, faults included. Pure: knows no files and judges no stream.

What can't be understood is kept as a `Fault` and left out, so that one wrong line hides nothing that follows it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from pipeline.media.validate.playlist_model import (
    AttributeList,
    EncryptionKey,
    Fault,
    Map,
    MasterPlaylist,
    MediaPlaylist,
    MediaRendition,
    MediaSegment,
    SessionData,
    StatedRange,
    Tag,
    Variant,
    decimal,
)

ATTRIBUTE = re.compile(r'\s*([A-Z0-9-]+)=("[^"]*"|[^",]*)\s*(?:,|$)')

SEGMENT_TAGS = frozenset(
    {
        "EXTINF",
        "EXT-X-BYTERANGE",
        "EXT-X-DISCONTINUITY",
        "EXT-X-KEY",
        "EXT-X-MAP",
        "EXT-X-PROGRAM-DATE-TIME",
        "EXT-X-DATERANGE",
        "EXT-X-GAP",
        "EXT-X-BITRATE",
        "EXT-X-PART",
    }
)
"""RFC 8216, 4.3.2, and those that its revision (draft-pantos-hls-rfc8216bis, 4.4.4) adds."""

MEDIA_TAGS = frozenset(
    {
        "EXT-X-TARGETDURATION",
        "EXT-X-MEDIA-SEQUENCE",
        "EXT-X-DISCONTINUITY-SEQUENCE",
        "EXT-X-ENDLIST",
        "EXT-X-PLAYLIST-TYPE",
        "EXT-X-I-FRAMES-ONLY",
    }
)
"""RFC 8216, 4.3.3."""

MASTER_TAGS = frozenset(
    {"EXT-X-MEDIA", "EXT-X-STREAM-INF", "EXT-X-I-FRAME-STREAM-INF", "EXT-X-SESSION-DATA", "EXT-X-SESSION-KEY"}
)
"""RFC 8216, 4.3.4."""

SHARED_TAGS = frozenset({"EXT-X-INDEPENDENT-SEGMENTS", "EXT-X-START"})
"""RFC 8216, 4.3.5: tags of either kind of playlist."""


def parse_playlist(text: str) -> MasterPlaylist | MediaPlaylist:
    """Read a playlist; one with more tags of a master playlist than segments is a master playlist."""
    lines = [line.strip() for line in text.split("\n")]
    tags = tuple(
        Tag(name.removeprefix("#"), value, number)
        for number, line in enumerate(lines, start=1)
        if line.startswith("#EXT")
        for name, _, value in [line.partition(":")]
    )
    of_master = sum(tag.name in MASTER_TAGS for tag in tags)
    return _master(lines, tags) if of_master > sum(tag.name == "EXTINF" for tag in tags) else _media(lines, tags)


def parse_attributes(value: str) -> AttributeList:
    """Read an attribute list (RFC 8216, 4.2)."""
    values: dict[str, str] = {}
    quoted = set()
    faults = []
    at = 0
    while at < len(value):
        match = ATTRIBUTE.match(value, at)
        if match is None:
            faults.append(f"{value[at : at + 40]!r} is not an attribute")
            break
        name, raw = match[1], match[2]
        if name in values:
            faults.append(f"{name} appears twice")
        if raw.startswith('"'):
            quoted.add(name)
        values[name] = raw.strip('"') if raw.startswith('"') else raw.strip()
        at = match.end()
    return AttributeList(values=values, quoted=frozenset(quoted), faults=tuple(faults))


def _master(lines: Sequence[str], tags: tuple[Tag, ...]) -> MasterPlaylist:
    variants, iframe_variants, media, session_data = [], [], [], []
    faults: list[Fault] = []
    by_line = {tag.line: tag for tag in tags}
    waiting: Tag | None = None
    waiting_attributes = AttributeList(values={})
    for number, line in enumerate(lines, start=1):
        tag = by_line.get(number)
        if tag is not None and tag.name in MASTER_TAGS:
            attributes = parse_attributes(tag.value)
            faults += [Fault("4.2", number, f"{text} in {tag.name}") for text in attributes.faults]
            if tag.name == "EXT-X-MEDIA":
                media.append(MediaRendition(attributes=attributes, line=number))
            elif tag.name == "EXT-X-SESSION-DATA":
                session_data.append(SessionData(attributes=attributes, line=number))
            elif tag.name == "EXT-X-I-FRAME-STREAM-INF":
                iframe_variants.append(Variant(attributes=attributes, uri=attributes.get("URI"), line=number))
            elif tag.name == "EXT-X-STREAM-INF":
                if waiting is not None:
                    variants.append(Variant(attributes=waiting_attributes, uri=None, line=waiting.line))
                waiting, waiting_attributes = tag, attributes
        elif line and not line.startswith("#"):
            if waiting is None:
                faults.append(Fault("4.3.4.2", number, f"the address {line!r} has no EXT-X-STREAM-INF before it"))
            else:
                variants.append(Variant(attributes=waiting_attributes, uri=line, line=waiting.line))
            waiting = None
    if waiting is not None:
        variants.append(Variant(attributes=waiting_attributes, uri=None, line=waiting.line))
    return MasterPlaylist(
        tags=tags,
        faults=tuple(faults),
        first_line=lines[0],
        variants=tuple(variants),
        iframe_variants=tuple(iframe_variants),
        media=tuple(media),
        session_data=tuple(session_data),
    )


@dataclass
class _Reading:
    """What the tags read so far say of the next segment."""

    number: int = 0
    duration_s: float | None = None
    byte_range: tuple[int, int | None] | None = None
    key: EncryptionKey | None = None
    init: Map | None = None
    discontinuity: bool = False
    gap: bool = False
    range_ends: dict[str, int] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)


def _media(lines: Sequence[str], tags: tuple[Tag, ...]) -> MediaPlaylist:
    reading = _Reading()
    segments: list[MediaSegment] = []
    by_line = {tag.line: tag for tag in tags}
    target: int | None = None
    for number, line in enumerate(lines, start=1):
        tag = by_line.get(number)
        if tag is None:
            if line and not line.startswith("#"):
                segments.append(_segment(reading, line, number))
        elif tag.name == "EXT-X-TARGETDURATION":
            target = _whole_number(tag, "4.3.3.1", reading.faults) if target is None else target
        elif tag.name == "EXT-X-MEDIA-SEQUENCE":
            first = _whole_number(tag, "4.3.3.2", reading.faults)
            reading.number = first if first is not None and not segments else reading.number
        elif tag.name in SEGMENT_TAGS:
            _read_segment_tag(reading, tag)
    return MediaPlaylist(
        tags=tags,
        faults=tuple(reading.faults),
        first_line=lines[0],
        segments=tuple(segments),
        target_duration_s=target,
    )


def _read_segment_tag(reading: _Reading, tag: Tag) -> None:
    if tag.name == "EXTINF":
        reading.duration_s = decimal(tag.value.split(",", 1)[0].strip())
        if reading.duration_s is None:
            reading.faults.append(Fault("4.3.2.1", tag.line, f"EXTINF {tag.value!r} is not a duration"))
    elif tag.name == "EXT-X-BYTERANGE":
        reading.byte_range = _byte_range(tag.value)
        if reading.byte_range is None:
            reading.faults.append(Fault("4.3.2.2", tag.line, f"EXT-X-BYTERANGE {tag.value!r} is not a byte range"))
    elif tag.name == "EXT-X-DISCONTINUITY":
        reading.discontinuity = True
    elif tag.name == "EXT-X-GAP":
        reading.gap = True
    elif tag.name == "EXT-X-KEY":
        reading.key = _key(tag, reading.faults)
    elif tag.name == "EXT-X-MAP":
        reading.init = _map(tag, reading)


def _segment(reading: _Reading, uri: str, line: int) -> MediaSegment:
    byte_range = None
    if reading.byte_range is not None:
        length, offset = reading.byte_range
        if offset is None and uri not in reading.range_ends:
            reading.faults.append(
                Fault(
                    "4.3.2.2", line, f"the byte range of {uri} has no offset, and no range of the same file before it"
                )
            )
        byte_range = StatedRange(length, reading.range_ends.get(uri, 0) if offset is None else offset)
        reading.range_ends[uri] = byte_range.offset + byte_range.length
    segment = MediaSegment(
        uri=uri,
        line=line,
        number=reading.number,
        duration_s=reading.duration_s,
        byte_range=byte_range,
        key=reading.key,
        init=reading.init,
        discontinuity=reading.discontinuity,
        gap=reading.gap,
    )
    reading.number += 1
    reading.duration_s, reading.byte_range, reading.discontinuity, reading.gap = None, None, False, False
    return segment


def _key(tag: Tag, faults: list[Fault]) -> EncryptionKey | None:
    attributes = parse_attributes(tag.value)
    faults += [Fault("4.2", tag.line, f"{text} in EXT-X-KEY") for text in attributes.faults]
    method = attributes.get("METHOD")
    if method is None:
        faults.append(Fault("4.3.2.4", tag.line, "EXT-X-KEY has no METHOD"))
    if method in (None, "NONE"):
        return None
    if not attributes.get("URI"):
        faults.append(Fault("4.3.2.4", tag.line, "EXT-X-KEY has no URI"))
    iv = attributes.get("IV")
    if iv is not None and not re.fullmatch(r"0[xX][0-9A-Fa-f]{1,32}", iv):
        faults.append(Fault("4.3.2.4", tag.line, f"the IV {iv!r} is not a number of 128 bits"))
        iv = None
    return EncryptionKey(
        method=method,
        uri=attributes.get("URI"),
        iv=bytes.fromhex(iv[2:].zfill(32)) if iv else None,
        key_format=attributes.get("KEYFORMAT") or "identity",
        line=tag.line,
    )


def _map(tag: Tag, reading: _Reading) -> Map | None:
    attributes = parse_attributes(tag.value)
    reading.faults += [Fault("4.2", tag.line, f"{text} in EXT-X-MAP") for text in attributes.faults]
    uri = attributes.get("URI")
    if not uri:
        reading.faults.append(Fault("4.3.2.5", tag.line, "EXT-X-MAP has no URI"))
        return None
    byte_range = None
    declared = attributes.get("BYTERANGE")
    if declared is not None:
        found = _byte_range(declared)
        if found is None:
            reading.faults.append(Fault("4.3.2.5", tag.line, f"BYTERANGE {declared!r} is not a byte range"))
        else:
            byte_range = StatedRange(found[0], found[1] or 0)
    return Map(uri=uri, byte_range=byte_range, key=reading.key, line=tag.line)


def _byte_range(value: str) -> tuple[int, int | None] | None:
    match = re.fullmatch(r"(\d+)(?:@(\d+))?", value.strip(), re.ASCII)
    return (int(match[1]), int(match[2]) if match[2] else None) if match else None


def _whole_number(tag: Tag, section: str, faults: list[Fault]) -> int | None:
    if tag.value.isascii() and tag.value.isdigit() and len(tag.value) <= 20:
        return int(tag.value)
    faults.append(Fault(section, tag.line, f"{tag.name} {tag.value!r} is not a whole number"))
    return None
