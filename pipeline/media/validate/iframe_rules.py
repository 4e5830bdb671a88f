"""Rules about I-frame playlists: each byte range holds exactly one I-frame, and durations lead from one to the next."""

from __future__ import annotations

import itertools
import struct
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.media.validate.boxes import FrameSpan, samples, tracks
from pipeline.media.validate.containers import Container, container_of, has_tables
from pipeline.media.validate.findings import RuleNotes
from pipeline.media.validate.measured import READ_BYTES, SegmentRun, VideoFacts, read_contents
from pipeline.media.validate.segment_bytes import Chain, SegmentBytes
from pipeline.media.validate.segments import HEAD_BYTES, Source, Stream, initialization
from pipeline.media.validate.video import starts_clean

RULE = "RFC 8216 4.3.3.6"
ROUNDING_S = 0.001


@dataclass(frozen=True, kw_only=True)
class Frame:
    """An I-frame that a byte range was found to hold, and when it is shown, in seconds."""

    number: int
    time_s: float


def check_iframes(
    stream: Stream,
    files: Sequence[SegmentBytes | None],
    keyframes: Mapping[tuple[Path, int], int],
    frame_s: float,
    source: Source,
) -> VideoFacts | None:
    """Check an I-frame playlist's ranges and durations; return what its frames are, None where that can't be told.

    `keyframes` are those of the variants' own segments: a range that begins at one must hold all of it.
    `frame_s` is how long a usual frame of the variants lasts.
    """
    if any(segment.key is not None for segment in stream.playlist.segments):
        stream.encrypted = True
        return None
    ranges = [(number, piece) for number, piece in enumerate(files) if piece is not None]
    if not ranges:
        return None
    declared = stream.playlist.segments[ranges[0][0]].init
    init = initialization(declared, stream, source) if declared is not None else None
    try:
        kind = container_of(ranges[0][1].read(0, 2 * 188))
        if kind is Container.TS:
            frames, video = _transport_stream(stream, ranges, init, keyframes, source)
        elif kind is Container.FMP4:
            frames, video = _fragments(stream, ranges, init, source)
        else:
            source.notes.not_ideal(
                RULE, stream.file, "The byte ranges hold neither transport stream packets nor fragments."
            )
            return None
    except OSError as error:
        source.notes.not_ideal(RULE, stream.file, f"The byte ranges can't be read ({error.strerror}).")
        return None
    _check_durations(stream, frames, frame_s, source.notes)
    return video


def _transport_stream(
    stream: Stream,
    ranges: Sequence[tuple[int, SegmentBytes]],
    init: SegmentBytes | None,
    keyframes: Mapping[tuple[Path, int], int],
    source: Source,
) -> tuple[list[Frame], VideoFacts | None]:
    """Demux all ranges as one stream; each must begin exactly one frame, which is an I-frame."""
    import av
    import av.error

    lead = 0 if init is None else 1
    alone = (
        next((number for number, piece in ranges if not has_tables(piece.read(0, HEAD_BYTES))), None)
        if init is None
        else None
    )
    if alone is not None:
        text = (
            f"The byte range in line {stream.playlist.segments[alone].line} needs an EXT-X-MAP with the tables "
            "(PAT and PMT)."
        )
        source.notes.not_ideal(RULE, stream.file, text)
    chain = Chain([*([init] if init else []), *(piece for _, piece in ranges)], lambda _: source.cancel.check())
    counts: Counter[int] = Counter()
    frames: list[Frame] = []
    broken: list[tuple[int, str]] = []
    try:
        with av.open(chain, format="mpegts", buffer_size=READ_BYTES, metadata_errors="replace") as container:
            if not container.streams.video:
                raise ValueError("they hold no frame")
            video = container.streams.video[0]
            for packet in container.demux(video):
                if packet.pts is None or packet.pos is None or packet.pos < 0:
                    continue
                index, offset = chain.piece_at(packet.pos)
                number, piece = ranges[max(0, index - lead)]
                counts[number] += 1
                whole = keyframes.get((piece.path, piece.offset + offset), packet.size)
                if not packet.is_keyframe:
                    broken.append((number, "holds a frame that is not an I-frame"))
                elif packet.size < whole:
                    broken.append((number, f"holds {packet.size} of the I-frame's {whole} bytes"))
                frames.append(Frame(number=number, time_s=packet.pts * float(packet.time_base)))
    except (av.error.FFmpegError, ValueError) as error:
        source.notes.not_ideal(
            RULE, stream.file, f"The byte ranges can't be read: {getattr(error, 'strerror', None) or error}."
        )
        return [], None
    finally:
        chain.close()
    broken += [(number, "contains no frame") for number, _ in ranges if not counts[number]]
    broken += [(number, f"holds {count} frames") for number, count in counts.items() if count > 1]
    _note(stream, broken, source.notes)
    whole_frames = [frame for frame in frames if counts[frame.number] == 1]
    return whole_frames, _video(Container.TS, init, ranges[0][1])


