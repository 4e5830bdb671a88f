"""What the editor asks for. Frozen data only: no reading, no writing, no decisions."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from pathlib import Path
from typing import TypeVar

from pipeline.source_address import SourceAddress


class Existing(str, Enum):
    """What to do with what an earlier run left.

    ASK refuses if the user must decide, RESUME continues an unfinished upload, UPLOAD_AGAIN keeps the encoded
    files and sends them all anew, FRESH replaces the folder; it goes on only with what an interrupted FRESH of the same
    source and settings has left.
    """

    ASK = "ask"
    RESUME = "resume"
    UPLOAD_AGAIN = "upload again"
    FRESH = "fresh"


class Codec(str, Enum):
    """How the video is encoded."""

    H264 = "h264"
    HEVC = "hevc"
    AV1 = "av1"


class EncoderFamily(str, Enum):
    """Which hardware encodes the video; AUTO is the best that this machine really has."""

    AUTO = "auto"
    CPU = "cpu"
    NVIDIA = "nvidia"
    AMD = "amd"
    INTEL = "intel"
    APPLE = "apple"
    VAAPI = "vaapi"


class SegmentType(str, Enum):
    """The container of a segment: MPEG-2 transport stream or fragmented MP4."""

    TS = "ts"
    FMP4 = "fmp4"


class RateControl(str, Enum):
    """CRF keeps a quality below a ceiling of bits, ABR keeps a rate of bits."""

    CRF = "crf"
    ABR = "abr"


@dataclass(frozen=True, kw_only=True)
class EncodingRequest:
    """How the editor wants the video encoded.

    `preset` is x264's name for a trade of speed for size. `target_vmaf` None means the table's own quality;
    `fit_ladder` leaves out qualities that save hardly anything, which takes such a target, as it is found by measuring.
    `segment_type` None means what suits the codec. `copy_top` keeps the source's video as the largest rendition, if it
    can be.
    """

    codec: Codec = Codec.H264
    encoder: EncoderFamily = EncoderFamily.AUTO
    preset: str = "medium"
    rate_control: RateControl = RateControl.CRF
    target_vmaf: float | None = None
    fit_ladder: bool = False
    segment_type: SegmentType | None = None
    keep_hdr: bool = False
    copy_top: bool = False


@dataclass(frozen=True, kw_only=True)
class QualityRate:
    """The most bits a second that a quality of the ladder may take, in place of the table's."""

    name: str
    bit_rate: int


@dataclass(frozen=True, kw_only=True)
class MappedAudio:
    """A track of the source, or one of its channels; both count from 1."""

    track: int
    channel: int | None = None


@dataclass(frozen=True, kw_only=True)
class AudioRequest:
    """How the editor wants the audio. `loudness_lufs` None leaves the loudness as it is (EBU R128, LUFS).

    `audio_map` are the audio tracks to make, each from a track or a channel, or from two of them as left and right;
    empty for what the source suggests.
    """

    surround: bool = False
    loudness_lufs: float | None = None
    audio_map: tuple[tuple[MappedAudio, ...], ...] = ()


@dataclass(frozen=True, kw_only=True)
class Encryption:
    """AES-128 with the editor's own key: a file of 16 bytes, and the address at which players ask for it."""

    key_file: Path
    key_uri: str
    publish_key: bool = False


class CaptionRules(str, Enum):
    """Whose rules captions are shaped by, and for whom; `pipeline.speech.caption_profiles` has their numbers."""

    NETFLIX = "netflix"
    NETFLIX_CHILDREN = "netflix:children"
    NETFLIX_DEAF = "netflix:deaf"
    BBC = "bbc"
    BBC_CHILDREN = "bbc:children"


@dataclass(frozen=True, kw_only=True)
class TranscriptionRequest:
    """What the editor wants of Whisper: a model's name or folder, and a language code or None for automatic.

    `profile` are the rules that its captions keep to; `fast` may lose sentences; `names` are people, courses and terms
    that are corrected after transcription; `multilingual` transcribes each half minute in its own language; `translate`
    adds captions in English to those in the language that is spoken.
    `track` is the audio track that is transcribed, from 1 among those that are converted; None is the one that plays by
    default, or the first with speech where that has none.
    """

    model: str = "base"
    language: str | None = None
    profile: CaptionRules = CaptionRules.NETFLIX
    fast: bool = False
    names: tuple[str, ...] = ()
    multilingual: bool = False
    track: int | None = None
    translate: bool = False


class TranscriptForm(str, Enum):
    """A form of a transcript; its value ends the file's name."""

    SRT = "srt"
    VTT = "vtt"
    TXT = "txt"
    JSON = "json"


