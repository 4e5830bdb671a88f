"""What will be done of a job, and how it went. Frozen data only: no reading, no writing, no decisions."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from fractions import Fraction
from pathlib import Path

from pipeline.job import Job, SegmentType, UploadJob
from pipeline.media_info import Chapter, DynamicRange, MediaInfo


class PhaseName(str, Enum):
    """The phases of a job in the order in which they run."""

    FETCH = "fetch"
    HLS = "hls"
    MP4 = "mp4"
    TRANSCRIPT = "transcript"
    TRANSLATION = "translation"
    UPLOAD = "upload"
    RECORD = "record"
    CLEANUP = "cleanup"


class PhaseOutcome(str, Enum):
    """How one phase ended."""

    DONE = "done"
    REUSED = "reused"
    SKIPPED = "skipped"
    WARNED = "warned"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Outcome(str, Enum):
    """How a whole job ended."""

    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass(frozen=True, kw_only=True)
class Rendition:
    """One quality of the stream. Sizes in square pixels, rates in bits a second, `buffer_size` in bits.

    The video is scaled to `width` x `height` and centred in `frame_width` x `frame_height`:
    the same size unless black bars were asked for. `crf` is the constant rate factor, None where the rate is kept.
    """

    name: str
    width: int
    height: int
    frame_width: int
    frame_height: int
    bit_rate: int
    max_bit_rate: int
    buffer_size: int
    crf: float | None = None


@dataclass(frozen=True, kw_only=True)
class TrackChannel:
    """A channel of an audio track, counted from 0; `index` is the track's among all streams of the source."""

    index: int
    channel: int


@dataclass(frozen=True, kw_only=True)
class AudioRendition:
    """One audio track of the stream. `folder` is relative to the job's; `language` is an RFC 5646 tag, None if unknown.

    `source_index` counts among all streams of the source. `group` is the GROUP-ID in the master playlist.
    `parts` are the channels that it is made of where that is not a whole track, one each, left and right.
    """

    folder: str
    name: str
    language: str | None
    channels: int
    codec: str
    bit_rate: int
    source_index: int
    group: str = "stereo"
    default: bool = True
    parts: tuple[TrackChannel, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Mp4Plan:
    """The MP4 for offline viewing: `remux_of` names the rendition whose segments it is made from, or None to encode."""

    rendition: Rendition
    remux_of: str | None


@dataclass(frozen=True, kw_only=True)
class CaptionText:
    """A subtitle file of the editor's as it was read: the text of a SubRip or WebVTT file, and its language's tag.

    `note` is a sentence that tells what was mended in it, empty where nothing was.
    """

    language: str
    text: str = field(repr=False)
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What will be done, decided before anything starts.

    `muxed_audio`: the only audio track is muxed into the video segments; otherwise each has segments of its own.
    `encoder` is ffmpeg's name. `dynamic_range` is that of what is made, whatever the source has.
    """

    job: Job
    media: MediaInfo
    renditions: tuple[Rendition, ...]
    audio: tuple[AudioRendition, ...]
    muxed_audio: bool
    encoder: str
    segment_type: SegmentType
    frame_rate_limit: Fraction | None
    deinterlace: bool
    dynamic_range: DynamicRange
    segment_s: int
    mp4: Mp4Plan | None
    phases: tuple[PhaseName, ...]
    notes: tuple[str, ...] = ()
    chapters: tuple[Chapter, ...] = ()
    captions: tuple[CaptionText, ...] = ()
    script: str | None = field(default=None, repr=False)

    @property
    def transcript_captions(self) -> CaptionText | None:
        """The captions that the transcript is made of: the first ones, where nothing is transcribed."""
        transcribed = self.job.transcription is not None and self.media.audio
        return self.captions[0] if self.captions and not transcribed else None


@dataclass(frozen=True, kw_only=True)
class UploadPlan:
    """What will be done with a folder that needs no work before."""

    job: UploadJob
    phases: tuple[PhaseName, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class PhaseReport:
    """How one phase went and how long it took."""

    phase: PhaseName
    outcome: PhaseOutcome
    seconds: float
    text: str = ""


@dataclass(frozen=True, kw_only=True)
class JobReport:
    """How the whole job went. `error` is one sentence, empty when there is none; `master_url` where players find it.

    A job that was cancelled has an `error` where there is more to say of it than that.

    `folder` is an empty path where no machine keeps what was made: it is at the destination alone.
    `loudness_lufs` is what was measured of the first audio track before anything was done to it (EBU R128).
    `address` is where the source comes from if that is no file of this machine.
    `wrong_settings` tells a job that could not be done as it was asked from one that failed on its way;
    `media_deleted` says that the folder is without its media because the editor asked for that.
    `backend_unreachable` says that the job failed because backend or storage can't be reached, or are in trouble: later
    it may be done.
    `folder_in_use` says that it failed because another process works in its folder, `damaged` that it did because the
    source is, and that it would be converted as far as it can be read if that were accepted. `unheard` says that the
    model is missing or the transcription has failed: without captions of its own making it would be done.
    """

    slug: str
    source: Path
    folder: Path
    outcome: Outcome
    phases: tuple[PhaseReport, ...] = ()
    error: str = ""
    warnings: tuple[str, ...] = field(default=())
    master_url: str = ""
    wrong_settings: bool = False
    media_deleted: bool = False
    loudness_lufs: float | None = None
    backend_unreachable: bool = False
    folder_in_use: bool = False
    damaged: bool = False
    unheard: bool = False
    address: str = ""

    @property
    def origin(self) -> str:
        """Where the source comes from, as it may be shown."""
        return self.address or str(self.source)

    @property
    def place(self) -> str:
        """The folder as it may be shown, empty where there is none."""
        return "" if self.folder == Path() else str(self.folder)


@dataclass(frozen=True, kw_only=True)
class Connection:
    """A backend that is there, in a sentence; `token_tried` says whether it has said that the token is good."""

    text: str
    token_tried: bool = True
