"""Reads what a source is: container, video, audio, and where it really ends.

Decodes a few frames, so a file that can't be decoded is found here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from pipeline.errors import SourceError
from pipeline.job import TrackChoice
from pipeline.media.source.colour_tags import colour_tags, declared_tags
from pipeline.media.source.container_crop import container_crop
from pipeline.media.source.container_marks import ContainerMarks, container_marks
from pipeline.media.source.container_parts import box_kinds
from pipeline.media.source.declared_times import believed_length_s, declared_length_s, stream_start_s, video_start_s
from pipeline.media.source.edit_lists import edit_list
from pipeline.media.source.first_frames import FirstFrames, first_frames
from pipeline.media.source.interlacing import frames_needed
from pipeline.media.source.non_video_files import HEAD_BYTES, mistaken_for, why_unreadable
from pipeline.media.source.readable_end import SourceFile, readable_end
from pipeline.media.source.sample_frames import FrameSample, sample_frames
from pipeline.media.source.source_checks import WAIT, check_file, check_unchanged, is_unfinished
from pipeline.media.source.source_streams import audio_stream, codec_name, subtitle_stream, video_bit_rate, video_stream
from pipeline.media.source.track_choice import ChosenTracks, choose_tracks
from pipeline.media_info import Chapter, MediaInfo

STILL_BRANDS = ("avif", "heic", "heix", "heim", "heis", "mif1")
"""Major brands of files that hold a still image in MPEG-4's container (ISO/IEC 23008-12)."""

PROPER_ONLY = (5, 10)
"""Profiles of Dolby Vision whose colours may be Dolby's own (IPT-PQ-c2) where none are declared."""

LOOPS = ("gif", "apng")
"""Containers that hold a still image as often as a film."""

PyAVStream = Any
"""A PyAV stream: what its stubs say of it changes with its type."""

PyAVContainer = Any
"""A PyAV container, of which only streams of unknown types are read."""


def probe(
    path: Path,
    choice: TrackChoice = TrackChoice(),  # noqa: B008  # frozen
    open_file: Callable[[Path], SourceFile] = SourceFile,
) -> MediaInfo:
    """Read a source's properties. `open_file` may open one of which not everything is there yet.

    Raises SourceError with a sentence for the editor, SettingsError where tracks are chosen that it does not have.
    """
    identity = check_file(path)
    mistake = mistaken_for(_head(path))
    if mistake is not None:
        raise SourceError(f"{path} {mistake}")
    import av  # takes a while to load, and the window starts without it
    import av.error

    try:
        with open_file(path) as file, av.open(file, metadata_errors="replace") as container:
            media = replace(_media_info(path, file, container, choice), identity=identity)
    except (av.error.FFmpegError, OSError, ValueError) as error:
        if is_unfinished(path):
            raise SourceError(f"{path} is not completely downloaded yet: {WAIT}") from error
        raise SourceError(f"{path} {why_unreadable(_head(path), box_kinds(path))}") from error
    check_unchanged(media)
    return media


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(HEAD_BYTES)


def _media_info(path: Path, file: SourceFile, container: PyAVContainer, choice: TrackChoice) -> MediaInfo:
    name = container.format.name
    marks = container_marks(path, name)
    tracks = _tracks(path, container, marks, choice)
    video_track, audio_tracks = tracks.video, tracks.audio
    declared = None if video_track is None else declared_tags(video_track.codec_context)
    look = _first_frames(path, container, video_track, audio_tracks)
    found: tuple[FrameSample, ...] = ()
    if video_track is not None:
        found = sample_frames(container, file, video_track, look.frames, frames_needed(codec_name(video_track)))
    video_s = None if video_track is None else video_start_s(video_track, look)
    starts = [video_s, *(stream_start_s(s) for s in audio_tracks)]
    origin = min((s for s in starts if s is not None), default=0.0)
    streams = [*([] if video_track is None else [video_track]), *audio_tracks]
    edits = {s.index: edit_list(path, container, s) for s in streams}
    declared_s = declared_length_s(path, container)
    end = readable_end(
        container,
        file,
        streams,
        start_s=origin,
        declared_end_s=None if declared_s is None else origin + declared_s,
        first_position=look.position,
    )
    readable_s = None if end is None else end.video_and_audio_s - origin
    duration_s = declared_s if end is None else believed_length_s(name, declared_s, end, origin)
    size_bytes = path.stat().st_size
    audio = tuple(audio_stream(s, origin, edits[s.index]) for s in audio_tracks)
    video = None
    if video_track is not None and declared is not None:
        video = video_stream(
            video_track,
            look,
            start_s=0.0 if video_s is None else video_s - origin,
            origin=origin,
            bit_rate=video_bit_rate(video_track, audio, size_bytes, readable_s or duration_s),
            tags=colour_tags(look.frames[0], declared),
            crop=container_crop(path, container, video_track),
            found=found,
            edits=edits[video_track.index],
        )
        video = replace(video, dolby_vision=None if marks.dolby_vision is None else marks.dolby_vision.profile)
    return MediaInfo(
        path=path,
        size_bytes=size_bytes,
        container=name,
        duration_s=duration_s,
        video=video,
        audio=audio,
        start_s=origin,
        readable_s=readable_s,
        other_speed=any(edit.other_speed for edit in edits.values()),
        chapters=tuple(_chapters(container, origin)),
        subtitles=tuple(subtitle_stream(s) for s in container.streams.subtitles if tracks.has(s)),
        programmes=tracks.programmes,
        programme=None if tracks.programme is None else tracks.programme.number,
        video_sizes=tuple(f"{s.width}×{s.height}" for s in tracks.videos),
        video_index=tracks.videos.index(video_track) if video_track is not None else 0,
        undecodable_audio=_kinds(marks, tracks),
    )


