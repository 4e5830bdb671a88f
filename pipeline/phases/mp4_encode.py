"""The MP4's video where no rendition has its size: encoded from the source in chunks, as those of the stream are.

Each chunk is a checkpoint. Knows nothing of the MP4.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from pipeline.engines.encode import NotSeekableError
from pipeline.engines.engine import Engine
from pipeline.files import write_whole
from pipeline.job import SegmentType
from pipeline.media.encode.chunks import Cutting, cut
from pipeline.media.hls import playlists
from pipeline.media.source.packet_scan import scan
from pipeline.media.stream_layout import INIT, PLAYLIST, segment_pattern
from pipeline.model import Plan, Rendition
from pipeline.phases.chunk_pool import ChunkPool
from pipeline.phases.encode_work import EncodeWork
from pipeline.phases.join import segment_durations_s
from pipeline.phases.own_audio import audio_maker
from pipeline.phases.phase import PhaseContext, Progress
from pipeline.phases.video_encode import ChunkFacts, VideoEncode, chunk_piece_name
from pipeline.plan import plan_within_source


def encode_video(
    context: PhaseContext, ffmpeg: Path, engine: Engine, rendition: Rendition, encoder: str, scratch: Path
) -> Path:
    """Encode a rendition of the source without audio; return a playlist of it in `scratch`.

    The segments are checkpoints of the workspace, which the caller removes. Raises EncodeError, SourceError,
    OutputError, Cancelled.
    """
    found = scan(context.plan.media, context.cancel)
    wanted = replace(context.plan, renditions=(rendition,), audio=(), muxed_audio=False, encoder=encoder)
    plan, told = plan_within_source(wanted, found), context.report
    context = replace(
        context,
        plan=plan,
        report=lambda p: told(Progress(fraction=p.fraction, text="Encoding the MP4", kept=p.kept)),
    )
    cores = os.cpu_count() or 1
    cutting = cut(plan, found, cores=cores)
    try:
        made = _encoded(context, ffmpeg, engine, cutting)
    except NotSeekableError:
        cutting = cut(plan, found, cores=cores, whole=True)
        made = _encoded(context, ffmpeg, engine, cutting)
    playlist = scratch / PLAYLIST
    write_whole(playlist, _playlist(plan, cutting, made, os.path.relpath(context.workspace.checkpoints.root, scratch)))
    return playlist


def _encoded(context: PhaseContext, ffmpeg: Path, engine: Engine, cutting: Cutting) -> list[ChunkFacts]:
    """Return what came of each chunk; those that are finished are not encoded again."""
    work = EncodeWork(context, ffmpeg)
    work.checkpoints.keep_only(chunk_piece_name(chunk.number) for chunk in cutting.chunks)
    with ChunkPool(context.cancel) as pool:
        return VideoEncode(work, audio_maker(context.plan, work), pool, engine).encode(context.plan, cutting)


def _playlist(plan: Plan, cutting: Cutting, made: Sequence[ChunkFacts], pieces: str) -> str:
    """Return a playlist of the segments of all chunks, where they lie below `pieces`."""
    (rendition,) = plan.renditions
    pattern, root = segment_pattern(plan.segment_type), Path(pieces).as_posix()
    starts = [start for chunk in made for start in chunk.starts[rendition.name]]
    names = [
        f"{root}/{chunk_piece_name(number)}/{rendition.name}/{pattern % i}"
        for number, chunk in enumerate(made)
        for i in range(1, len(chunk.starts[rendition.name]) + 1)
    ]
    init = f"{root}/{chunk_piece_name(0)}/{rendition.name}/{INIT}"
    return playlists.media_playlist(
        segment_durations_s(starts, (made[-1].last or 0) + cutting.last_frame),
        names,
        version=playlists.version_of(plan.segment_type),
        map_uri=init if plan.segment_type is SegmentType.FMP4 else None,
    )
