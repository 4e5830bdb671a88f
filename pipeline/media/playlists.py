"""Reads media playlists, measures what they hold, and writes master and subtitle playlists. Knows no encoder settings."""

from __future__ import annotations

import itertools
import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from pipeline.errors import EncodeError
from pipeline.media.encode import PLAYLIST

MPEGTS_CLOCK_HZ = 90_000
AAC_LC = "mp4a.40.2"
"""RFC 6381: MPEG-4 audio, object type AAC low complexity."""

SPS_NAL_TYPE = 7


@dataclass(frozen=True, kw_only=True)
class Segment:
    """One entry of a media playlist."""

    duration_s: float
    uri: str


@dataclass(frozen=True, kw_only=True)
class Measured:
    """What a finished rendition really is. Rates in bits a second; `first_pts` of the picture in 90 kHz ticks."""

    name: str
    width: int
    height: int
    frame_rate: float
    codecs: str
    peak_bit_rate: int
    average_bit_rate: int
    durations_s: tuple[float, ...]
    first_pts: int

    @property
    def duration_s(self) -> float:
        """The sum of all segments, in seconds."""
        return sum(self.durations_s)


@dataclass(frozen=True, kw_only=True)
class SubtitleTrack:
    """A subtitle rendition of the stream: an RFC 5646 language tag and the name that a player shows."""

    language: str
    name: str
    uri: str


def read_media_playlist(path: Path) -> tuple[Segment, ...]:
    """Return the segments of a finished media playlist. Raises EncodeError when it is missing, cut off or empty."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise EncodeError(f"{path} is missing: encode the video again.") from error
    segments = []
    duration_s = 0.0
    for line in lines:
        if line.startswith("#EXTINF:"):
            duration_s = float(line.removeprefix("#EXTINF:").split(",")[0])
        elif line and not line.startswith("#"):
            segments.append(Segment(duration_s=duration_s, uri=line))
    if not segments or "#EXT-X-ENDLIST" not in lines:
        raise EncodeError(f"{path} is not finished: encode the video again.")
    return tuple(segments)


def check_segments(folder: Path, name: str) -> tuple[Segment, ...]:
    """Return the segments of the rendition `name`. Raises EncodeError when one of them is missing or empty."""
    playlist = folder / name / PLAYLIST
    segments = read_media_playlist(playlist)
    for segment in segments:
        _size(playlist.parent / segment.uri)
    return segments


def measure(folder: Path, name: str) -> Measured:
    """Measure the rendition `name` of a job's folder from its segments. Raises EncodeError when one is missing or empty."""
    playlist = folder / name / PLAYLIST
    segments = read_media_playlist(playlist)
    sizes = [_size(playlist.parent / s.uri) for s in segments]
    durations = tuple(s.duration_s for s in segments)
    bits = [size * 8 for size in sizes]
    first = _first_segment(playlist.parent / segments[0].uri)
    return Measured(
        name=name,
        width=first.width,
        height=first.height,
        frame_rate=first.frame_rate,
        codecs=",".join(first.codecs),
        peak_bit_rate=peak_bit_rate(bits, durations),
        average_bit_rate=math.ceil(sum(bits) / sum(durations)),
        durations_s=durations,
        first_pts=first.first_pts,
    )


def peak_bit_rate(bits: Sequence[int], durations_s: Sequence[float]) -> int:
    """Return the peak segment bit rate of RFC 8216, section 4.1.

    That is the largest rate of any run of segments that lasts between 0.5 and 1.5 target durations; of the whole, where
    no run does.
    """
    target_s = max(round(d) for d in durations_s)
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


