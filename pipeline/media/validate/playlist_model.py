"""Master and media playlists as they were read, faults included: what the rules judge. Pure."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple


class Fault(NamedTuple):
    """A line that can't be understood: the section of RFC 8216 that says how it should be, and a sentence's end."""

    section: str
    line: int
    text: str


class Tag(NamedTuple):
    """One tag as it stands: its name without `#`, what follows the colon, and its line, counted from 1."""

    name: str
    value: str
    line: int


class StatedRange(NamedTuple):
    """A part of a file as a playlist states it, in bytes."""

    length: int
    offset: int


@dataclass(frozen=True, kw_only=True)
class AttributeList:
    """The attributes of a tag (RFC 8216, 4.2), quotes removed; `quoted` has the names of those that had some."""

    values: Mapping[str, str]
    quoted: frozenset[str] = frozenset()
    faults: tuple[str, ...] = ()

    def get(self, name: str) -> str | None:
        """Return an attribute's value, None where it is missing."""
        return self.values.get(name)

    def integer(self, name: str) -> int | None:
        """Return a decimal integer, None where there is none."""
        value = self.values.get(name, "")
        return int(value) if value.isascii() and value.isdigit() else None

    def number(self, name: str) -> float | None:
        """Return a decimal number that is not negative, None where there is none."""
        return decimal(self.values.get(name, ""))

    def resolution(self) -> tuple[int, int] | None:
        """Return RESOLUTION as width and height, None where there is none."""
        match = re.fullmatch(r"(\d+)x(\d+)", self.values.get("RESOLUTION", ""), re.ASCII)
        return (int(match[1]), int(match[2])) if match else None


@dataclass(frozen=True, kw_only=True)
class EncryptionKey:
    """How the segments that follow are encrypted; `iv` None means the media sequence number (RFC 8216, 5.2)."""

    method: str
    uri: str | None
    iv: bytes | None
    key_format: str
    line: int


@dataclass(frozen=True, kw_only=True)
class Map:
    """Where the initialization section lies. `key` encrypts it too (RFC 8216, 4.3.2.5)."""

    uri: str
    byte_range: StatedRange | None
    key: EncryptionKey | None
    line: int


@dataclass(frozen=True, kw_only=True)
class MediaSegment:
    """One segment.

    `duration_s` is None where its EXTINF is missing or no number; `number` its media sequence number.
    """

    uri: str
    line: int
    number: int
    duration_s: float | None
    byte_range: StatedRange | None = None
    key: EncryptionKey | None = None
    init: Map | None = None
    discontinuity: bool = False
    gap: bool = False


@dataclass(frozen=True, kw_only=True)
class Variant:
    """An EXT-X-STREAM-INF or EXT-X-I-FRAME-STREAM-INF; `uri` is None where it is missing."""

    attributes: AttributeList
    uri: str | None
    line: int


@dataclass(frozen=True, kw_only=True)
class MediaRendition:
    """An EXT-X-MEDIA."""

    attributes: AttributeList
    line: int


@dataclass(frozen=True, kw_only=True)
class SessionData:
    """An EXT-X-SESSION-DATA."""

    attributes: AttributeList
    line: int


@dataclass(frozen=True, kw_only=True)
class MasterPlaylist:
    """A playlist of playlists."""

    tags: tuple[Tag, ...]
    faults: tuple[Fault, ...] = ()
    first_line: str = ""
    variants: tuple[Variant, ...] = ()
    iframe_variants: tuple[Variant, ...] = ()
    media: tuple[MediaRendition, ...] = ()
    session_data: tuple[SessionData, ...] = ()


@dataclass(frozen=True, kw_only=True)
class MediaPlaylist:
    """A playlist of segments."""

    tags: tuple[Tag, ...]
    faults: tuple[Fault, ...] = ()
    first_line: str = ""
    segments: tuple[MediaSegment, ...] = ()
    target_duration_s: int | None = None

    @property
    def durations_s(self) -> tuple[float, ...]:
        """The EXTINF of each segment, 0 where it has none."""
        return tuple(segment.duration_s or 0.0 for segment in self.segments)

    @property
    def iframes_only(self) -> bool:
        """Whether each segment is a single I-frame."""
        return any(tag.name == "EXT-X-I-FRAMES-ONLY" for tag in self.tags)

    def value(self, name: str) -> str | None:
        """Return what the first tag of this name says, None where there is none."""
        return next((tag.value for tag in self.tags if tag.name == name), None)


def decimal(value: str) -> float | None:
    """Return a decimal number that is not negative (RFC 8216, 4.2), None for anything else."""
    if not re.fullmatch(r"\d+(\.\d*)?|\.\d+", value, re.ASCII):
        return None
    number = float(value)
    return number if math.isfinite(number) else None
