"""Cuts a long source into chunks that are encoded by themselves and joined without encoding again. Pure.

A chunk begins and ends where segments do, so a finished chunk is a checkpoint: what it made is never made again.
"""

from __future__ import annotations

import bisect
import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from pipeline.media.encode.workload import work_for_s
from pipeline.media.source.frame_rates import MAX_FRAME_RATE, Thinning, thinning
from pipeline.media.source.frame_times import frame_rates
from pipeline.media.source.scan import CLOCK_HZ, EARLY_TICKS, Scan
from pipeline.media.source.source_notes import DAMAGED_S, missing_s
from pipeline.model import Plan

SLOT_S = 2
"""A keyframe at the first frame of every slot of so many seconds: Apple's HLS authoring specification 1.10."""

CHUNK_SEGMENTS = 10
"""How many segments a chunk has at most if nothing speaks for another cut."""

CHUNK_S = 60.0
"""How long a chunk may take, as far as that can be estimated: a kill costs no more."""

LEAST_SEGMENTS = 3
"""How many it has at least where a short source is cut to keep all cores busy."""

MOST_SIDE_BY_SIDE = 8
"""More encodes at once take more memory than an editor's machine can be expected to spare."""

SLACK_SEGMENTS = 3
"""By how many segments a cut may move to a place that costs less decoding."""

LATEST_FIRST_FRAME_S = 0.045
"""A chunk begins only where a frame is shown this soon: the muxer counts segments from a chunk's first frame."""

LONGEST_SEGMENT_S = 6.45
"""A segment may be half a second longer than the target (Apple 7.5), with a little to spare."""

SHORTEST_PAUSE_S = 0.4
"""Where segments would get longer than that, frames are repeated in pauses, this often:
some frame is near each boundary.
"""

LEAST_RATE = 20
"""Frames a second at which a video with pauses is read at least: no frame is shown noticeably early or late."""

LONGEST_OVERHANG = CLOCK_HZ // 10
"""How many ticks longer than the video the audio may be without the last frame being held, at any frame rate."""

SLOW_S = 0.125
"""Beyond this from frame to frame, with two frames of reordering delay, players show the video late."""

LATE_VIDEO_S = 1.0
"""A video that begins later than this after the audio is filled up with its first frame."""


MAX_COPY_RATE = 25
"""How many copies a second are enough for that."""