def master_playlist(renditions: Sequence[Measured], track: SubtitleTrack | None) -> str:
    """Return the text of master.m3u8; every value in it was measured."""
    lines = ["#EXTM3U", "#EXT-X-VERSION:6", "#EXT-X-INDEPENDENT-SEGMENTS"]
    if track is not None:
        lines.append(
            f'#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID="subtitles",NAME="{track.name}",LANGUAGE="{track.language}",'
            f'DEFAULT=YES,AUTOSELECT=YES,FORCED=NO,URI="{track.uri}"'
        )
    for r in renditions:
        attributes = [
            f"BANDWIDTH={r.peak_bit_rate}",
            f"AVERAGE-BANDWIDTH={r.average_bit_rate}",
            f'CODECS="{r.codecs}"',
            f"RESOLUTION={r.width}x{r.height}",
            f"FRAME-RATE={r.frame_rate:.3f}",
        ]
        if track is not None:
            attributes.append('SUBTITLES="subtitles"')
        attributes.append("CLOSED-CAPTIONS=NONE")
        lines += ["#EXT-X-STREAM-INF:" + ",".join(attributes), f"{r.name}/{PLAYLIST}"]
    return "\n".join(lines) + "\n"


def subtitle_playlist(durations_s: Sequence[float], names: Sequence[str]) -> str:
    """Return the media playlist of a subtitle track whose segments last as long as those of the picture."""
    lines = [
        "#EXTM3U",
        "#EXT-X-VERSION:6",
        f"#EXT-X-TARGETDURATION:{max(round(d) for d in durations_s)}",
        "#EXT-X-MEDIA-SEQUENCE:1",
        "#EXT-X-PLAYLIST-TYPE:VOD",
    ]
    for duration_s, name in zip(durations_s, names, strict=True):
        lines += [f"#EXTINF:{duration_s:.6f},", name]
    return "\n".join([*lines, "#EXT-X-ENDLIST"]) + "\n"


def avc_codec(extradata: bytes) -> str:
    """Return the RFC 6381 name of an H.264 stream from its first sequence parameter set (ITU-T H.264, 7.3.2.1.1).

    `extradata` is in Annex B form. Raises EncodeError when it holds no parameter set.
    """
    at = -1
    while (at := extradata.find(b"\x00\x00\x01", at + 1)) >= 0:
        unit = extradata[at + 3 : at + 7]
        if len(unit) == 4 and unit[0] & 0x1F == SPS_NAL_TYPE:
            return f"avc1.{unit[1:].hex()}"
    raise EncodeError("The encoded picture declares no H.264 profile: encode the video again.")


@dataclass(frozen=True, kw_only=True)
class _FirstSegment:
    width: int
    height: int
    frame_rate: float
    codecs: tuple[str, ...]
    first_pts: int


def _first_segment(path: Path) -> _FirstSegment:
    import av
    import av.error

    try:
        with av.open(str(path)) as container:
            video = container.streams.video[0]
            pts = sorted(packet.pts for packet in container.demux(video) if packet.pts is not None)
            codecs = (avc_codec(video.codec_context.extradata or b""), *(AAC_LC for _ in container.streams.audio[:1]))
            return _FirstSegment(
                width=video.width,
                height=video.height,
                frame_rate=_frame_rate(pts, video.average_rate),
                codecs=codecs,
                first_pts=pts[0],
            )
    except (av.error.FFmpegError, OSError, IndexError) as error:
        raise EncodeError(f"{path} can't be read back: encode the video again.") from error


def _frame_rate(pts: Sequence[int], declared: Fraction | None) -> float:
    """Return the usual rate of these frames: one long frame does not move it, nor do gaps rounded up and down in turn."""
    gaps = [b - a for a, b in itertools.pairwise(pts) if b > a]
    if not gaps:
        return float(declared or 1)
    usual = statistics.median(gaps)
    return MPEGTS_CLOCK_HZ / statistics.fmean(gap for gap in gaps if abs(gap - usual) <= 2)


def _size(path: Path) -> int:
    try:
        size = path.stat().st_size
    except OSError as error:
        raise EncodeError(f"{path} is missing: encode the video again.") from error
    if not size:
        raise EncodeError(f"{path} is empty: encode the video again.")
    return size
