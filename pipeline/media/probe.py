"""Reads what a source is: container, picture, sound. Decodes one frame, so a file that can't be decoded is found here."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

from pipeline.errors import SourceError
from pipeline.model import AudioStream, MediaInfo, VideoStream

# Names of ITU-T H.273 code points as ffmpeg writes them; the rest is shown by its number.
COLOUR_PRIMARIES = {1: "bt709", 2: "unknown", 5: "bt470bg", 6: "smpte170m", 9: "bt2020", 12: "smpte432"}
COLOUR_TRANSFERS = {1: "bt709", 2: "unknown", 6: "smpte170m", 13: "iec61966-2-1", 14: "bt2020-10", 16: "smpte2084", 18: "arib-std-b67"}
COLOUR_SPACES = {0: "gbr", 1: "bt709", 2: "unknown", 5: "bt470bg", 6: "smpte170m", 9: "bt2020nc"}


def probe(path: Path) -> MediaInfo:
    """Read a source's properties. Raises SourceError with a sentence for the editor."""
    _check_file(path)
    import av  # takes a while to load, and the window starts without it
    import av.error

    try:
        with av.open(str(path.absolute()), metadata_errors="replace") as container:
            if container.format.name == "image2" or container.format.name.endswith("_pipe"):
                raise SourceError(f"{path} is a picture, not a video: choose a video file.")
            video_stream = next((s for s in container.streams.video if not _is_cover(s)), None)
            if video_stream is None:
                raise SourceError(f"{path} has no picture: choose a video file.")
            frame = next(iter(container.decode(video_stream)), None)
            if frame is None:
                raise SourceError(f"{path} holds no picture that can be decoded: the file is broken or not finished.")
            return _media_info(path, container, video_stream, frame)
    except (av.error.FFmpegError, OSError, ValueError) as error:
        raise SourceError(f"{path} can't be read as a video: the file is broken or of a kind that is not supported.") from error


def _check_file(path: Path) -> None:
    try:
        if path.is_dir():
            raise SourceError(f"{path} is a folder: choose a video file.")
        if path.exists() and not path.is_file():
            raise SourceError(f"{path} is not a file: choose a video file.")
        with path.open("rb") as file:
            if not file.read(1):
                raise SourceError(f"{path} is empty: choose a video file.")
    except FileNotFoundError as error:
        raise SourceError(f"{path} was not found: check the name.") from error
    except OSError as error:
        raise SourceError(f"{path} can't be read ({error.strerror}): check the file and its permissions.") from error


def _is_cover(stream: Any) -> bool:  # noqa: ANN401  # PyAV's stubs leave the disposition untyped
    return bool(stream.disposition & stream.disposition.attached_pic)


def _media_info(path: Path, container: Any, stream: Any, frame: Any) -> MediaInfo:  # noqa: ANN401  # PyAV's objects
    starts = [float(s.start_time * s.time_base) for s in container.streams if s.start_time is not None and s.type in ("video", "audio")]
    origin = min(starts, default=0.0)
    duration_s = container.duration / 1e6 if container.duration and container.duration > 0 else None
    size_bytes = path.stat().st_size
    audio = tuple(_audio(s, origin) for s in container.streams.audio)
    aspect = frame_aspect(stream)
    width, height = round(frame.width * aspect), frame.height
    rotation = int(frame.rotation) % 360
    if rotation in (90, 270):
        width, height = height, width
    return MediaInfo(
        path=path,
        size_bytes=size_bytes,
        container=container.format.name,
        duration_s=duration_s,
        audio=audio,
        video=VideoStream(
            codec=stream.codec_context.name,
            width=width,
            height=height,
            coded_width=frame.width,
            coded_height=frame.height,
            rotation=rotation,
            sample_aspect_ratio=aspect,
            frame_rate=stream.average_rate or stream.guessed_rate or Fraction(25),
            pixel_format=stream.codec_context.pix_fmt or "",
            colour_primaries=_name(COLOUR_PRIMARIES, frame.color_primaries),
            colour_transfer=_name(COLOUR_TRANSFERS, frame.color_trc),
            colour_space=_name(COLOUR_SPACES, frame.colorspace),
            bit_rate=_video_bit_rate(stream, audio, size_bytes, duration_s),
            start_s=_start_s(stream, origin),
            duration_s=_duration_s(stream),
            index=stream.index,
        ),
    )


def frame_aspect(stream: Any) -> Fraction:  # noqa: ANN401  # PyAV's stream
    """Return a stream's sample aspect ratio, 1 where it declares none."""
    aspect = stream.sample_aspect_ratio
    return Fraction(aspect) if aspect else Fraction(1)


def _audio(stream: Any, origin: float) -> AudioStream:  # noqa: ANN401  # PyAV's stream
    language = stream.metadata.get("language")
    return AudioStream(
        codec=stream.codec_context.name,
        channels=stream.codec_context.channels,
        sample_rate_hz=stream.codec_context.sample_rate,
        language=None if language in (None, "und") else language,
        bit_rate=stream.codec_context.bit_rate or None,
        start_s=_start_s(stream, origin),
        duration_s=_duration_s(stream),
        index=stream.index,
    )


def _start_s(stream: Any, origin: float) -> float:  # noqa: ANN401  # PyAV's stream
    return float(stream.start_time * stream.time_base) - origin if stream.start_time is not None else 0.0


def _duration_s(stream: Any) -> float | None:  # noqa: ANN401  # PyAV's stream
    if stream.duration is not None and stream.duration > 0:
        return float(stream.duration * stream.time_base)
    # Matroska has no duration a stream, but mkvmerge and ffmpeg write a tag: 00:01:02.345000000
    parts = stream.metadata.get("DURATION", "").split(":")
    try:
        hours, minutes, seconds = (float(part) for part in parts)
    except ValueError:
        return None
    return hours * 3600 + minutes * 60 + seconds


def _video_bit_rate(stream: Any, audio: tuple[AudioStream, ...], size_bytes: int, duration_s: float | None) -> int | None:  # noqa: ANN401
    if stream.codec_context.bit_rate:
        return int(stream.codec_context.bit_rate)
    if not duration_s:
        return None
    rest = size_bytes * 8 / duration_s - sum(a.bit_rate or 0 for a in audio)
    return int(rest) if rest > 0 else None


def _name(names: dict[int, str], code: int) -> str:
    return names.get(int(code), str(int(code)))