@dataclass(frozen=True, kw_only=True)
class CaptionFile:
    """A subtitle file of the editor's, and the language that it is in, as an RFC 5646 tag."""

    path: Path
    language: str


@dataclass(frozen=True, kw_only=True)
class UploadRequest:
    """Where the finished folder goes. `prefix` ends with a slash; `language` is the record's when none is detected.

    `replace` lets it take the place of another source's stream.
    """

    prefix: str
    language: str = "en"
    session_id: str | None = None
    delete_local: bool = False
    replace: bool = False


@dataclass(frozen=True, kw_only=True)
class DatasetRequest:
    """The dataset that gets the transcript: a path or an `s3://` address.

    `replace_edited` says that segments may be replaced that somebody has edited there.
    """

    uri: str
    replace_edited: bool = False


@dataclass(frozen=True, kw_only=True)
class TrackChoice:
    """Which tracks of the source are wanted; None and () leave it to the program.

    `programme` is a number in a transport stream. Video and audio tracks count from 1, within the programme.
    """

    programme: int | None = None
    video: int | None = None
    audio: tuple[int, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Trim:
    """The part of the source that is wanted, in seconds from its first moment; `end_s` None is its end."""

    start_s: float = 0.0
    end_s: float | None = None


@dataclass(frozen=True, kw_only=True)
class Job:
    """What the editor asked for. `qualities` None means every one up to 1080p that the source fills.

    `audio_only` makes a stream of the source's audio, and `qualities` says nothing then.
    `title` is what people know the video by, in file record and manifests; empty for the name of its file.
    `chapters` is a file of chapters that replace those of the source; `trim` None means the whole of it. `poster_s` is
    the time of the poster in seconds from the source's first moment, None for a frame that stands for all. `captions`
    are subtitle tracks of the stream, and the first is its transcript where nothing is transcribed. `script` is a text
    file with what is said: the transcription gives it its times. `dataset` gets the transcript when all is done.
    `address` is where the source lies if it is no file of this machine; `source` is a mere name then, until the file
    has a place here.
    """

    source: Path
    output_dir: Path
    slug: str
    qualities: tuple[str, ...] | None = None
    audio_only: bool = False
    tracks: TrackChoice = TrackChoice()
    encoding: EncodingRequest = EncodingRequest()
    bit_rates: tuple[QualityRate, ...] = ()
    audio: AudioRequest = AudioRequest()
    encryption: Encryption | None = None
    accept_damaged: bool = False
    black_bars: bool = False
    chapters: Path | None = None
    trim: Trim | None = None
    poster_s: float | None = None
    make_mp4: bool = True
    transcription: TranscriptionRequest | None = None
    captions: tuple[CaptionFile, ...] = ()
    script: Path | None = None
    upload: UploadRequest | None = None
    dataset: DatasetRequest | None = None
    existing: Existing = Existing.ASK
    title: str = ""
    address: SourceAddress | None = None

    @property
    def name(self) -> str:
        """What people know the video by."""
        return self.title or self.source.stem

    @property
    def origin(self) -> str:
        """Where the source comes from: what is shown and kept of it."""
        return str(self.source) if self.address is None else self.address.text

    @property
    def makes_transcript(self) -> bool:
        """Whether there is to be a transcript, from whatever it is made."""
        return bool(self.transcription or self.captions)

    @property
    def folder(self) -> Path:
        """Where the finished folder lies."""
        return self.output_dir / self.slug


@dataclass(frozen=True, kw_only=True)
class UploadJob:
    """What the editor asked for with a folder that needs no work before: the `upload` command."""

    folder: Path
    upload: UploadRequest
    existing: Existing = Existing.ASK

    @property
    def slug(self) -> str:
        """The folder's name."""
        return self.folder.absolute().name

    @property
    def source(self) -> Path:
        """What the job is made of."""
        return self.folder

    @property
    def origin(self) -> str:
        """The same, as it is shown."""
        return str(self.folder)


EitherJob = TypeVar("EitherJob", bound=Job | UploadJob)


def resumed(job: EitherJob, left: Existing | None = None) -> EitherJob:
    """Return a job that goes on, without a question, with what another process has left of it.

    `left` is what that process has stored for whoever goes on, None if nothing.
    """
    existing = left or job.existing
    return replace(job, existing=Existing.RESUME if existing is Existing.ASK else existing)


def once_made(existing: Existing, *, has_sent: bool) -> Existing:
    """Return what a further try does with the folder that an earlier one of the same job has made.

    `has_sent` says that it has sent a part of it: what was to begin anew has begun, and the upload's journal knows it.
    """
    if has_sent:
        return Existing.RESUME
    return {Existing.ASK: Existing.RESUME, Existing.FRESH: Existing.UPLOAD_AGAIN}.get(existing, existing)
