"""What the video, the audio tracks and the subtitles of a source are, by their headers and first frames."""

from __future__ import annotations

import math
import struct
from fractions import Fraction
from typing import Any

from pipeline.media.source.closed_captions import caption_form, frame_captions
from pipeline.media.source.colour_tags import ColourTags
from pipeline.media.source.declared_times import since, stream_duration_s
from pipeline.media.source.edit_lists import EditList
from pipeline.media.source.first_frames import FirstFrames
from pipeline.media.source.interlacing import interlacing
from pipeline.media.source.language_tags import language_tag
from pipeline.media.source.sample_frames import FrameSample, lasting_size, sizes
from pipeline.media_info import AudioStream, Crop, SubtitleKind, SubtitleStream, VideoStream

FRAME_RATES = (Fraction(1, 3600), Fraction(300))
"""Where believable frame rates lie: an hour a slide, and the fastest cameras. 1,000 and 90,000 are clocks' rates."""

NEAR = Fraction(1, 20)
"""How near an average must lie to the usual rate to be taken for it."""

ASPECTS = (Fraction(1, 8), Fraction(8))
"""Where believable shapes of a pixel lie; the widest in use is 2:1."""

PyAVStream = Any
"""A PyAV stream: what its stubs say of it changes with its type."""


def video_stream(
    stream: PyAVStream,
    look: FirstFrames,
    *,
    start_s: float,
    origin: float,
    bit_rate: int | None,
    tags: ColourTags,
    crop: Crop,
    found: tuple[FrameSample, ...],
    edits: EditList,
) -> VideoStream:
    """Return what a video is. `start_s` counts from `origin`; `found` are frames from all over the source."""
    frame = look.frames[0]
    aspect = _pixel_aspect(stream)
    rotation = _rotation(frame)
    fields = interlacing(found, codec_name(stream))
    whole_width, whole_height = lasting_size(found)
    stored_width, stored_height = whole_width - crop.left - crop.right, whole_height - crop.top - crop.bottom
    if min(stored_width, stored_height, *vars(crop).values()) < 0 or not stored_width * stored_height:  # nonsense
        crop, stored_width, stored_height = Crop(), whole_width, whole_height
    width, height = max(1, round(stored_width * aspect)), stored_height
    if rotation in (90, 270):
        width, height = height, width
    return VideoStream(
        codec=codec_name(stream),
        width=width,
        height=height,
        coded_width=stored_width,
        coded_height=stored_height,
        rotation=rotation,
        sample_aspect_ratio=aspect,
        frame_rate=_frame_rate(stream, look.frames),
        pixel_format=frame.format.name,
        colour_primaries=tags.primaries,
        colour_transfer=tags.transfer,
        colour_space=tags.matrix,
        colour_range=tags.range,
        crop=crop,
        bit_rate=bit_rate,
        start_s=start_s,
        duration_s=stream_duration_s(stream, start_s, origin, edits),
        index=stream.index,
        interlaced=fields.found,
        interlaced_in_part=fields.in_part,
        sizes=sizes(found),
        closed_captions=caption_form(frame_captions(frame) for sample in found for frame in sample.frames),
        bit_depth=max(component.bits for component in frame.format.components),
    )


def codec_name(stream: PyAVStream) -> str:
    """Return the name of a stream's codec, whichever decoder reads it."""
    return str(stream.codec_context.codec.canonical_name)  # av1, not libdav1d


def _pixel_aspect(stream: PyAVStream) -> Fraction:
    aspect = Fraction(stream.sample_aspect_ratio or 1)
    return aspect if ASPECTS[0] <= aspect <= ASPECTS[1] else Fraction(1)


