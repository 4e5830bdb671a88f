"""Reads what a source is: container, picture, sound, and where it really ends.

Decodes a few frames, so a file that can't be decoded is found here.
"""

from __future__ import annotations

import contextlib
import math
import struct
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

from pipeline.errors import SourceError
from pipeline.media.closed_captions import frame_captions
from pipeline.media.colour_tags import ColourTags, colour_tags, declared_tags
from pipeline.media.container_crop import container_crop
from pipeline.media.container_marks import ContainerMarks, container_marks
from pipeline.media.container_parts import box_kinds
from pipeline.media.edit_lists import EditList, edit_list
from pipeline.media.interlacing import frames_needed, interlacing
from pipeline.media.language_tags import language_tag
from pipeline.media.other_files import HEAD_BYTES, mistaken_for, why_unreadable
from pipeline.media.readable_end import MATROSKA, ReadableEnd, SourceFile, readable_end
from pipeline.media.samples import Sample, lasting_size, samples, sizes
from pipeline.media.source_checks import WAIT, check_file, check_unchanged, is_unfinished
from pipeline.media.track_choice import ChosenTracks, choose_tracks
from pipeline.media.treatment import DAMAGED_S
from pipeline.model import AudioStream, Chapter, Crop, MediaInfo, SubtitleForm, SubtitleStream, TrackChoice, VideoStream

STILL_BRANDS = ("avif", "heic", "heix", "heim", "heis", "mif1")
"""Major brands of files that hold a still image in MPEG-4's container (ISO/IEC 23008-12)."""

PROPER_ONLY = (5, 10)
"""Profiles of Dolby Vision whose picture may be in a colour space of Dolby's own (IPT-PQ-c2), where no other one is declared."""

LOOPS = ("gif", "apng")
"""Containers that hold a still image as often as a film."""

ESTIMATED = ("mp3", "aac", "ac3", "eac3", "dts", "truehd", "amr")
"""Bare streams of sound: what ffmpeg says of their length is reckoned from size and bit rate."""

FRAMES = 3
"""How many frames are looked at: one that is marked wrong must not decide."""

LOOK_BYTES = 32 << 20
"""How much of a picture or sound is read in search of something that can be decoded."""

FRAME_RATES = (Fraction(1, 3600), Fraction(300))
"""Where believable frame rates lie: an hour a slide, and the fastest cameras. 1,000 and 90,000 are clocks' rates."""

CLOSE_S = 0.1
"""By so much a track may be said to end after its file, which rounds."""

NEAR = Fraction(1, 20)
"""How near an average must lie to the usual rate to be taken for it."""

ASPECTS = (Fraction(1, 8), Fraction(8))
"""Where believable shapes of a pixel lie; the widest in use is 2:1."""

Stream = Any
"""A PyAV stream: what its stubs say of it changes with its type."""


def probe(path: Path, choice: TrackChoice = TrackChoice()) -> MediaInfo:  # noqa: B008  # frozen
    """Read a source's properties.

    Raises SourceError with a sentence for the editor, SettingsError where tracks are chosen that it does not have.
    """
    identity = check_file(path)
    mistake = mistaken_for(_head(path))
    if mistake is not None:
        raise SourceError(f"{path} {mistake}")
    import av  # takes a while to load, and the window starts without it
    import av.error

    try:
        with SourceFile(path) as file, av.open(file, metadata_errors="replace") as container:
            media = replace(_media_info(path, file, container, choice), identity=identity)
    except (av.error.FFmpegError, OSError, ValueError) as error:
        if is_unfinished(path):
            raise SourceError(f"{path} is not downloaded whole yet: {WAIT}") from error
        raise SourceError(f"{path} {why_unreadable(_head(path), box_kinds(path))}") from error
    check_unchanged(media)
    return media


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(HEAD_BYTES)