def _fragments(
    stream: Stream, ranges: Sequence[tuple[int, SegmentBytes]], init: SegmentBytes | None, source: Source
) -> tuple[list[Frame], VideoFacts | None]:
    """Read the boxes of each range: it begins with a fragment's head (Apple 6.10) and ends with its first frame."""
    track = (
        next((t for t in tracks(init.read(0, init.size)) if t.handler == b"vide"), None) if init is not None else None
    )
    if track is None or not track.timescale:
        source.notes.not_ideal(
            "Apple 8.20", stream.file, "The I-frames are fragmented MP4, but EXT-X-MAP names no initialization section."
        )
        return [], None
    video = _video(Container.FMP4, init, ranges[0][1])
    broken: list[tuple[int, str]] = []
    frames: list[Frame] = []
    for number, piece in ranges:
        source.cancel.check()
        data = piece.read(0, piece.size)
        try:
            spans = samples(data, track.number)
        except (IndexError, struct.error):
            spans = []
        fault = _fragment_fault(data, spans, video)
        if fault:
            broken.append((number, fault))
        else:
            frames.append(Frame(number=number, time_s=spans[0].time / track.timescale))
    _note(stream, broken, source.notes)
    return frames, video


def _fragment_fault(data: bytes, spans: Sequence[FrameSpan], video: VideoFacts | None) -> str:
    if not spans:
        return "does not begin with a fragment's head (moof) that lists a frame"
    first = spans[0]
    if first.end > len(data):
        return f"holds {max(0, len(data) - first.start)} of the I-frame's {first.end - first.start} bytes"
    if len(spans) > 1 and len(data) > first.end:
        return "reaches beyond its I-frame into the next frame"
    if video is None or video.header is None:
        return ""
    clean = starts_clean(video.header.codec, video.extradata, data[first.start : first.end])
    return "" if clean else "holds a frame that is not an I-frame"


def _video(container: Container, init: SegmentBytes | None, piece: SegmentBytes) -> VideoFacts | None:
    contents = read_contents(container, [SegmentRun(init=init, numbers=[0], pieces=[piece])], 1, lambda _: None)
    video = contents.video
    # cut short, a range may show that there is a frame and nothing of what it is
    return video if video is not None and video.width and video.pixel_format else None


def _check_durations(stream: Stream, frames: Sequence[Frame], frame_s: float, notes: RuleNotes) -> None:
    """Each EXTINF lasts until the next I-frame (4.3.3.6)."""
    for one, two in itertools.pairwise(frames):
        declared = stream.playlist.durations_s[one.number]
        real = two.time_s - one.time_s
        if two.number == one.number + 1 and abs(real - declared) > frame_s + ROUNDING_S:
            line = stream.playlist.segments[one.number].line
            text = f"EXTINF of the I-frame in line {line} says {declared:.3f} s, but the next one is {real:.3f} s on."
            notes.not_ideal(RULE, stream.file, text)  # seeking shows a frame slightly beside the place
            return


def _note(stream: Stream, broken: Sequence[tuple[int, str]], notes: RuleNotes) -> None:
    if broken:
        number, fault = min(broken)
        more = len({number for number, _ in broken}) - 1
        others = f" (and {more} more)" if more else ""
        line = stream.playlist.segments[number].line
        notes.not_ideal(
            RULE, stream.file, f"The byte range in line {line} {fault}{others}; it must hold exactly one I-frame."
        )
