"""Joins an encode's finished pieces: files are moved and numbered into the stream's folders, not rewritten."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pipeline.checkpoints import Move
from pipeline.codec import from_json, to_json
from pipeline.engines.audio_maker import AudioMaker
from pipeline.errors import CodecError
from pipeline.facts import HlsFacts, present_names
from pipeline.job import SegmentType
from pipeline.media.hls.iframes import TIMESTAMP_WRAP
from pipeline.media.source.scan import CLOCK_HZ
from pipeline.media.stream_layout import INIT, segment_pattern
from pipeline.model import Plan
from pipeline.phases.encode_work import EncodeWork
from pipeline.phases.own_audio import own_segments

DURATIONS = "durations_s"


@dataclass(frozen=True, kw_only=True)
class RenditionPart:
    """A piece that holds a part of a rendition: its name, when its segments begin, and how long after the last begin
    the last frame is shown, if the stream ends with it.
    """

    name: str
    starts: Sequence[int]
    last: int | None


@dataclass(frozen=True, kw_only=True)
class Joined:
    """What was encoded and joined: its facts, and how long the segments of each folder last."""

    encoded: HlsFacts
    durations_s: Mapping[str, tuple[float, ...]]

    @property
    def stored(self) -> dict[str, object]:
        """This as JSON: the durations beside the facts."""
        return {**to_json(self.encoded), DURATIONS: dict(self.durations_s)}


def read_joined(stored: Mapping[str, object]) -> Joined | None:
    """Return what `Joined.stored` has made, of this version or one before it; None where it can't be understood."""
    facts = present_names({name: value for name, value in stored.items() if name != DURATIONS})
    try:
        durations = from_json(dict[str, tuple[float, ...]], stored.get(DURATIONS), DURATIONS)
        return Joined(encoded=from_json(HlsFacts, facts, HlsFacts.step), durations_s=durations)
    except CodecError:
        return None


def join_pieces(
    work: EncodeWork,
    plan: Plan,
    audio: AudioMaker,
    made: Mapping[str, Sequence[RenditionPart]],
    encoded: HlsFacts,
    *,
    last_frame: int,
    key: str,
) -> Joined:
    """Move the segments of all pieces into one folder per rendition; return the facts with the segments' durations.

    Args:
        work: of the encode.
        plan: of the stream.
        audio: of the encode; segments of its own are moved too.
        made: the pieces of each rendition, by its name.
        encoded: the facts of the whole.
        last_frame: how long the last frame stands, in ticks of 90 kHz.
        key: what the moves are known by when they have to be gone on with.

    Raises:
        OutputError: a file can't be moved.
    """
    folder = work.context.workspace.folder
    moves: list[Move] = []
    durations: dict[str, tuple[float, ...]] = {}
    boundaries: list[int] = []
    pattern = segment_pattern(plan.segment_type)
    for name, pieces in made.items():
        shutil.rmtree(folder / name, ignore_errors=True)
        starts: list[int] = []
        for piece in pieces:
            for i, start in enumerate(piece.starts, start=1):
                starts.append(start)
                moves.append(work.move(f"{piece.name}/{name}/{pattern % i}", f"{name}/{pattern % len(starts)}"))
        # a last frame that is held until the audio ends is one in what is copied and many in what is encoded
        last = max(parts[-1].last or 0 for parts in made.values())
        # where pauses are filled the last frame was repeated up to the end already
        rest = round(encoded.duration_s * CLOCK_HZ) - (starts[-1] - starts[0]) % TIMESTAMP_WRAP
        durations[name] = tuple(segment_durations_s(starts, min(last + last_frame, max(1, rest))))
        boundaries = boundaries or [(start - starts[0]) % TIMESTAMP_WRAP for start in starts]
        if plan.segment_type is SegmentType.FMP4:
            moves.append(work.move(f"{pieces[0].name}/{name}/{INIT}", f"{name}/{INIT}"))
    for own in own_segments(work, plan, audio, boundaries):
        shutil.rmtree(folder / own.folder, ignore_errors=True)
        moves += own.moves
        durations[own.folder] = own.durations_s
    joined = Joined(encoded=encoded, durations_s=durations)
    work.checkpoints.move(key, moves, folder, joined.stored)
    return joined


def segment_durations_s(starts: Sequence[int], last: int) -> list[float]:
    """Return how long segments last that begin at these times, the last one for `last` ticks.

    ffmpeg adds up what it takes for the frames' durations; a player goes by their times.
    """
    return [(b - a) % TIMESTAMP_WRAP / CLOCK_HZ for a, b in itertools.pairwise([*starts, starts[-1] + last])]