def _media_info(path: Path, file: SourceFile, container: Any, choice: TrackChoice) -> MediaInfo:  # noqa: ANN401  # PyAV's container
    name = container.format.name
    marks = container_marks(path, name)
    if marks.protected:
        raise SourceError(f"{path} is protected (DRM) and can't be decoded: choose a copy without protection.")
    if marks.dolby_vision is not None and not marks.dolby_vision.base and marks.dolby_vision.profile in PROPER_ONLY:
        raise SourceError(
            f"{path} is Dolby Vision profile {marks.dolby_vision.profile}, whose colours only Dolby's own players can show: "
            "export it as HDR10, HLG or SDR, or as Dolby Vision profile 8."
        )
    if name == "webp_pipe" and _is_animated(path):
        raise SourceError(f"{path} is an animated WebP, which can't be decoded here: save it as MP4 or GIF.")
    if name == "image2" or name.endswith("_pipe") or container.metadata.get("major_brand") in STILL_BRANDS:
        raise SourceError(f"{path} is a picture, not a video: choose a video file.")
    tracks = choose_tracks(path, container, choice)
    picture, sounds = tracks.picture, tracks.sounds
    if picture is None and not sounds and tracks.undecodable:
        raise SourceError(f"The sound of {path} ({_kinds(marks, tracks)[0]}) can't be decoded: export it with another kind of sound.")
    if picture is None and not sounds:
        elsewhere = b"rmra" in box_kinds(path)
        told = why_unreadable(b"", (b"rmra",)) if elsewhere else "has no picture and no sound: choose a video file."
        raise SourceError(f"{path} {told}")
    declared = None if picture is None else declared_tags(picture.codec_context)
    look = _look(container, picture or sounds[0])
    if not look.frames:
        what = "sound" if picture is None else "picture"
        raise SourceError(f"{path} holds no {what} that can be decoded: the file is broken or not finished.")
    if name in LOOPS and look.whole and len(look.frames) == 1:
        raise SourceError(f"{path} is a picture, not a video: choose a video file.")

    found = () if picture is None else samples(container, file, picture, look.frames, frames_needed(_codec(picture)))
    starts = [*([] if picture is None else [_picture_start_s(picture, look)]), *(_stream_start_s(s) for s in sounds)]
    origin = min((s for s in starts if s is not None), default=0.0)
    streams = [*([] if picture is None else [picture]), *sounds]
    edits = {s.index: edit_list(path, container, s) for s in streams}
    declared_s = _declared_s(path, container)
    end = readable_end(
        container,
        file,
        streams,
        start_s=origin,
        declared_end_s=None if declared_s is None else origin + declared_s,
        first_position=look.position,
    )
    readable_s = None if end is None else end.picture_and_sound_s - origin
    duration_s = declared_s if end is None else _believed_s(name, declared_s, end, origin)
    size_bytes = path.stat().st_size
    audio = tuple(_audio(s, origin, edits[s.index]) for s in sounds)
    video = None
    if picture is not None and declared is not None:
        tags, crop = colour_tags(look.frames[0], declared), container_crop(path, container, picture)
        bit_rate = _video_bit_rate(picture, audio, size_bytes, readable_s or duration_s)
        start_s = 0.0 if starts[0] is None else starts[0] - origin
        video = _video(
            picture, look, start_s=start_s, origin=origin, bit_rate=bit_rate, tags=tags, crop=crop, found=found, edits=edits[picture.index]
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
        subtitles=tuple(_subtitles(s) for s in container.streams.subtitles if tracks.has(s)),
        programmes=tracks.programmes,
        programme=None if tracks.programme is None else tracks.programme.number,
        pictures=tuple(f"{s.width}×{s.height}" for s in tracks.pictures),
        picture=tracks.pictures.index(picture) if picture is not None else 0,
        undecodable_sounds=_kinds(marks, tracks),
    )


def _kinds(marks: ContainerMarks, tracks: ChosenTracks) -> tuple[str, ...]:
    """Name the sounds that nothing here can decode."""
    return (*marks.sounds, *(["an unknown kind"] * tracks.undecodable))[: tracks.undecodable]


def _is_animated(path: Path) -> bool:
    """Whether a WebP file has frames: bit 2 of the flags in its extended header (RFC 9649, 2.7)."""
    with path.open("rb") as file:
        head = file.read(21)
    return head[12:16] == b"VP8X" and bool(head[20] & 2)


def _chapters(container: Any, origin: float) -> Iterator[Chapter]:  # noqa: ANN401  # PyAV's container
    for chapter in container.chapters():
        start_s = float(chapter["start"] * chapter["time_base"]) - origin
        yield Chapter(start_s=start_s, title=chapter["metadata"].get("title", "").strip())


