"""Measures the segments of a playlist: times, frames, codecs.

Demuxes all of them, each file once; judges nothing.

Consecutive segments are read as one stream, as players do: that is quick, and shows whether counters and times go on.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

from pipeline.media.source.frame_times import FrameRates, even_rate, frame_rates
from pipeline.media.validate.containers import Container
from pipeline.media.validate.segment_bytes import Chain, SegmentBytes
from pipeline.media.validate.video import VideoHeader, starts_clean, video_header

READ_BYTES = 1 << 18
FULL_RANGE = 2
"""ffmpeg's AVCOL_RANGE_JPEG."""

FIRST_FRAME_PACKETS = 64
"""A decoder that has produced no frame after this many packets is given up."""


@dataclass
class Span:
    """The packets of one track in one segment, times in seconds.

    `last_duration_s` is 0 where the container says none.
    """

    first_pts_s: float
    first_dts_s: float
    last_dts_s: float = 0.0
    last_duration_s: float = 0.0
    end_s: float = 0.0
    packets: int = 0
    starts_clean: bool = True


@dataclass
class SegmentSpans:
    """What one segment holds. `run` counts the stretches of segments that follow each other without a break."""

    run: int
    video: Span | None = None
    audio: Span | None = None
    corrupt: bool = False


@dataclass(frozen=True, kw_only=True)
class VideoFacts:
    """The video of a stream.

    `rates` are those of the frames themselves, those that are declared where there is but one.

    `primaries`, `transfer` and `matrix` are numbers of ITU-T H.273.
    """

    codec_name: str
    header: VideoHeader | None
    extradata: bytes
    tag: str
    width: int
    height: int
    square: bool
    pixel_format: str
    primaries: int
    transfer: int
    matrix: int
    full_range: bool
    interlaced: bool | None
    rates: FrameRates

    @property
    def frame_s(self) -> float:
        """How long a usual frame is shown."""
        return 1 / self.rates.usual


@dataclass(frozen=True, kw_only=True)
class AudioFacts:
    """The audio of a stream. `frame_s` is how long one of its packets lasts."""

    codec_name: str
    profile: str
    channels: int
    frame_s: float


@dataclass(kw_only=True)
class Contents:
    """What was found in a playlist's segments; `spans` has None for those that were not read.

    `broken` says of those that can't be read why; `keyframes` maps file and offset of each keyframe to its size in
    bytes.
    """

    container: Container
    spans: list[SegmentSpans | None]
    video: VideoFacts | None = None
    audio: AudioFacts | None = None
    audio_tracks: int = 0
    broken: dict[int, str] = field(default_factory=dict)
    keyframes: dict[tuple[Path, int], int] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class SegmentRun:
    """Segments that follow each other without a break, by their numbers in the playlist, and what comes before them."""

    init: SegmentBytes | None
    numbers: Sequence[int]
    pieces: Sequence[SegmentBytes]


def read_contents(
    container: Container, runs: Sequence[SegmentRun], count: int, on_segment: Callable[[int], None]
) -> Contents:
    """Demux all runs of a playlist of `count` segments; `on_segment` gets the number of each as it begins."""
    contents = Contents(container=container, spans=[None] * count)
    frames = _Frames()
    for number, run in enumerate(runs):
        _SegmentRunReader(contents, frames, number, run, on_segment).read()
    if frames.stream_facts:
        contents.video = frames.video()
    return contents


@dataclass
class _Frames:
    """Gathers the video's rates, those of the longest run, and its facts, from the first run with any."""

    stream_facts: dict[str, Any] = field(default_factory=dict)
    rates: FrameRates | None = None
    frames: int = 0

    def add_run(self, pts: array[int], tick_s: Fraction) -> None:
        if len(pts) > self.frames:
            self.frames, self.rates = len(pts), frame_rates(pts, tick_s)

    def video(self) -> VideoFacts:
        declared = self.stream_facts.pop("declared_rate")
        return VideoFacts(rates=self.rates or even_rate(declared), **self.stream_facts)


