"""What was found in a playlist's segments as JSON and back, so that a check that was cut short can go on from there."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.codec import from_json, to_json
from pipeline.errors import CodecError
from pipeline.media.source.frame_times import FrameRates
from pipeline.media.validate.containers import Container
from pipeline.media.validate.measured import AudioFacts, Contents, SegmentSpans, VideoFacts
from pipeline.media.validate.video import VideoHeader

WHAT = "What was found in the segments"


@dataclass(frozen=True, kw_only=True)
class _KeptVideo:
    """As `VideoFacts`, the extradata as hexadecimal digits."""

    codec_name: str
    header: VideoHeader | None
    extradata: str
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


@dataclass(frozen=True, kw_only=True)
class _Kept:
    """As `Contents`; the files of keyframes relative to the folder."""

    container: Container
    spans: tuple[SegmentSpans | None, ...]
    video: _KeptVideo | None
    audio: AudioFacts | None
    audio_tracks: int
    broken: tuple[tuple[int, str], ...]
    keyframes: dict[str, tuple[tuple[int, int], ...]]


def contents_to_json(contents: Contents, root: Path) -> dict[str, Any] | None:
    """Return contents as what JSON can hold, for a stream in the folder `root`; None where it can't hold them."""
    video = contents.video
    keyframes: dict[str, list[tuple[int, int]]] = {}
    for (path, offset), size in contents.keyframes.items():
        keyframes.setdefault(path.relative_to(root).as_posix(), []).append((offset, size))
    kept = _Kept(
        container=contents.container,
        spans=tuple(contents.spans),
        video=None if video is None else _KeptVideo(**{**vars(video), "extradata": video.extradata.hex()}),
        audio=contents.audio,
        audio_tracks=contents.audio_tracks,
        broken=tuple(contents.broken.items()),
        keyframes={name: tuple(found) for name, found in keyframes.items()},
    )
    try:
        return to_json(kept)
    except ValueError:  # a time that is no number, in a damaged file
        return None


def contents_from_json(data: object, root: Path) -> Contents | None:
    """Return what `contents_to_json` was given, None where it can't be understood."""
    try:
        kept = from_json(_Kept, data, WHAT)
        video = kept.video
        facts = None if video is None else VideoFacts(**{**vars(video), "extradata": bytes.fromhex(video.extradata)})
    except (CodecError, ValueError):
        return None
    return Contents(
        container=kept.container,
        spans=list(kept.spans),
        video=facts,
        audio=kept.audio,
        audio_tracks=kept.audio_tracks,
        broken=dict(kept.broken),
        keyframes={(root / name, offset): size for name, found in kept.keyframes.items() for offset, size in found},
    )
