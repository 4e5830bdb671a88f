"""The audio of an encode: made from the plan, and cut into segments of its own where it is not muxed."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from pipeline.checkpoints import Checkpoints, Move, key_of
from pipeline.engines.audio_maker import AudioMaker
from pipeline.engines.tasks import audio_plan
from pipeline.job import SegmentType
from pipeline.media.encode.audio_segments import write_segments
from pipeline.media.source.scan import CLOCK_HZ
from pipeline.media.stream_layout import INIT, segment_pattern
from pipeline.model import Plan
from pipeline.phases.encode_work import EncodeWork

PIECES = "audio"
SEGMENTS = "audio_segments"
"""The pieces of an encode that hold its audio, and the segments that were cut from it."""

VERSION = 1
"""Of how audio is made: pieces of another are made again."""


@dataclass(frozen=True, kw_only=True)
class OwnSegments:
    """The segments of an audio rendition that has its own: the moves to their places in `folder`, and how long each
    lasts.
    """

    folder: str
    moves: tuple[Move, ...]
    durations_s: tuple[float, ...]


@dataclass(frozen=True, kw_only=True)
class OwnSegmentsFacts:
    """Where the segments of each audio folder begin, in ticks of 90 kHz."""

    starts: Mapping[str, tuple[int, ...]]


def audio_maker(plan: Plan, work: EncodeWork) -> AudioMaker:
    """Return what makes the audio of a plan among the pieces of an encode."""
    audio = audio_plan(plan)
    extent_s = (audio.start_s, audio.limit_s)
    key = key_of(work.made_with[1], VERSION, [asdict(a) for a in audio.renditions], audio.loudness_lufs, extent_s)
    pieces = Checkpoints(work.checkpoints.root / PIECES)
    return AudioMaker(audio, plan.media, pieces, key=key, cancel=work.context.cancel)


def own_segments(work: EncodeWork, plan: Plan, maker: AudioMaker, boundaries: Sequence[int]) -> list[OwnSegments]:
    """Cut each audio rendition that has segments of its own where the video's begin, in ticks of 90 kHz from its first
    frame.

    Where there is no video, boundaries are the clock's. Raises EncodeError, OutputError.
    """
    if plan.muxed_audio or not plan.audio:
        return []
    length = maker.length.ticks
    boundaries = boundaries or range(0, length, plan.segment_s * CLOCK_HZ)

    def make(folder: Path) -> OwnSegmentsFacts:
        starts = {}
        for number, a in enumerate(plan.audio):
            (folder / a.folder).mkdir(parents=True)
            begins = write_segments(
                maker.files(number), folder / a.folder, plan.segment_type, boundaries, maker.end(a.codec)
            )
            starts[a.folder] = tuple(begins)
        return OwnSegmentsFacts(starts=starts)

    key = key_of(maker.key, length, plan.segment_type.value, list(boundaries))
    starts = work.piece(SEGMENTS, key, OwnSegmentsFacts, make).starts
    return [_own(work, plan, a.folder, starts[a.folder], maker.end(a.codec)) for a in plan.audio]


def _own(work: EncodeWork, plan: Plan, folder: str, starts: Sequence[int], end: int) -> OwnSegments:
    pattern = segment_pattern(plan.segment_type)
    names = [pattern % number for number in range(1, len(starts) + 1)]
    if plan.segment_type is SegmentType.FMP4:
        names.append(INIT)
    moves = tuple(work.move(f"{SEGMENTS}/{folder}/{name}", f"{folder}/{name}") for name in names)
    durations = tuple((b - a) / CLOCK_HZ for a, b in itertools.pairwise([*starts, end]))
    return OwnSegments(folder=folder, moves=moves, durations_s=durations)
