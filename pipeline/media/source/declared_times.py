"""When the streams of a source begin, and how long it and they last by what is declared."""

from __future__ import annotations

import math
import struct
from pathlib import Path
from typing import Any

from pipeline.media.source.edit_lists import EditList
from pipeline.media.source.first_frames import FirstFrames
from pipeline.media.source.readable_end import MATROSKA, ReadableEnd
from pipeline.media.source.source_notes import DAMAGED_S

ESTIMATED = ("mp3", "aac", "ac3", "eac3", "dts", "truehd", "amr")
"""Bare streams of audio: what ffmpeg says of their length is reckoned from size and bit rate."""

CLOSE_S = 0.1
"""How far after its file a track may be declared to end, since files round."""

PyAVStream = Any
"""A PyAV stream: what its stubs say of it changes with its type."""


def video_start_s(stream: PyAVStream, look: FirstFrames) -> float | None:
    """Return the container's time of the first frame. What comes before a stream's first keyframe is never seen."""
    frame = look.frames[0]
    if not look.starts_whole and frame.pts is not None:
        return float(frame.pts * frame.time_base)
    return stream_start_s(stream)


def stream_start_s(stream: PyAVStream) -> float | None:
    """Return the container's time of a stream's beginning, None where it does not say."""
    return float(stream.start_time * stream.time_base) if stream.start_time is not None else None


def since(origin: float, stream: PyAVStream) -> float:
    """Return how long after `origin` a stream begins, in seconds."""
    start_s = stream_start_s(stream)
    return 0.0 if start_s is None else start_s - origin


def declared_length_s(path: Path, container: Any) -> float | None:  # noqa: ANN401  # PyAV's container
    """Return how long the file says that it is, None where it does not."""
    if container.format.name == "avi" and (avi_s := _declared_by_avi_s(path)):
        return avi_s
    return container.duration / 1e6 if container.duration and container.duration > 0 else None


def _declared_by_avi_s(path: Path) -> float | None:
    """Return the length in the header of an AVI file that is shorter than it says, None for one that is whole.

    ffmpeg reckons the length of such a file from its size (avi_read_header in libavformat/avidec.c). The main header
    (Microsoft's AVI RIFF File Reference, AVIMAINHEADER) follows RIFF, its size, AVI, LIST, its size, hdrl, avih, its
    size.
    """
    with path.open("rb") as file:
        header = file.read(52)
    if len(header) < 52 or header[24:28] != b"avih":
        return None
    riff_bytes, frame_us, frames = (struct.unpack_from("<I", header, at)[0] for at in (4, 32, 48))
    return float(frame_us * frames / 1e6) or None if riff_bytes + 8 > path.stat().st_size else None


def believed_length_s(container: str, declared_s: float | None, end: ReadableEnd, origin: float) -> float | None:
    """Return the declared duration, or where the file ends if that is the better word."""
    readable_s = end.video_and_audio_s - origin
    if container in ESTIMATED:
        return readable_s
    if container != MATROSKA or declared_s is None:
        return declared_s
    # a Matroska file has one duration for all: where something reaches its end, but neither video nor audio, it is
    # not theirs
    last_s = declared_s - DAMAGED_S
    return readable_s if readable_s < last_s < end.anything_s - origin else declared_s


def stream_duration_s(stream: PyAVStream, start_s: float, origin: float, edits: EditList) -> float | None:
    """Return a stream's length from `start_s` on (which counts from `origin`) by its container, else None."""
    if stream.duration is not None and stream.duration > 0:
        skipped_s = start_s - since(origin, stream)  # what comes before the first keyframe
        duration_s = float(stream.duration * stream.time_base)
        return max(0.0, duration_s - skipped_s if edits.shown_s is None else min(duration_s - skipped_s, edits.shown_s))
    # Matroska has no duration for each stream, but mkvmerge and ffmpeg write a tag: 00:01:02.345000000
    parts = stream.metadata.get("DURATION", "").split(":")
    try:
        hours, minutes, seconds = (float(part) for part in parts)
    except ValueError:
        return None
    tagged_s = hours * 3600 + minutes * 60 + seconds
    # ffmpeg writes when the track ends, mkvmerge how long it is; a copy made by ffmpeg keeps mkvmerge's other tags
    whole_s = stream.container.duration / 1e6 if stream.container.duration else math.inf
    if "_STATISTICS_WRITING_APP" not in stream.metadata or start_s + tagged_s > whole_s + CLOSE_S:
        tagged_s -= start_s
    return tagged_s if tagged_s > 0 else None