def _tracks(path: Path, container: PyAVContainer, marks: ContainerMarks, choice: TrackChoice) -> ChosenTracks:
    """Choose what is read. Raises SourceError where there is nothing, SettingsError for tracks that are not there."""
    _refuse_unreadable(path, container, marks)
    tracks = choose_tracks(path, container, choice)
    if tracks.video is None and not tracks.audio:
        raise SourceError(_nothing_to_read(path, marks, tracks))
    return tracks


def _first_frames(
    path: Path,
    container: PyAVContainer,
    video_track: PyAVStream | None,
    audio_tracks: Sequence[PyAVStream],
) -> FirstFrames:
    """Decode the first frames of the video, else of the first audio track. Raises SourceError where there are none."""
    look = first_frames(container, video_track or audio_tracks[0])
    if not look.frames:
        what = "audio" if video_track is None else "video"
        raise SourceError(f"{path} contains no {what} that can be decoded: the file is broken or not finished.")
    if container.format.name in LOOPS and look.whole and len(look.frames) == 1:
        raise SourceError(f"{path} is a picture, not a video: choose a video file.")
    return look


def _refuse_unreadable(path: Path, container: PyAVContainer, marks: ContainerMarks) -> None:
    """Raise SourceError for what is not a video, or can't be decoded whatever its tracks are."""
    name = container.format.name
    if marks.protected:
        raise SourceError(f"{path} is protected (DRM) and can't be decoded: choose a copy without protection.")
    if marks.dolby_vision is not None and not marks.dolby_vision.base and marks.dolby_vision.profile in PROPER_ONLY:
        raise SourceError(
            f"{path} is Dolby Vision profile {marks.dolby_vision.profile}, "
            "whose colours only Dolby's own players can show: "
            "export it as HDR10, HLG or SDR, or as Dolby Vision profile 8."
        )
    if name == "webp_pipe" and _is_animated(path):
        raise SourceError(f"{path} is an animated WebP, which can't be decoded here: save it as MP4 or GIF.")
    if name == "image2" or name.endswith("_pipe") or container.metadata.get("major_brand") in STILL_BRANDS:
        raise SourceError(f"{path} is a picture, not a video: choose a video file.")


def _nothing_to_read(path: Path, marks: ContainerMarks, tracks: ChosenTracks) -> str:
    """Return the sentence for a source without a video and without an audio track that can be decoded."""
    if tracks.undecodable:
        return (
            f"The audio of {path} ({_kinds(marks, tracks)[0]}) can't be decoded: export it with another kind of audio."
        )
    elsewhere = b"rmra" in box_kinds(path)
    told = why_unreadable(b"", (b"rmra",)) if elsewhere else "has no video and no audio: choose a video file."
    return f"{path} {told}"


def _kinds(marks: ContainerMarks, tracks: ChosenTracks) -> tuple[str, ...]:
    """Name the audio tracks that nothing here can decode."""
    return (*marks.audio_kinds, *(["an unknown kind"] * tracks.undecodable))[: tracks.undecodable]


def _is_animated(path: Path) -> bool:
    """Whether a WebP file has frames: bit 2 of the flags in its extended header (RFC 9649, 2.7)."""
    with path.open("rb") as file:
        head = file.read(21)
    return head[12:16] == b"VP8X" and bool(head[20] & 2)


def _chapters(container: PyAVContainer, origin: float) -> Iterator[Chapter]:
    for chapter in container.chapters():
        start_s = float(chapter["start"] * chapter["time_base"]) - origin
        yield Chapter(start_s=start_s, title=chapter["metadata"].get("title", "").strip())