def _subtitles(stream: Stream) -> SubtitleStream:
    codec = None if stream.codec_context is None else stream.codec_context.codec
    marks = stream.disposition
    return SubtitleStream(
        index=stream.index,
        codec="" if codec is None else codec.canonical_name,
        form=SubtitleForm.UNKNOWN if codec is None else SubtitleForm.TEXT if codec.text_sub else SubtitleForm.PICTURES,
        language=language_tag(stream.metadata.get("language")),
        title=stream.metadata.get("title", "").strip(),
        default=bool(marks & marks.default),
        forced=bool(marks & marks.forced) or _forced_by_mp4(stream),
        for_the_deaf=bool(marks & (marks.hearing_impaired | marks.captions)),
    )


def _forced_by_mp4(stream: Stream) -> bool:
    """Whether MP4's timed text says that all of its samples are forced, which ffmpeg does not tell.

    It is the highest bit of the display flags, with which the description begins (QuickTime File Format, subtitle sample description).
    """
    context = stream.codec_context
    described = context.extradata if context is not None and context.codec.canonical_name == "mov_text" else None
    return bool(described and described[0] & 0x80)


@dataclass(frozen=True, kw_only=True)
class _Look:
    """The first frames of a stream; where in the file its first packet lies, whether decoding can begin with that one,
    and whether the stream has no more frames than these.
    """

    frames: tuple[Any, ...]
    position: int | None
    starts_whole: bool
    whole: bool


def _look(container: Any, stream: Stream) -> _Look:  # noqa: ANN401  # PyAV's container
    import av.error

    frames: list[Any] = []
    first: Any = None
    read_bytes = 0
    whole = True
    for packet in _until_broken(container.demux(stream)):
        first = first or packet
        read_bytes += packet.size
        with contextlib.suppress(av.error.FFmpegError):  # damaged at the beginning: what comes later may be whole
            frames += packet.decode()
        if len(frames) >= FRAMES or (read_bytes > LOOK_BYTES and packet.size):
            whole = False
            break
    starts_whole = first is None or bool(first.is_keyframe)
    return _Look(frames=tuple(frames[:FRAMES]), position=None if first is None else first.pos, starts_whole=starts_whole, whole=whole)


def _until_broken(packets: Iterator[Any]) -> Iterator[Any]:
    import av.error

    with contextlib.suppress(av.error.FFmpegError):
        yield from packets


def _picture_start_s(stream: Stream, look: _Look) -> float | None:
    """Return the container's time of the first frame. What comes before a stream's first keyframe is never seen."""
    frame = look.frames[0]
    if not look.starts_whole and frame.pts is not None:
        return float(frame.pts * frame.time_base)
    return _stream_start_s(stream)


def _stream_start_s(stream: Stream) -> float | None:
    return float(stream.start_time * stream.time_base) if stream.start_time is not None else None


def _since(origin: float, stream: Stream) -> float:
    start_s = _stream_start_s(stream)
    return 0.0 if start_s is None else start_s - origin


def _declared_s(path: Path, container: Any) -> float | None:  # noqa: ANN401  # PyAV's container
    """Return how long the file says that it is, None where it does not."""
    if container.format.name == "avi" and (avi_s := _declared_by_avi_s(path)):
        return avi_s
    return container.duration / 1e6 if container.duration and container.duration > 0 else None


def _declared_by_avi_s(path: Path) -> float | None:
    """Return the length in the header of an AVI file that is shorter than it says, None for one that is whole.

    ffmpeg reckons the length of such a file from its size (avi_read_header in libavformat/avidec.c). The main header
    (Microsoft's AVI RIFF File Reference, AVIMAINHEADER) follows RIFF, its size, AVI, LIST, its size, hdrl, avih, its size.
    """
    with path.open("rb") as file:
        header = file.read(52)
    if len(header) < 52 or header[24:28] != b"avih":
        return None
    riff_bytes, frame_us, frames = (struct.unpack_from("<I", header, at)[0] for at in (4, 32, 48))
    return float(frame_us * frames / 1e6) or None if riff_bytes + 8 > path.stat().st_size else None


def _believed_s(container: str, declared_s: float | None, end: ReadableEnd, origin: float) -> float | None:
    """Return the declared duration, or where the file ends if that is the better word."""
    readable_s = end.picture_and_sound_s - origin
    if container in ESTIMATED:
        return readable_s
    if container != MATROSKA or declared_s is None:
        return declared_s
    # a Matroska file has one duration for all: where something reaches its end, but neither picture nor sound, it is not theirs
    last_s = declared_s - DAMAGED_S
    return readable_s if readable_s < last_s < end.anything_s - origin else declared_s


