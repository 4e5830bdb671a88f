"""What a source is, as the probe found it. Frozen data only: no reading, no writing, no decisions."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from fractions import Fraction
from pathlib import Path


class DynamicRange(str, Enum):
    """The range of brightness, by its name in a master playlist's VIDEO-RANGE."""

    SDR = "SDR"
    PQ = "PQ"
    HLG = "HLG"


@dataclass(frozen=True, kw_only=True)
class Crop:
    """How many pixels at each side of a video its container hides, as the video is stored: before it is turned."""

    left: int = 0
    top: int = 0
    right: int = 0
    bottom: int = 0


class CaptionForm(str, Enum):
    """What the closed captions in a video are, by what the frames that were looked at hold; PADDING says nothing."""

    PADDING = "padding"
    CEA_608 = "608"
    CEA_708 = "708"


@dataclass(frozen=True, kw_only=True)
class VideoStream:
    """The source's video. `width` and `height` are as shown: crop, rotation and sample aspect ratio applied.

    `coded_width` and `coded_height` are as stored, without what the container hides (`crop`).

    `frame_rate` is frames a second, `bit_rate` bits a second or None where nothing tells it. `start_s` is counted from
    the first moment of the file; `duration_s` is None where the container does not say. `index` counts among all
    streams of the file. Colours are as the file names them (ITU-T H.273 by ffmpeg's names), "unknown" where it does
    not; `dolby_vision` is the profile, None where it is none; `colour_range` is "pc" (full) or "tv" (limited). `sizes`
    are those that the stored video was found to have, in their order; `coded_width` and `coded_height` the largest
    that lasts.
    """

    codec: str
    width: int
    height: int
    coded_width: int
    coded_height: int
    rotation: int
    sample_aspect_ratio: Fraction
    frame_rate: Fraction
    pixel_format: str
    colour_primaries: str
    colour_transfer: str
    colour_space: str
    bit_rate: int | None
    start_s: float
    duration_s: float | None
    index: int = 0
    dolby_vision: int | None = None
    interlaced: bool = False
    bit_depth: int = 8
    closed_captions: CaptionForm | None = None
    colour_range: str = "unknown"
    crop: Crop = Crop()
    interlaced_in_part: bool = False
    sizes: tuple[tuple[int, int], ...] = ()

    @property
    def dynamic_range(self) -> DynamicRange:
        """What the transfer characteristics say (ITU-T H.273): PQ, HLG, else SDR."""
        return {"smpte2084": DynamicRange.PQ, "arib-std-b67": DynamicRange.HLG}.get(
            self.colour_transfer, DynamicRange.SDR
        )


@dataclass(frozen=True, kw_only=True)
class AudioStream:
    """One audio track of the source. `start_s` is counted from the first moment of the file, `index` among all streams.

    `language` is what the file says, as a RFC 5646 tag; `default` whether the file marks the track as the one to play.
    `layout` is ffmpeg's name for its channels; where nothing names them that is their number, as in `60 channels`.
    """

    codec: str
    channels: int
    sample_rate_hz: int
    language: str | None
    bit_rate: int | None
    start_s: float
    duration_s: float | None
    index: int = 1
    title: str = ""
    default: bool = False
    layout: str = ""


class SubtitleKind(str, Enum):
    """What subtitles are made of; UNKNOWN is what can't be decoded here."""

    TEXT = "text"
    PICTURES = "pictures"
    UNKNOWN = "unknown"


@dataclass(frozen=True, kw_only=True)
class SubtitleStream:
    """One subtitle track of the source; `index` counts among all streams of the file, `language` is a RFC 5646 tag.

    `forced` are those that are shown whatever the viewer chose, for what is said in another language; `for_the_deaf`
    describe music and noises too.
    """

    index: int
    codec: str
    form: SubtitleKind
    language: str | None = None
    title: str = ""
    default: bool = False
    forced: bool = False
    for_the_deaf: bool = False


@dataclass(frozen=True, kw_only=True)
class Chapter:
    """Where a part of the video begins, in seconds from its first moment; `title` is empty where it has none."""

    start_s: float
    title: str = ""


@dataclass(frozen=True, kw_only=True)
class Programme:
    """One of the programmes in a transport stream: its number and name there, and the PIDs of its streams."""

    number: int
    name: str
    stream_ids: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class SourceIdentity:
    """What tells whether a file is still the same: size and time of the last change.

    Not its number on the disk, which FAT and file systems over a network make up anew from time to time.
    """

    size_bytes: int
    mtime_ns: int


@dataclass(frozen=True, kw_only=True)
class MediaInfo:
    """What the probe found in a source. `duration_s` is what the container declares, or None.

    `start_s` is the container's time of the first moment of video and audio; all other times count from there.
    `readable_s` is the end of the last packet that can be read, where that could be found out quickly.
    `other_speed` says that an edit list asks for parts of it at another speed than recorded, which ffmpeg does not do.
    `video` is None where there is no video but a cover at most. `identity` is the file's when it was probed.

    `programmes` are those of a transport stream, `programme` the number of the one that is read where there are
    several. `video_sizes` are those of all videos to choose from, `video_index` that of the one that is read
    among them. `undecodable_audio` names the kinds of the audio tracks that are left out because nothing here can
    decode them.

    Of a part of a source, the first moment is the part's: `left_out_s` lies before it, and the part ends at `limit_s`,
    None where it goes on to the source's end.
    """

    path: Path
    size_bytes: int
    container: str
    duration_s: float | None
    video: VideoStream | None
    audio: tuple[AudioStream, ...]
    start_s: float = 0.0
    readable_s: float | None = None
    other_speed: bool = False
    identity: SourceIdentity | None = None
    programmes: tuple[Programme, ...] = ()
    programme: int | None = None
    video_sizes: tuple[str, ...] = ()
    video_index: int = 0
    undecodable_audio: tuple[str, ...] = ()
    left_out_s: float = 0.0
    limit_s: float | None = None
    chapters: tuple[Chapter, ...] = ()
    subtitles: tuple[SubtitleStream, ...] = ()

    @property
    def is_part(self) -> bool:
        """Whether something of the source is left out at its beginning or its end."""
        return self.left_out_s > 0 or self.limit_s is not None

    @property
    def text_subtitles(self) -> tuple[SubtitleStream, ...]:
        """The subtitles that a stream can have."""
        return tuple(stream for stream in self.subtitles if stream.form is SubtitleKind.TEXT)
