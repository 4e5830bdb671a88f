"""Copies the source's own video into segments, and checks whether players can use the result."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pipeline.cancel import CancelToken
from pipeline.engines.audio_maker import AudioMaker
from pipeline.files import write_whole
from pipeline.job import SegmentType
from pipeline.media.encode.arguments import copy_arguments
from pipeline.media.encode.audio_coding import AUDIO_FILE
from pipeline.media.encode.chunks import Cutting
from pipeline.media.encode.copying import PEAK, NotCopyableError
from pipeline.media.hls import measure, playlists
from pipeline.media.hls.fragments import separate_init
from pipeline.media.hls.iframes import find_iframes, first_time
from pipeline.media.hls.playlists import IFrameStream
from pipeline.media.source.scan import EARLY_TICKS, Scan
from pipeline.media.stream_layout import IFRAME_PLAYLIST, INIT, MASTER, PLAYLIST, segment_pattern
from pipeline.media.validate import validate
from pipeline.model import Plan, Rendition
from pipeline.phases.encode_work import EncodeWork
from pipeline.phases.join import RenditionPart, segment_durations_s

COPY = "copy"
"""The name of the piece that holds it."""


@dataclass(frozen=True, kw_only=True)
class CopyFacts:
    """The copied video: `starts` and `last` as of a chunk, of the only rendition; or why it can't be used."""

    starts: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    last: int | None = None
    reason: str | None = None


def copy_video(
    work: EncodeWork, audio: AudioMaker, plan: Plan, scan: Scan, cutting: Cutting, boundaries: Sequence[int]
) -> RenditionPart:
    """Copy the source's video into segments of the largest rendition; return the piece that holds them.

    The segments begin at `boundaries`. Raises NotCopyableError too.
    """
    top, kind = plan.renditions[0], plan.segment_type
    file = AUDIO_FILE if plan.muxed_audio else None
    arguments = copy_arguments(plan, cutting, top, file)
    last = cutting.length - boundaries[-1] - cutting.last_frame

    def make(folder: Path) -> CopyFacts:
        (folder / top.name).mkdir()
        if file is not None:
            audio.stretch(0, None, folder / file, work.context.cancel)
        run = work.run(arguments, folder, work.reporter("Copying the video", cutting.length))
        (folder / AUDIO_FILE).unlink(missing_ok=True)
        try:
            if run.error_lines or run.frames != len(scan.frames):
                raise NotCopyableError("not all of its frames can be copied")
            if kind is SegmentType.FMP4:
                separate_init(folder / top.name / INIT, folder / top.name / (segment_pattern(kind) % 1))
            starts = join_copied(folder, top.name, kind, boundaries)
            durations_s = segment_durations_s(starts, last + cutting.last_frame)
            check_copied(folder, top, kind, durations_s, work.context.cancel)
        except NotCopyableError as error:
            shutil.rmtree(folder / top.name)
            return CopyFacts(reason=str(error))
        return CopyFacts(starts={top.name: tuple(starts)}, last=last)

    copied = work.piece(COPY, work.key(arguments, audio.key, boundaries), CopyFacts, make)
    if copied.reason is not None:
        raise NotCopyableError(copied.reason)
    return RenditionPart(name=COPY, starts=copied.starts[top.name], last=copied.last)


def join_copied(folder: Path, name: str, segment_type: SegmentType, boundaries: Sequence[int]) -> list[int]:
    """Join the pieces of a copied rendition, one a keyframe, to the segments that begin at `boundaries`.

    A segment of either kind may hold several pieces one after the other as they are. Returns when each segment's first
    frame is shown, in ticks of the stream's clock. Raises NotCopyableError when the pieces do not begin where they
    should.
    """
    pieces = [folder / name / piece.uri for piece in measure.check_segments(folder, name)]
    begins = [first_time(piece, segment_type) for piece in pieces]
    starts: list[int] = []
    for piece, begin in zip(pieces, begins, strict=True):
        if len(starts) < len(boundaries) and begin - begins[0] >= boundaries[len(starts)] - EARLY_TICKS:
            starts.append(begin)
            piece.replace(_segment(folder, name, segment_type, len(starts)))
        else:
            with _segment(folder, name, segment_type, len(starts)).open("ab") as segment:
                segment.write(piece.read_bytes())
            piece.unlink()
    if not same_times(starts, boundaries):
        raise NotCopyableError("its keyframes are not where the file says")
    return starts


def same_times(some: Sequence[int], others: Sequence[int]) -> bool:
    """Whether times are as far apart in one stream as in another:
    in fragmented MP4 each counts from where its decoding begins.
    """
    return len(some) == len(others) and all(
        abs((a - some[0]) - (b - others[0])) <= EARLY_TICKS for a, b in zip(some, others, strict=True)
    )


def check_copied(
    folder: Path, top: Rendition, segment_type: SegmentType, durations_s: Sequence[float], cancel: CancelToken
) -> None:
    """Judge the copied rendition like a finished stream of its own.

    Raises NotCopyableError with what is wrong with it.
    """
    fmp4 = segment_type is SegmentType.FMP4
    version = playlists.version_of(segment_type)
    names = [_segment(folder, top.name, segment_type, number).name for number in range(1, len(durations_s) + 1)]
    text = playlists.media_playlist(durations_s, names, version=version, map_uri=INIT if fmp4 else None)
    write_whole(folder / top.name / PLAYLIST, text)
    measured = measure.measure(folder, top.name)
    if measured.peak_bit_rate > PEAK * top.bit_rate:
        raise NotCopyableError(f"its peaks of {measured.peak_bit_rate / 1e6:.1f} Mb/s are too much for {top.name}")
    iframes = find_iframes(folder, top.name)
    write_whole(folder / top.name / IFRAME_PLAYLIST, playlists.iframe_playlist(iframes, version=version))
    assert measured.video is not None
    stream = IFrameStream(
        uri=f"{top.name}/{IFRAME_PLAYLIST}",
        video=measured.video,
        peak_bit_rate=iframes.peak_bit_rate,
        average_bit_rate=iframes.average_bit_rate,
    )
    write_whole(folder / MASTER, playlists.master_playlist([measured], iframes=[stream]))
    breaking = validate(folder, cancel=cancel).breaking
    if breaking:
        raise NotCopyableError(f"players may not take it ({breaking[0].rule}: {breaking[0].text.rstrip('.')})")


def _segment(folder: Path, name: str, segment_type: SegmentType, number: int) -> Path:
    return folder / name / (segment_pattern(segment_type) % number)