class _SegmentRunReader:
    """Demuxes one run and enters what it finds into `contents` and `frames`."""

    def __init__(
        self, contents: Contents, frames: _Frames, number: int, run: SegmentRun, on_segment: Callable[[int], None]
    ) -> None:
        self._contents = contents
        self._frames = frames
        self._number = number
        self._run = run
        self._on_segment = on_segment
        self._lead = 0 if run.init is None else 1
        self._chain = Chain([*([run.init] if run.init else []), *run.pieces], self._begin)
        self._begun = 0
        self._current: dict[int, int] = {}
        self._times = array("q")
        self._header: VideoHeader | None = None
        self._extradata = b""
        self._first_frame: Any = None
        self._tries = 0

    def read(self) -> None:
        """Read the run to its end, or to where it can't be read any further."""
        import av
        import av.error

        name = "mpegts" if self._contents.container is Container.TS else "mp4"
        try:
            with av.open(self._chain, format=name, buffer_size=READ_BYTES, metadata_errors="replace") as container:
                self._read_tracks(container)
        except (av.error.FFmpegError, OSError, ValueError) as error:
            self._contents.broken[self._run.numbers[self._begun]] = str(getattr(error, "strerror", None) or error)
        finally:
            self._chain.close()

    def _begin(self, piece: int) -> None:
        if piece >= self._lead:
            self._begun = piece - self._lead
            self._on_segment(self._run.numbers[self._begun])

    def _read_tracks(self, container: Any) -> None:  # noqa: ANN401  # PyAV's container
        # a stream whose codec is not known has no context
        video = next((stream for stream in container.streams.video if stream.codec_context is not None), None)
        audio = next((stream for stream in container.streams.audio if stream.codec_context is not None), None)
        self._contents.audio_tracks = max(self._contents.audio_tracks, len(container.streams.audio))
        if video is not None:
            self._extradata = bytes(video.codec_context.extradata or b"")
            self._header = video_header(_codec_name(video), self._extradata, _bit_depth(video))
        wanted = [stream for stream in (video, audio) if stream is not None]
        if not wanted:
            raise ValueError("it holds neither video nor audio")
        for packet in container.demux(wanted):
            if packet.dts is None or packet.pts is None:
                continue
            spans, offset = self._place(packet)
            spans.corrupt = spans.corrupt or packet.is_corrupt
            if packet.stream is video:
                spans.video = self._video_packet(packet, spans.video, offset)
            else:
                spans.audio = _counted(packet, spans.audio)
                self._contents.audio = self._contents.audio or _audio(audio, spans.audio.last_duration_s)
        if video is not None:
            self._frames.add_run(self._times, video.time_base)
            self._frames.stream_facts = self._frames.stream_facts or _video_facts(
                video, self._header, self._first_frame
            )

    def _place(self, packet: Any) -> tuple[SegmentSpans, int | None]:  # noqa: ANN401  # PyAV's packet
        """Return the entry of the segment in which a packet begins, and the place in that segment where it is known."""
        offset = None
        if packet.pos is not None and packet.pos >= 0:
            piece, offset = self._chain.piece_at(packet.pos)
            self._current[packet.stream_index] = max(0, piece - self._lead)
        number = self._run.numbers[self._current.get(packet.stream_index, 0)]
        spans = self._contents.spans[number]
        if spans is None:
            spans = self._contents.spans[number] = SegmentSpans(run=self._number)
        return spans, offset

    def _video_packet(
        self,
        packet: Any,  # noqa: ANN401  # PyAV's packet
        span: Span | None,
        offset: int | None,
    ) -> Span:
        first = span is None
        span = _counted(packet, span, timed=self._contents.container is Container.FMP4)
        if first and self._header is not None:
            span.starts_clean = packet.is_keyframe and starts_clean(self._header.codec, self._extradata, bytes(packet))
        self._times.append(packet.pts)
        if packet.is_keyframe and offset is not None:
            piece = self._run.pieces[self._current[packet.stream_index]]
            self._contents.keyframes[piece.path, piece.offset + offset] = packet.size
        if self._first_frame is None and not self._frames.stream_facts and self._tries < FIRST_FRAME_PACKETS:
            self._tries += 1
            self._first_frame = _decoded(packet)
        return span


def _counted(packet: Any, span: Span | None, *, timed: bool = True) -> Span:  # noqa: ANN401  # PyAV's packet
    """Enter a packet into its track's span of its segment, which begins with it where there is none.

    Not `timed`: the container does not say how long the packet lasts, and libavformat may have guessed.
    """
    tick_s = float(packet.time_base)
    pts_s, dts_s, duration_s = (
        packet.pts * tick_s,
        packet.dts * tick_s,
        (packet.duration or 0) * tick_s if timed else 0.0,
    )
    span = span or Span(first_pts_s=pts_s, first_dts_s=dts_s)
    span.last_dts_s, span.last_duration_s = dts_s, duration_s
    span.end_s = max(span.end_s, pts_s + duration_s)
    span.packets += 1
    return span


def _decoded(packet: Any) -> Any:  # noqa: ANN401  # PyAV's packet and frame
    import av.error

    try:
        return next(iter(packet.decode()), None)
    except av.error.FFmpegError:
        return None


def _video_facts(
    stream: Any,  # noqa: ANN401  # PyAV's stream
    header: VideoHeader | None,
    frame: Any,  # noqa: ANN401  # PyAV's frame
) -> dict[str, Any]:
    context = stream.codec_context
    aspect = stream.sample_aspect_ratio
    named = context if frame is None else frame
    return {
        "codec_name": _codec_name(stream),
        "header": header,
        "extradata": bytes(context.extradata or b""),
        "tag": str(context.codec_tag),
        "width": stream.width,
        "height": stream.height,
        "square": not aspect or aspect == 1,
        "pixel_format": (frame.format.name if frame is not None else context.pix_fmt) or "",
        "primaries": int(named.color_primaries),
        "transfer": int(named.color_trc),
        "matrix": int(named.colorspace),
        "full_range": int(named.color_range) == FULL_RANGE,
        "interlaced": bool(frame.interlaced_frame) if frame is not None else None,
        "declared_rate": float(stream.average_rate or 25),
    }


def _audio(stream: Any, duration_s: float) -> AudioFacts:  # noqa: ANN401  # PyAV's stream
    context = stream.codec_context
    usual = (context.frame_size or 1024) / (context.sample_rate or 48_000)
    return AudioFacts(
        codec_name=_codec_name(stream),
        profile=context.profile or "",
        channels=context.channels,
        frame_s=duration_s or usual,
    )


def _codec_name(stream: Any) -> str:  # noqa: ANN401  # PyAV's stream
    """Return the codec's own name: a decoder may have another, such as libdav1d."""
    return str(stream.codec_context.codec.canonical_name)


def _bit_depth(stream: Any) -> int:  # noqa: ANN401  # PyAV's stream
    described = stream.codec_context.format
    return int(described.components[0].bits) if described is not None else 8