def _rotation(frame: Any) -> int:  # noqa: ANN401  # PyAV's frame
    """Return the degrees of the video's counterclockwise turn (display matrix, ISO/IEC 14496-12, 8.5.2).

    As av_display_rotation_get in libavutil/display.c does; PyAV's own `rotation` is cut to a whole number, 89 for
    89.99.
    """
    data = next((bytes(d) for d in frame.side_data if d.type.name == "DISPLAYMATRIX"), None)
    if data is None:
        return 0
    a, b, _, c, d = struct.unpack_from("=5i", data)
    across, down = math.hypot(a, c), math.hypot(b, d)
    return round(-math.degrees(math.atan2(b / down, a / across))) % 360 if across and down else 0


def _frame_rate(stream: PyAVStream, frames: tuple[Any, ...]) -> Fraction:
    """Return the average frames a second, or the usual rate near it, since averages of few frames wander."""
    average, usual = (_believable(rate) for rate in (stream.average_rate, stream.guessed_rate))
    if average is None:
        return usual or _measured_rate(frames) or Fraction(25)
    if average.denominator in (1, 1001) or usual is None or abs(average - usual) > average * NEAR:
        return average
    return usual


def _measured_rate(frames: tuple[Any, ...]) -> Fraction | None:
    times = sorted(f.pts * f.time_base for f in frames if f.pts is not None)
    if len(times) < 2 or times[-1] <= times[0]:
        return None
    return _believable(((len(times) - 1) / (times[-1] - times[0])).limit_denominator(1001))


def _believable(rate: Fraction | None) -> Fraction | None:
    return Fraction(rate) if rate and FRAME_RATES[0] <= rate <= FRAME_RATES[1] else None


def video_bit_rate(
    stream: PyAVStream, audio: tuple[AudioStream, ...], size_bytes: int, duration_s: float | None
) -> int | None:
    """Return the rate of a video: its own, else what the audio leaves of the file\'s."""
    if stream.codec_context.bit_rate:
        return int(stream.codec_context.bit_rate)
    if not duration_s:
        return None
    rest = size_bytes * 8 / duration_s - sum(a.bit_rate or 0 for a in audio)
    return int(rest) if rest > 0 else None


def audio_stream(stream: PyAVStream, origin: float, edits: EditList) -> AudioStream:
    """Return what an audio track is. Its times count from `origin`."""
    start_s = since(origin, stream)
    return AudioStream(
        codec=stream.codec_context.codec.canonical_name,  # av1, not libdav1d
        channels=stream.codec_context.channels,
        sample_rate_hz=stream.codec_context.sample_rate,
        language=language_tag(stream.metadata.get("language")),
        bit_rate=stream.codec_context.bit_rate or None,
        start_s=start_s,
        duration_s=stream_duration_s(stream, start_s, origin, edits),
        index=stream.index,
        title=stream.metadata.get("title", "").strip(),
        default=bool(stream.disposition & stream.disposition.default),
        layout=stream.codec_context.layout.name,
    )


def subtitle_stream(stream: PyAVStream) -> SubtitleStream:
    """Return what a subtitle track is."""
    codec = None if stream.codec_context is None else stream.codec_context.codec
    marks = stream.disposition
    return SubtitleStream(
        index=stream.index,
        codec="" if codec is None else codec.canonical_name,
        form=SubtitleKind.UNKNOWN if codec is None else SubtitleKind.TEXT if codec.text_sub else SubtitleKind.PICTURES,
        language=language_tag(stream.metadata.get("language")),
        title=stream.metadata.get("title", "").strip(),
        default=bool(marks & marks.default),
        forced=bool(marks & marks.forced) or _forced_by_mp4(stream),
        for_the_deaf=bool(marks & (marks.hearing_impaired | marks.captions)),
    )


def _forced_by_mp4(stream: PyAVStream) -> bool:
    """Whether MP4's timed text says that all of its samples are forced, which ffmpeg does not tell.

    It is the highest bit of the display flags, with which the description begins (QuickTime File Format, subtitle
    sample description).
    """
    context = stream.codec_context
    described = context.extradata if context is not None and context.codec.canonical_name == "mov_text" else None
    return bool(described and described[0] & 0x80)