@dataclass(frozen=True, kw_only=True)
class Chunk:
    """A stretch of the source in ticks of 90 kHz; `end` None is the end of the source.

    `seek_s` is where decoding begins, None for the beginning of the file; `first_frame` is how far after `start` the
    first frame is shown; `frames` how many there are, None where that can't be known before. `segment` is the muxer's
    clock: after each multiple of it the next keyframe begins a segment; None for the plan's own. `keyframes` are where
    keyframes are forced, empty for the first frame of every slot.
    """

    number: int
    start: int
    end: int | None
    seek_s: float | None
    first_frame: int
    frames: int | None
    segment: int | None = None
    keyframes: tuple[int, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Cutting:
    """How the source is cut, and what must be filled in so that every slot has a frame.

    `length` is the length of the stream in ticks: the video, or the longest audio track where that is longer.
    `first_frame` is when the first frame is shown; `copies_before` how many copies of it fill a long time before it;
    `last_frame` how long the last one stands; `frame_ticks` the shortest time between two; `frame_rate` how many a
    second the encoders have to do with, by which all of them are told the same level. `pauses` says that pauses of the
    video must be filled; `held` that the last frame is repeated: it stands until the audio ends, or longer than the
    others, or the frames after it are lost; `thinning` how frames that are too many are left out; `slow` that they come
    so seldom that encoding them in another order would let the stream begin noticeably before its first frame.
    `repeatable` asks for encoders that give the same bytes each time, one thread each:
    chunks side by side fill the cores. A long source in one piece can't afford that.
    Of a part of a source, `entry` is when its first frame is shown in the whole.
    """

    chunks: tuple[Chunk, ...]
    length: int
    first_frame: int
    copies_before: int
    last_frame: int
    frame_ticks: int
    frame_rate: float
    pauses: bool
    held: bool
    thinning: Thinning | None
    slow: bool
    repeatable: bool
    entry: int | None = None

    @property
    def filled_rate(self) -> int:
        """Frames a second at which a video with pauses is read: a multiple of its own, so that no frame is moved."""
        own = max(1, round(CLOCK_HZ / self.frame_ticks))
        return min(MAX_FRAME_RATE, own * math.ceil(LEAST_RATE / own))


def side_by_side(cores: int) -> int:
    """Return how many chunks are encoded at once: one keeps about two cores busy, and one more fills the gaps."""
    return min(MOST_SIDE_BY_SIDE, cores // 2 + 1)


def cut(plan: Plan, scan: Scan, *, cores: int, whole: bool = False, expected: int | None = None) -> Cutting:
    """Return the cuts for a source with a video, on a machine with so many cores.

    `whole` asks for a single chunk whatever the source is; `expected` is how long the video is, in ticks, where the
    scan ends before.
    """
    first = scan.frames[0] if scan.frames else 0
    late = first > LATE_VIDEO_S * CLOCK_HZ
    thinned = thinning(scan.frames, plan.frame_rate_limit)
    if thinned is not None:
        scan = replace(scan, frames=thinned.kept(scan.frames, first if late else 0))
    gap = scan.usual_gap
    audio_end = max(scan.audio_ends.values(), default=0)
    overhang = min(gap, LONGEST_OVERHANG)
    length = audio_end if audio_end - scan.video_end > overhang else scan.video_end
    # of a frame that stands for longer than the others a transport stream doesn't say how long
    last_frame = max(1, scan.video_end - scan.frames[-1]) if scan.frames else 1
    goes_on = length > scan.video_end or last_frame - gap > overhang
    damaged = not scan.orderly or missing_s(plan.media) >= DAMAGED_S
    pauses = _must_be_filled(scan, plan.segment_s)
    timed_anew = (thinned is not None and thinned.least_gap is None) or pauses
    starts = [0]
    lead = EARLY_TICKS + 1 if plan.deinterlace else 0  # a frame's lines are told from those of the frame before
    if not (whole or timed_anew or damaged or first < 0):
        segments = -(-(expected or scan.video_end) // (plan.segment_s * CLOCK_HZ))
        starts = _starts(scan, plan.segment_s, _chunk_segments(plan, segments, cores), lead)
    chunks = _chunks(scan, starts, goes_on=goes_on, lead=lead)
    copies = max(1, round(first / max(scan.shortest_gap, CLOCK_HZ // MAX_COPY_RATE))) if late else 0
    cutting = Cutting(
        chunks=tuple(
            replace(c, frames=None if timed_anew or c.frames is None else c.frames + (0 if c.number else copies))
            for c in chunks
        ),
        length=length,
        first_frame=first,
        copies_before=copies,
        last_frame=last_frame,
        frame_ticks=scan.shortest_gap,
        frame_rate=_fastest(scan),
        pauses=pauses,
        held=goes_on or damaged,
        thinning=thinned,
        slow=gap > SLOW_S * CLOCK_HZ,
        entry=scan.entry,
        repeatable=len(chunks) > 1 or length < 2 * CHUNK_SEGMENTS * plan.segment_s * CLOCK_HZ,
    )
    if thinned is not None and thinned.least_gap is None:
        return replace(cutting, frame_rate=float(thinned.rate))
    if pauses:  # the copies that fill them are taken out again but for a few
        return replace(cutting, frame_rate=min(cutting.filled_rate, max(cutting.frame_rate, 1 / SHORTEST_PAUSE_S)))
    return cutting


def _fastest(scan: Scan) -> float:
    rates = frame_rates(scan.frames, Fraction(1, CLOCK_HZ))
    # rounded as FRAME-RATE is: the first minutes of a steady source have the rate of the whole
    return round(CLOCK_HZ / scan.usual_gap if rates is None else rates.fastest, 3)


def first_chunks(plan: Plan, scan: Scan, *, cores: int) -> Cutting | None:
    """Return the chunks that can be begun with before a source was read through, None where nothing can be said yet.

    `scan` is what was found up to its `video_end`, and nothing of what comes after it. The chunks are those with
    which `cut` begins for the whole source, unless something is found later that changes everything: a pause, damage,
    times that jump.
    """
    length = round((plan.media.duration_s or 0.0) * CLOCK_HZ)
    segments = -(-length // (plan.segment_s * CLOCK_HZ))
    if scan.jumps or not scan.frames or _chunk_segments(plan, segments, cores) != _most_segments(plan, cores):
        return None  # a short source is cut by its length, which is known when it was read
    cutting = cut(plan, scan, cores=cores, expected=length)
    # where a cut lies depends on what is found up to twice the slack after it
    known = scan.video_end - (2 * _slack(_most_segments(plan, cores)) + 1) * plan.segment_s * CLOCK_HZ
    chunks = tuple(chunk for chunk in cutting.chunks if chunk.end is not None and chunk.end <= known)
    return replace(cutting, chunks=chunks, length=length, held=False, repeatable=True) if chunks else None


def cut_at(plan: Plan, cutting: Cutting, scan: Scan, boundaries: Sequence[int], *, cores: int) -> Cutting:
    """Return cuts of the same stream whose segments begin at these keyframes of the source, the first at 0."""
    most = _chunk_segments(plan, len(boundaries), cores)
    starts = list(boundaries[::most])
    if len(starts) > 1 and (len(boundaries) - 1) % most < most // 2:
        del starts[-1]  # a rest is not worth a chunk of its own
    chunks = tuple(
        _timed(chunk, scan, boundaries, cutting.length) for chunk in _chunks(scan, starts, goes_on=cutting.held, lead=0)
    )
    return replace(cutting, chunks=chunks, repeatable=True)


def _most_segments(plan: Plan, cores: int) -> int:
    """Return how many segments a chunk may have, so that it takes no longer than CHUNK_S:
    the chunks share the cores.
    """
    work_s = CHUNK_S * max(1.0, cores / side_by_side(cores))
    return max(1, min(CHUNK_SEGMENTS, round(work_s / (work_for_s(plan) * plan.segment_s))))


def _chunk_segments(plan: Plan, segments: int, cores: int) -> int:
    """Return about how many segments a chunk gets in a source of so many: fewer in a short one, for all cores."""
    return min(_most_segments(plan, cores), max(LEAST_SEGMENTS, -(-segments // side_by_side(cores))))


def _chunks(scan: Scan, starts: Sequence[int], *, goes_on: bool, lead: int) -> tuple[Chunk, ...]:
    """Return the chunks that begin at these times, each entered at the last keyframe so many ticks before."""
    ends: list[int | None] = [*starts[1:], None]
    return tuple(
        Chunk(
            number=number,
            start=start,
            end=end,
            seek_s=_keyframe(scan, start - lead) / CLOCK_HZ if number else _entered_s(scan, lead),
            first_frame=_first_frame(scan, start) if number else 0,
            frames=None if goes_on and end is None else scan.count(_from(start), None if end is None else _from(end)),
        )
        for number, (start, end) in enumerate(zip(starts, ends, strict=True))
    )


def _entered_s(scan: Scan, lead: int) -> float | None:
    """Return where decoding of the first frame begins, None for the beginning of the file."""
    keyframe = 0 if scan.entry is None else _keyframe(scan, scan.entry - lead)
    return keyframe / CLOCK_HZ if keyframe else None


def _timed(chunk: Chunk, scan: Scan, boundaries: Sequence[int], length: int) -> Chunk:
    """Return a chunk with the keyframes that begin its segments, and those between, where the muxer won't cut.

    The muxer begins the n-th segment after the first at the first keyframe from n times `segment` on, so that must come
    before the n-th boundary, and no other keyframe may lie between the two.
    """
    end = length if chunk.end is None else chunk.end
    inside = [b for b in boundaries if chunk.start < b < end]
    segment = min(((b - chunk.start) // n for n, b in enumerate(inside, 1)), default=length)
    keyframes: list[int] = []
    for n, (begin, after) in enumerate(itertools.pairwise([chunk.start, *inside, end]), 1):
        keyframes.append(begin)
        last = min(after - SLOT_S * CLOCK_HZ // 2, chunk.start + n * (segment - 2 * EARLY_TICKS))
        for slot in range(begin + SLOT_S * CLOCK_HZ, last, SLOT_S * CLOCK_HZ):
            at = bisect.bisect_left(scan.frames, _from(slot))
            if at < len(scan.frames) and keyframes[-1] < scan.frames[at] < last:
                keyframes.append(scan.frames[at])
    return replace(chunk, segment=segment, keyframes=tuple(keyframes))


def _starts(scan: Scan, segment_s: int, chunk_segments: int, lead: int) -> list[int]:
    """Return where chunks begin: near every so many segments, where the least has to be decoded for nothing."""
    segment = segment_s * CLOCK_HZ
    starts = [0]
    last = scan.video_end - segment * chunk_segments // 2
    slack = _slack(chunk_segments)
    wanted = chunk_segments * segment
    while wanted <= last:
        candidates = (wanted + shift * segment for shift in range(-slack, slack + 1))
        usable = [
            p
            for p in candidates
            if starts[-1] < _keyframe(scan, p - lead) and _first_frame(scan, p) <= LATEST_FIRST_FRAME_S * CLOCK_HZ
        ]
        if usable:
            starts.append(min(usable, key=lambda start: (start - _keyframe(scan, start - lead), abs(start - wanted))))
            wanted = starts[-1]
        wanted += chunk_segments * segment
    return starts


def _slack(chunk_segments: int) -> int:
    return min(SLACK_SEGMENTS, chunk_segments - 1)


def _must_be_filled(scan: Scan, segment_s: int) -> bool:
    """Whether any segment, begun with the first frame of its time, gets too long or has a single frame.

    Of a single frame hls.js can't tell how long it is shown (https://github.com/video-dev/hls.js/issues/7109).
    """
    segment = segment_s * CLOCK_HZ
    begins, places = [0], [0]
    while True:
        next_start = ((begins[-1] + EARLY_TICKS) // segment + 1) * segment
        at = bisect.bisect_left(scan.frames, _from(next_start))
        if at == len(scan.frames):
            break
        begins.append(scan.frames[at])
        places.append(at)
    longest = max(b - a for a, b in itertools.pairwise([*begins, max(scan.video_end, begins[-1])]))
    return longest > LONGEST_SEGMENT_S * CLOCK_HZ or any(
        after - before == 1 for before, after in itertools.pairwise(places)
    )


def _from(start: int) -> int:
    """Return the first tick that belongs to what begins at `start`."""
    return start - EARLY_TICKS if start else start


def _first_frame(scan: Scan, start: int) -> int:
    """Return how long after `start` the next frame is shown; longer than any slot where there is none."""
    at = bisect.bisect_left(scan.frames, _from(start))
    return max(0, scan.frames[at] - start) if at < len(scan.frames) else SLOT_S * CLOCK_HZ * 2


def _keyframe(scan: Scan, start: int) -> int:
    """Return the last keyframe that is shown at `start` or before, 0 where there is none."""
    at = bisect.bisect_right(scan.keyframes, start)
    return scan.keyframes[at - 1] if at else 0