def _video(
    stream: Stream,
    look: _Look,
    *,
    start_s: float,
    origin: float,
    bit_rate: int | None,
    tags: ColourTags,
    crop: Crop,
    found: tuple[Sample, ...],
    edits: EditList,
) -> VideoStream:
    frame = look.frames[0]
    aspect = _pixel_aspect(stream)
    rotation = _rotation(frame)
    fields = interlacing(found, _codec(stream))
    whole_width, whole_height = lasting_size(found)
    stored_width, stored_height = whole_width - crop.left - crop.right, whole_height - crop.top - crop.bottom
    if min(stored_width, stored_height, *vars(crop).values()) < 0 or not stored_width * stored_height:  # nonsense
        crop, stored_width, stored_height = Crop(), whole_width, whole_height
    width, height = max(1, round(stored_width * aspect)), stored_height
    if rotation in (90, 270):
        width, height = height, width
    return VideoStream(
        codec=_codec(stream),
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
        duration_s=_duration_s(stream, start_s, origin, edits),
        index=stream.index,
        interlaced=fields.found,
        interlaced_in_part=fields.in_part,
        sizes=sizes(found),
        closed_captions=any(frame_captions(f) for f in look.frames),
        bit_depth=max(component.bits for component in frame.format.components),
    )


def _codec(stream: Stream) -> str:
    return str(stream.codec_context.codec.canonical_name)  # av1, not libdav1d


def _pixel_aspect(stream: Stream) -> Fraction:
    aspect = Fraction(stream.sample_aspect_ratio or 1)
    return aspect if ASPECTS[0] <= aspect <= ASPECTS[1] else Fraction(1)


def _rotation(frame: Any) -> int:  # noqa: ANN401  # PyAV's frame
    """Return by how many degrees the picture is turned counterclockwise, from the display matrix (ISO/IEC 14496-12, 8.5.2).

    As av_display_rotation_get in libavutil/display.c does; PyAV's own `rotation` is cut to a whole number, 89 for 89.99.
    """
    data = next((bytes(d) for d in frame.side_data if d.type.name == "DISPLAYMATRIX"), None)
    if data is None:
        return 0
    a, b, _, c, d = struct.unpack_from("=5i", data)
    across, down = math.hypot(a, c), math.hypot(b, d)
    return round(-math.degrees(math.atan2(b / down, a / across))) % 360 if across and down else 0


def _frame_rate(stream: Stream, frames: tuple[Any, ...]) -> Fraction:
    """Return frames a second on average; the usual rate where the average is near it, since averages of few frames wander."""
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


def _audio(stream: Stream, origin: float, edits: EditList) -> AudioStream:
    start_s = _since(origin, stream)
    return AudioStream(
        codec=stream.codec_context.codec.canonical_name,  # av1, not libdav1d
        channels=stream.codec_context.channels,
        sample_rate_hz=stream.codec_context.sample_rate,
        language=language_tag(stream.metadata.get("language")),
        bit_rate=stream.codec_context.bit_rate or None,
        start_s=start_s,
        duration_s=_duration_s(stream, start_s, origin, edits),
        index=stream.index,
        title=stream.metadata.get("title", "").strip(),
        default=bool(stream.disposition & stream.disposition.default),
        layout=stream.codec_context.layout.name,
    )


def _duration_s(stream: Stream, start_s: float, origin: float, edits: EditList) -> float | None:
    if stream.duration is not None and stream.duration > 0:
        skipped_s = start_s - _since(origin, stream)  # what comes before the first keyframe
        duration_s = float(stream.duration * stream.time_base)
        return max(0.0, duration_s - skipped_s if edits.shown_s is None else min(duration_s - skipped_s, edits.shown_s))
    # Matroska has no duration a stream, but mkvmerge and ffmpeg write a tag: 00:01:02.345000000
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


def _video_bit_rate(stream: Stream, audio: tuple[AudioStream, ...], size_bytes: int, duration_s: float | None) -> int | None:
    if stream.codec_context.bit_rate:
        return int(stream.codec_context.bit_rate)
    if not duration_s:
        return None
    rest = size_bytes * 8 / duration_s - sum(a.bit_rate or 0 for a in audio)
    return int(rest) if rest > 0 else None
