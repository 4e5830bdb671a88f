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
    files and sends them all anew, FRESH replaces the folder; it goes on only with what an interrupted FRESH of the same
    source and settings has left.
    """

    ASK = "ask"
    RESUME = "resume"
    UPLOAD_AGAIN = "upload again"
    FRESH = "fresh"


class Codec(str, Enum):
    """How the picture is encoded."""

    H264 = "h264"
    HEVC = "hevc"
    AV1 = "av1"


class EncoderFamily(str, Enum):
    """Which hardware encodes the picture; AUTO is the best that this machine really has."""

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


class DynamicRange(str, Enum):
    """The range of brightness, by its name in a master playlist's VIDEO-RANGE."""

    SDR = "SDR"
    PQ = "PQ"
    HLG = "HLG"


@dataclass(frozen=True, kw_only=True)
class EncodingRequest:
    """How the editor wants the picture encoded.

    `preset` is x264's name for a trade of speed for size. `target_vmaf` None means the table's own quality.
    `segment_type` None means what suits the codec. `copy_top` keeps the source's own picture where it can serve.
    """

    codec: Codec = Codec.H264
    encoder: EncoderFamily = EncoderFamily.AUTO
    preset: str = "medium"
    rate_control: RateControl = RateControl.CRF
    target_vmaf: float | None = None
    segment_type: SegmentType | None = None
    keep_hdr: bool = False
    copy_top: bool = False


@dataclass(frozen=True, kw_only=True)
class MappedAudio:
    """A track of the source, or one of its channels; both count from 1."""

    track: int
    channel: int | None = None


@dataclass(frozen=True, kw_only=True)
class AudioRequest:
    """How the editor wants the sound. `loudness_lufs` None leaves the loudness as it is (EBU R128, LUFS).

    `audio_map` are the sounds to make, each a track or a channel, or two of them as left and right; empty for what the
    source suggests.
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


@dataclass(frozen=True, kw_only=True)
class TranscriptionRequest:
    """What the editor wants of Whisper: a model's name or folder, and a language code or None for automatic."""

    model: str = "base"
    language: str | None = None


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
class TrackChoice:
    """Which tracks of the source are wanted; None and () leave it to the program.

    `programme` is a number in a transport stream. Pictures and sounds count from 1, within the programme.
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

    `chapters` is a file of chapters that replace those of the source; `trim` None means the whole of it.
    """

    source: Path
    output_dir: Path
    slug: str
    qualities: tuple[str, ...] | None = None
    tracks: TrackChoice = TrackChoice()
    encoding: EncodingRequest = EncodingRequest()
    sound: AudioRequest = AudioRequest()
    encryption: Encryption | None = None
    accept_damaged: bool = False
    black_bars: bool = False
    chapters: Path | None = None
    trim: Trim | None = None
    make_mp4: bool = True
    transcription: TranscriptionRequest | None = None
    upload: UploadRequest | None = None
    existing: Existing = Existing.ASK


@dataclass(frozen=True, kw_only=True)
class Crop:
    """How many pixels at each side of a picture its container hides, as the picture is stored: before it is turned."""

    left: int = 0
    top: int = 0
    right: int = 0
    bottom: int = 0


class CaptionForm(str, Enum):
    """What the closed captions in a picture are, by what the frames that were looked at hold; PADDING says nothing."""

    PADDING = "padding"
    CEA_608 = "608"
    CEA_708 = "708"


@dataclass(frozen=True, kw_only=True)
class VideoStream:
    """The source's picture. `width` and `height` are as shown: crop, rotation and sample aspect ratio applied.

    `coded_width` and `coded_height` are as stored, without what the container hides (`crop`).

    `frame_rate` is frames a second, `bit_rate` bits a second or None where nothing tells it. `start_s` is counted from
    the first moment of the file; `duration_s` is None where the container does not say. `index` counts among all
    streams of the file. Colours are as the file names them (ITU-T H.273 by ffmpeg's names), "unknown" where it does
    not; `dolby_vision` is the profile, None where it is none; `colour_range` is "pc" (full) or "tv" (limited). `sizes`
    are those that the stored picture was found to have, in their order; `coded_width` and `coded_height` the largest
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
    """One sound track of the source. `start_s` is counted from the first moment of the file, `index` among all streams.

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


class SubtitleForm(str, Enum):
    """What subtitles are made of; UNKNOWN is what can't be decoded here."""

    TEXT = "text"
    PICTURES = "pictures"
    UNKNOWN = "unknown"


@dataclass(frozen=True, kw_only=True)
class SubtitleStream:
    """One subtitle track of the source; `index` counts among all streams of the file, `language` is a RFC 5646 tag.

    `forced` are those that are shown whatever the viewer chose, for what is said in another language; `for_the_deaf`
    tell of sounds too.
    """

    index: int
    codec: str
    form: SubtitleForm
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

    `start_s` is the container's time of the first moment of picture and sound; all other times count from there.
    `readable_s` is the end of the last packet that can be read, where that could be found out quickly.
    `other_speed` says that an edit list asks for parts of it at another speed than recorded, which ffmpeg does not do.
    `video` is None where there is no picture but a cover at most. `identity` is the file's when it was probed.

    `programmes` are those of a transport stream, `programme` the number of the one that is read where there are
    several. `pictures` are the sizes of all moving pictures to choose from, `picture` the place of the one that is read
    among them. `undecodable_sounds` names the kinds of the sound tracks that are left out because nothing here can
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
    pictures: tuple[str, ...] = ()
    picture: int = 0
    undecodable_sounds: tuple[str, ...] = ()
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
        return tuple(stream for stream in self.subtitles if stream.form is SubtitleForm.TEXT)


@dataclass(frozen=True, kw_only=True)
class Rendition:
    """One quality of the stream. Sizes in square pixels, rates in bits a second, `buffer_size` in bits.

    The picture is scaled to `width` x `height` and centred in `frame_width` x `frame_height`:
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
    """A channel of a sound track, counted from 0; `index` is the track's among all streams of the source."""

    index: int
    channel: int


@dataclass(frozen=True, kw_only=True)
class AudioRendition:
    """One sound of the stream. `folder` is relative to the job's; `language` a RFC 5646 tag or None where unknown.

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
class Plan:
    """What will be done, decided before anything starts.

    `muxed_sound`: the only sound lies in the picture's own segments; otherwise each has segments of its own.
    `encoder` is ffmpeg's name. `dynamic_range` is that of what is made, whatever the source has.
    """

    job: Job
    media: MediaInfo
    renditions: tuple[Rendition, ...]
    audio: tuple[AudioRendition, ...]
    muxed_sound: bool
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

    `loudness_lufs` is what was measured of the first sound before anything was done to it (EBU R128).
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
    loudness_lufs: float | None = None


@dataclass(frozen=True, kw_only=True)
class Connection:
    """A backend that is there, in a sentence; `token_tried` says whether it has said that the token is good."""

    text: str
    token_tried: bool = True
