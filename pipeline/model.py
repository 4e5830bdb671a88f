"""The nouns of a job. Frozen data only: no reading, no writing, no decisions."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from fractions import Fraction
from pathlib import Path


class PhaseName(str, Enum):
    """The phases of a job in the order in which they run."""

    HLS = "hls"
    MP4 = "mp4"
    TRANSCRIPT = "transcript"
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


class Existing(str, Enum):
    """What to do with what an earlier run left.

    ASK refuses where somebody must decide, RESUME goes on with an unfinished upload, UPLOAD_AGAIN keeps the encoded
    files and sends them all anew, FRESH begins from nothing and replaces the folder.
    """

    ASK = "ask"
    RESUME = "resume"
    UPLOAD_AGAIN = "upload again"
    FRESH = "fresh"


@dataclass(frozen=True, kw_only=True)
class TranscriptionRequest:
    """What the editor wants of Whisper: a model's name or folder, and a language code or None for automatic."""

    model: str = "base"
    language: str | None = None


@dataclass(frozen=True, kw_only=True)
class UploadRequest:
    """Where the finished folder goes. `prefix` ends with a slash; `language` is the record's when none is detected."""

    prefix: str
    language: str = "en"
    session_id: str | None = None
    delete_local: bool = False


@dataclass(frozen=True, kw_only=True)
class Job:
    """What the editor asked for. `qualities` None means every quality that the source fills."""

    source: Path
    output_dir: Path
    slug: str
    qualities: tuple[str, ...] | None = None
    preset: str = "medium"
    black_bars: bool = False
    make_mp4: bool = True
    transcription: TranscriptionRequest | None = None
    upload: UploadRequest | None = None
    existing: Existing = Existing.ASK


@dataclass(frozen=True, kw_only=True)
class VideoStream:
    """The source's picture. `width` and `height` are as shown: rotation and sample aspect ratio applied.

    `frame_rate` is frames a second, `bit_rate` bits a second or None where nothing tells it.
    `start_s` is counted from the first moment of the file; `duration_s` is None where the container does not say.
    `index` counts among all streams of the file.
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


@dataclass(frozen=True, kw_only=True)
class AudioStream:
    """One sound track of the source. `start_s` is counted from the first moment of the file, `index` among all streams."""

    codec: str
    channels: int
    sample_rate_hz: int
    language: str | None
    bit_rate: int | None
    start_s: float
    duration_s: float | None
    index: int = 1


@dataclass(frozen=True, kw_only=True)
class MediaInfo:
    """What the probe found in a source. `duration_s` is what the container declares, or None."""

    path: Path
    size_bytes: int
    container: str
    duration_s: float | None
    video: VideoStream
    audio: tuple[AudioStream, ...]


@dataclass(frozen=True, kw_only=True)
class Rendition:
    """One quality of the stream. Sizes in square pixels, rates in bits a second, `buffer_size` in bits.

    The picture is scaled to `width` x `height` and centred in `frame_width` x `frame_height`:
    the same size unless black bars were asked for.
    """

    name: str
    width: int
    height: int
    frame_width: int
    frame_height: int
    bit_rate: int
    max_bit_rate: int
    buffer_size: int


@dataclass(frozen=True, kw_only=True)
class Mp4Plan:
    """The MP4 for offline viewing: `remux_of` names the rendition whose segments it is made from, or None to encode."""

    rendition: Rendition
    remux_of: str | None


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What will be done, decided before anything starts."""

    job: Job
    media: MediaInfo
    renditions: tuple[Rendition, ...]
    frame_rate_limit: Fraction | None
    hold_last_frame_s: float
    segment_s: int
    audio_bit_rate: int
    mp4: Mp4Plan | None
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

    `wrong_settings` tells a job that could not be done as it was asked from one that failed on its way;
    `media_deleted` says that the folder is without its media because the editor asked for that.
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
