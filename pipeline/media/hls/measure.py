"""Reads finished renditions back and measures what they really are. Knows no encoder settings and writes nothing.

Only a rendition's first segment is opened; rates come from the sizes of its files.
"""

from __future__ import annotations

import io
import math
from array import array
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

from pipeline.errors import EncodeError
from pipeline.media.hls.codecs import Colour, audio_codec, video_codec
from pipeline.media.source.frame_times import even_rate, frame_rates
from pipeline.media.stream_layout import PLAYLIST
from pipeline.media_info import DynamicRange

"""The name of a rendition's own playlist, in its folder."""

BOUNDARY_TOLERANCE_S = 0.001
"""How much the segments of renditions that players switch between may differ in length."""

MPEGTS_CLOCK_HZ = 90_000
RANGES = {16: DynamicRange.PQ, 18: DynamicRange.HLG}
"""ITU-T H.273, table 3: the transfer characteristics of HDR; all others are SDR."""

FULL_RANGE = 2
"""ffmpeg's AVCOL_RANGE_JPEG."""


@dataclass(frozen=True, kw_only=True)
class PlaylistEntry:
    """One entry of a media playlist."""

    duration_s: float
    uri: str


@dataclass(frozen=True, kw_only=True)
class MeasuredVideo:
    """What a rendition's video is.

    `codec` as in a playlist's CODECS; `frame_rate` in frames a second; `colour` as its headers say.
    """

    width: int
    height: int
    frame_rate: float
    codec: str
    dynamic_range: DynamicRange
    colour: Colour


@dataclass(frozen=True, kw_only=True)
class Measured:
    """What a finished rendition really is.

    `name` is its folder. Rates are in bits a second. `first_pts` is the first timestamp of the video, of the audio
    where there is no video, in 90 kHz ticks. `audio_codec` is None where the segments hold no audio.
    """

    name: str
    video: MeasuredVideo | None
    audio_codec: str | None
    peak_bit_rate: int
    average_bit_rate: int
    durations_s: tuple[float, ...]
    first_pts: int

    @property
    def duration_s(self) -> float:
        """The sum of all segments, in seconds."""
        return sum(self.durations_s)


def read_media_playlist(path: Path) -> tuple[PlaylistEntry, ...]:
    """Return the segments of a finished media playlist. Raises EncodeError when it is missing, cut off or empty."""
    lines = _lines(path)
    segments = []
    duration_s = 0.0
    for line in lines:
        if line.startswith("#EXTINF:"):
            duration_s = float(line.removeprefix("#EXTINF:").split(",")[0])
        elif line and not line.startswith("#"):
            segments.append(PlaylistEntry(duration_s=duration_s, uri=line))
    if not segments or "#EXT-X-ENDLIST" not in lines:
        raise EncodeError(f"{path} is not finished: encode the video again.")
    return tuple(segments)


def read_map_uri(path: Path) -> str | None:
    """Return the name of a media playlist's initialization section, None where it has none. Raises EncodeError."""
    prefix = '#EXT-X-MAP:URI="'
    return next((line.removeprefix(prefix).partition('"')[0] for line in _lines(path) if line.startswith(prefix)), None)


def check_segments(folder: Path, name: str) -> tuple[PlaylistEntry, ...]:
    """Return the segments of the rendition `name`. Raises EncodeError when a file of it is missing or empty."""
    playlist = folder / name / PLAYLIST
    segments = read_media_playlist(playlist)
    map_uri = read_map_uri(playlist)
    for uri in [*([map_uri] if map_uri else []), *(segment.uri for segment in segments)]:
        _size_bytes(playlist.parent / uri)
    return segments


def measure(folder: Path, name: str, *, frame_rate: float | None = None) -> Measured:
    """Measure the rendition `name` of a job's folder from its segments.

    Raises EncodeError when one is missing or empty.

    `frame_rate` is that of the whole video, None for that of its first segment.
    """
    segments = check_segments(folder, name)
    peak, average = bit_rates(folder, name)
    playlist = folder / name / PLAYLIST
    first = _open_first(playlist, segments[0])
    video = first.video
    return Measured(
        name=name,
        video=video if video is None or frame_rate is None else replace(video, frame_rate=frame_rate),
        audio_codec=first.audio_codec,
        peak_bit_rate=peak,
        average_bit_rate=average,
        durations_s=tuple(s.duration_s for s in segments),
        first_pts=first.first_pts,
    )


def bit_rates(folder: Path, name: str) -> tuple[int, int]:
    """Return the peak and the average bit rate of a rendition as its files are now. Raises EncodeError."""
    playlist = folder / name / PLAYLIST
    segments = read_media_playlist(playlist)
    bits = [_size_bytes(playlist.parent / s.uri) * 8 for s in segments]
    durations = [s.duration_s for s in segments]
    return peak_bit_rate(bits, durations), math.ceil(sum(bits) / sum(durations))


def peak_bit_rate(bits: Sequence[int], durations_s: Sequence[float]) -> int:
    """Return the peak segment bit rate of RFC 8216, section 4.1.

    That is the largest rate of any run of segments that lasts between 0.5 and 1.5 target durations; of the whole, where
    no run does.
    """
    target_s = target_duration_s(durations_s)
    peak = 0.0
    for start in range(len(bits)):
        run_bits, run_s = 0, 0.0
        for i in range(start, len(bits)):
            run_bits, run_s = run_bits + bits[i], run_s + durations_s[i]
            if run_s > 1.5 * target_s:
                break
            if run_s >= 0.5 * target_s:
                peak = max(peak, run_bits / run_s)
    return math.ceil(peak or sum(bits) / sum(durations_s))


def target_duration_s(durations_s: Sequence[float]) -> int:
    """Return the target duration: no segment's, rounded to the nearest second, is longer (RFC 8216, 4.3.3.1)."""
    return max(1, int(max(durations_s) + 0.5))


def segment_bytes(playlist: Path, uri: str) -> bytes:
    """Return a segment with the initialization section that it needs, as something that can be opened by itself.

    Raises EncodeError when a file can't be read.
    """
    map_uri = read_map_uri(playlist)
    try:
        head = (playlist.parent / map_uri).read_bytes() if map_uri else b""
        return head + (playlist.parent / uri).read_bytes()
    except OSError as error:
        raise EncodeError(
            f"{playlist.parent / uri} can't be read ({error.strerror}): encode the video again."
        ) from error


def open_segment(playlist: Path, uri: str) -> Any:  # noqa: ANN401  # PyAV's container
    """Open a segment with PyAV.

    Raises EncodeError when it can't be read, and what PyAV raises when it holds nothing.
    """
    import av

    # by its name: of a few small packets nobody could tell what they are
    return av.open(io.BytesIO(segment_bytes(playlist, uri)), format="mpegts" if uri.endswith(".ts") else "mp4")


def last_frame_after(playlist: Path, uri: str) -> int:
    """Return how long after a segment's first frame its last one is shown, in 90 kHz ticks. Raises EncodeError."""
    import av.error

    try:
        with open_segment(playlist, uri) as container:
            stream = container.streams.video[0]
            pts = [packet.pts for packet in container.demux(stream) if packet.pts is not None]
            span: Fraction = (max(pts) - min(pts)) * stream.time_base
            return round(span * MPEGTS_CLOCK_HZ)
    except (av.error.FFmpegError, OSError, IndexError, ValueError) as error:
        raise EncodeError(f"{playlist.parent / uri} can't be read back: encode the video again.") from error


@dataclass(frozen=True, kw_only=True)
class _First:
    video: MeasuredVideo | None
    audio_codec: str | None
    first_pts: int


def _open_first(playlist: Path, segment: PlaylistEntry) -> _First:
    import av.error

    try:
        with open_segment(playlist, segment.uri) as container:
            stream = container.streams.video[0] if container.streams.video else container.streams.audio[0]
            pts = sorted(packet.pts for packet in container.demux(stream) if packet.pts is not None)
            codecs = [_audio_codec(audio) for audio in container.streams.audio]
            return _First(
                video=_video(stream, pts, segment.duration_s) if container.streams.video else None,
                audio_codec=codecs[0] if codecs else None,
                first_pts=round(pts[0] * stream.time_base * MPEGTS_CLOCK_HZ),
            )
    except (av.error.FFmpegError, OSError, IndexError) as error:
        raise EncodeError(f"{playlist.parent / segment.uri} can't be read back: encode the video again.") from error


def _video(stream: Any, pts: Sequence[int], duration_s: float) -> MeasuredVideo:  # noqa: ANN401  # PyAV's stream
    context = stream.codec_context
    colour = Colour(
        primaries=int(context.color_primaries),
        transfer=int(context.color_trc),
        matrix=int(context.colorspace),
        full_range=context.color_range == FULL_RANGE,
    )
    return MeasuredVideo(
        width=stream.width,
        height=stream.height,
        frame_rate=(frame_rates(array("q", pts), stream.time_base) or even_rate(1 / duration_s)).fastest,
        codec=video_codec(context.codec.canonical_name, context.extradata or b"", colour),
        dynamic_range=RANGES.get(colour.transfer, DynamicRange.SDR),
        colour=colour,
    )


def _audio_codec(stream: Any) -> str:  # noqa: ANN401  # PyAV's stream
    return audio_codec(stream.codec_context.codec.canonical_name, stream.codec_context.profile)


def _lines(playlist: Path) -> list[str]:
    try:
        return playlist.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise EncodeError(f"{playlist} is missing: encode the video again.") from error


def _size_bytes(path: Path) -> int:
    try:
        size_bytes = path.stat().st_size
    except OSError as error:
        raise EncodeError(f"{path} is missing: encode the video again.") from error
    if not size_bytes:
        raise EncodeError(f"{path} is empty: encode the video again.")
    return size_bytes
