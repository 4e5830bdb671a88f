"""Rules about time: do playlists say what their segments hold, do times go on, do renditions fit each other.

Reads no file.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from pipeline.media.validate.containers import Container
from pipeline.media.validate.findings import RuleNotes, Severity
from pipeline.media.validate.measured import Contents, SegmentSpans, Span
from pipeline.media.validate.playlist_rules import OVER_TARGET_S, Role
from pipeline.media.validate.segments import Stream

ROUNDING_S = 0.001
"""Times are written with six decimals and counted in ticks; differences below this are neither's fault."""

NOTICED_S = 0.5
"""A playlist further off what its segments last lets seeking miss the place, and the end hang or be cut."""

MISSED_S = 1.0
"""A viewer who sees more than this less than the source holds misses something; less is how inexactly sources end."""

KINDS = ("video", "audio")
"""What the video and the audio of a segment are called in sentences."""

AUDIO_FRAMES = 2
"""An encoder's delay puts a packet of audio before the first frame,
and the last packet reaches beyond the last one.
"""


def check_times(stream: Stream, notes: RuleNotes) -> None:
    """Check a playlist's durations against its segments, and that decode times go on from one to the next."""
    contents = stream.contents
    if contents is None:
        return
    _check_starts(stream, contents, notes)
    _check_durations(stream, contents, notes)
    _check_continuity(stream, contents, notes)


def check_source_duration(stream: Stream, duration_s: float, frame_s: float | None, notes: RuleNotes) -> None:
    """Check the sum of EXTINF against the duration that the stream must have (Apple 8.1)."""
    own_frame_s = _frame_s(stream)
    tolerance = max(frame_s or own_frame_s, _audio_slack_s(stream) if _is_audio(stream) else 0.0) + ROUNDING_S
    total = sum(stream.playlist.durations_s)
    if abs(total - duration_s) > tolerance:
        text = (
            f"The durations add up to {total:.3f} s, but the video lasts {duration_s:.3f} s: "
            "more than a frame is missing or too much."
        )
        notes.add(_severity(abs(total - duration_s) > max(MISSED_S, tolerance)), "Apple 8.1", stream.file, text)


def check_aligned(streams: Sequence[Stream], notes: RuleNotes) -> None:
    """Check that all streams of video and audio share duration, target duration, boundaries and times."""
    ordered = sorted(streams, key=_is_audio)
    for other in ordered[1:]:
        _check_pair(ordered[0], other, notes)


def check_subtitles_cover(subtitles: Stream, video: Stream, notes: RuleNotes) -> None:
    """Check that subtitles cover the same time as the video, and are segmented like it where they are segmented."""
    total, expected = sum(subtitles.playlist.durations_s), sum(video.playlist.durations_s)
    if abs(total - expected) > max(_frame_s(video), _audio_slack_s(video) if _is_audio(video) else 0.0) + ROUNDING_S:
        # where captions end earlier, none are shown
        notes.not_ideal(
            "Apple 5.5", subtitles.file, f"The subtitles last {total:.3f} s, but {video.file} lasts {expected:.3f} s."
        )
    elif len(subtitles.playlist.segments) > 1:
        _check_boundaries(video, subtitles, _frame_s(video), Severity.NOT_IDEAL, notes)


def first_time_s(stream: Stream) -> float | None:
    """Return the presentation time of a stream's first frame, of its first audio packet if there is no video."""
    spans = stream.contents.spans[0] if stream.contents is not None and stream.contents.spans else None
    span = _leading(spans) if spans is not None else None
    return span.first_pts_s if span is not None else None


def start_slack_s(stream: Stream) -> float:
    """Return by how much a time may differ from a stream's first one: a frame, or the delay of an audio encoder."""
    return _audio_slack_s(stream) if _is_audio(stream) else _frame_s(stream)


def _check_starts(stream: Stream, contents: Contents, notes: RuleNotes) -> None:
    late = [
        (_segment_file(stream, n), "The segment does not start with a keyframe (IDR).")
        for n, spans in enumerate(contents.spans)
        if spans is not None and spans.video is not None and not spans.video.starts_clean
    ]
    notes.add_each(Severity.BREAKS_PLAYBACK, "Apple 7.4", late)
    for kind in KINDS:
        has = [_of_kind(spans, kind) is not None for spans in contents.spans if spans is not None]
        if any(has) and not all(has):
            without = [
                (_segment_file(stream, n), f"The segment contains no {kind}, other segments do.")
                for n, spans in enumerate(contents.spans)
                if spans is not None and _of_kind(spans, kind) is None
            ]
            notes.add_each(Severity.BREAKS_PLAYBACK, "Apple 7.1", without)


def _check_durations(stream: Stream, contents: Contents, notes: RuleNotes) -> None:
    """Compare the time of each boundary with the sum of EXTINF before it (Apple 8.1, any group of segments)."""
    frame_s = _frame_s(stream) + ROUNDING_S
    for run in _runs(contents):
        real_s, declared_s, low, high = 0.0, 0.0, 0.0, 0.0
        for n, following in itertools.zip_longest(run, run[1:]):
            shortest, longest = _real_duration_s(contents, n, following)
            declared = stream.playlist.durations_s[n]
            duration_s = min(max(declared, shortest), longest)
            _check_length(stream, n, shortest, notes)
            real_s, declared_s = real_s + duration_s, declared_s + declared
            drift = real_s - declared_s
            if max(high, drift) - min(low, drift) > frame_s:
                real = f"{shortest:.3f}" if abs(duration_s - declared) > frame_s else f"{duration_s:.3f}"
                text = f"EXTINF says {declared:.3f} s for {stream.playlist.segments[n].uri}, but it lasts {real} s"
                if abs(duration_s - declared) <= frame_s:
                    text = (
                        f"Up to {stream.playlist.segments[n].uri} EXTINF is {abs(drift):.3f} s "
                        "off what the segments last"
                    )
                drifted = max(high, drift) - min(low, drift) > max(NOTICED_S, frame_s)
                notes.add(_severity(drifted), "Apple 8.1", stream.file, text + ": that is more than a frame.")
                return
            low, high = min(low, drift), max(high, drift)


def _check_length(stream: Stream, number: int, real_s: float, notes: RuleNotes) -> None:
    target = stream.playlist.target_duration_s
    if target is not None and real_s > target + OVER_TARGET_S + ROUNDING_S:
        text = f"The segment lasts {real_s:.3f} s, more than {OVER_TARGET_S} s over the target duration of {target} s."
        notes.breaks("Apple 7.7", _segment_file(stream, number), text)


def _real_duration_s(contents: Contents, number: int, following: int | None) -> tuple[float, float]:
    """Return the least and the most that a segment lasts; only the end of the last one is not always sure."""
    spans = contents.spans[number]
    assert spans is not None
    span = _leading(spans)
    assert span is not None
    if following is not None:
        after = contents.spans[following]
        begin = _leading(after) if after is not None else None
        if begin is not None:
            return (begin.first_pts_s - span.first_pts_s,) * 2
    end = span.end_s - span.first_pts_s
    if contents.video is None:
        return end, end
    if contents.container is Container.FMP4:
        # A sample's duration is that to the next one decoded; where frames are reordered and come unevenly, the frame
        # that is shown last may have that of a longer step.
        return end - max(0.0, contents.video.rates.longest_s - contents.video.frame_s), end
    # The last frame may be shown as long as any other, or until the audio ends.
    audio_end = spans.audio.end_s - span.first_pts_s if spans.audio is not None else 0.0
    return end + contents.video.frame_s, max(end + contents.video.rates.longest_s, audio_end)


def _check_continuity(stream: Stream, contents: Contents, notes: RuleNotes) -> None:
    rule = "Apple 7.3" if contents.container is Container.FMP4 else "Apple 7.1"
    broken: dict[Severity, list[tuple[str, str]]] = {}
    for run in _runs(contents):
        for before, after in itertools.pairwise(run):
            for kind in KINDS:
                one, two = _of_kind(contents.spans[before], kind), _of_kind(contents.spans[after], kind)
                jump = _jump_s(contents, kind, one, two) if one is not None and two is not None else 0.0
                if jump:
                    said = f"{jump:.3f} s are missing before it" if jump > 0 else f"it begins {-jump:.3f} s too early"
                    text = f"The {kind} does not continue where the segment before ended: {said}."
                    severity = _severity(not -_overlapped_s(contents, kind) <= jump <= _bridged_s(contents, kind))
                    broken.setdefault(severity, []).append((_segment_file(stream, after), text))
    for severity, found in broken.items():
        notes.add_each(severity, rule, found)


def _bridged_s(contents: Contents, kind: str) -> float:
    """Return how large a gap players play across unseen: a frame,
    which browsers' buffers join and hls.js fills with silence.
    """
    return ROUNDING_S + (_audio_s(contents) if kind == "audio" or contents.video is None else contents.video.frame_s)


def _overlapped_s(contents: Contents, kind: str) -> float:
    """Return how much of an overlap players drop unheard: a frame of audio; of frames that go back nothing,
    the decoder skips.
    """
    return ROUNDING_S + _audio_s(contents) if kind == "audio" else 0.0


def _audio_s(contents: Contents) -> float:
    return contents.audio.frame_s if contents.audio is not None else 0.0


def _jump_s(contents: Contents, kind: str, before: Span, after: Span) -> float:
    """Return the gap between two spans (an overlap is negative), 0 where it is too small to matter."""
    step = after.first_dts_s - before.last_dts_s
    if kind == "audio":
        frame_s = contents.audio.frame_s if contents.audio is not None else 0.0
        gap = step - (before.last_duration_s or frame_s)
        return gap if abs(gap) > frame_s / 2 + ROUNDING_S else 0.0
    assert contents.video is not None
    frame_s = contents.video.frame_s
    if contents.container is Container.FMP4:
        gap = step - before.last_duration_s
        return gap if abs(gap) > frame_s / 2 + ROUNDING_S else 0.0
    # A transport stream does not say how long a frame is shown, so a gap can be a pause; lost packets show as counters
    # that jump.
    return step - frame_s if step <= 0 else 0.0


def _check_pair(first: Stream, other: Stream, notes: RuleNotes) -> None:
    target, its = first.playlist.target_duration_s, other.playlist.target_duration_s
    if target is not None and its is not None and target != its:
        # only a stream that is still growing is asked for again after a target duration
        notes.not_ideal(
            "Apple 8.2", other.file, f"The target duration is {its} s, but that of {first.file} is {target} s."
        )
    slack = _frame_s(first)
    if _is_audio(other):
        slack = max(slack, _audio_slack_s(other))
    total, expected = sum(other.playlist.durations_s), sum(first.playlist.durations_s)
    if abs(total - expected) > slack + ROUNDING_S:
        severity = _severity(abs(total - expected) > max(NOTICED_S, slack + ROUNDING_S))
        notes.add(
            severity,
            "Apple 8.3",
            other.file,
            f"The playlist lasts {total:.3f} s, but {first.file} lasts {expected:.3f} s.",
        )
    # players switch between videos at boundaries; an audio rendition beside them is fetched by its own boundaries
    severity = _severity(not _is_audio(other))
    aligned = _check_boundaries(first, other, _audio_frame_s(other) if _is_audio(other) else 0.0, severity, notes)
    _check_start_times(first, other, None if aligned else 1, notes)


def _check_boundaries(first: Stream, other: Stream, slack_s: float, severity: Severity, notes: RuleNotes) -> bool:
    """Check that the segments of two playlists begin at the same times by EXTINF (Apple 8.22)."""
    mine, its = first.playlist.durations_s, other.playlist.durations_s
    if len(mine) != len(its):
        notes.add(
            severity,
            "Apple 8.22",
            other.file,
            f"The playlist has {len(its)} segments, but {first.file} has {len(mine)}.",
        )
        return False
    for number, (a, b) in enumerate(
        zip(itertools.accumulate(mine[:-1]), itertools.accumulate(its[:-1]), strict=True), start=1
    ):
        if abs(a - b) > slack_s + ROUNDING_S:
            uri = other.playlist.segments[number].uri
            text = f"{uri} begins at {b:.3f} s, but the same segment of {first.file} at {a:.3f} s."
            notes.add(severity, "Apple 8.22", other.file, text)
            return False
    return True


def _check_start_times(first: Stream, other: Stream, count: int | None, notes: RuleNotes) -> None:
    """Check that two streams time the same moment alike (RFC 8216, 6.2.4) in their first `count` segments."""
    if first.contents is None or other.contents is None:
        return
    slack = _audio_slack_s(other) if _is_audio(other) else 0.0
    for number, (mine, its) in enumerate(zip(first.contents.spans[:count], other.contents.spans[:count], strict=True)):
        one, two = (_leading(spans) if spans is not None else None for spans in (mine, its))
        if one is not None and two is not None and abs(one.first_pts_s - two.first_pts_s) > slack + ROUNDING_S:
            text = (
                f"The segment begins at {two.first_pts_s:.3f} s of the stream's clock, "
                f"but that of {first.file} at {one.first_pts_s:.3f} s."
            )
            notes.breaks("RFC 8216 6.2.4", _segment_file(other, number), text)
            return


def _severity(breaks: bool) -> Severity:
    return Severity.BREAKS_PLAYBACK if breaks else Severity.NOT_IDEAL


def _runs(contents: Contents) -> list[list[int]]:
    """Return the numbers of segments that were read, in stretches without a break."""
    runs: dict[int, list[int]] = {}
    for number, spans in enumerate(contents.spans):
        if spans is not None and _leading(spans) is not None:
            runs.setdefault(spans.run, []).append(number)
    return [part for run in runs.values() for part in _stretches(run)]


def _stretches(numbers: Sequence[int]) -> list[list[int]]:
    parts: list[list[int]] = []
    for number in numbers:
        if not parts or number != parts[-1][-1] + 1:
            parts.append([])
        parts[-1].append(number)
    return parts


def _of_kind(spans: SegmentSpans | None, kind: str) -> Span | None:
    if spans is None:
        return None
    return spans.audio if kind == "audio" else spans.video


def _leading(spans: SegmentSpans) -> Span | None:
    return spans.video or spans.audio


def _is_audio(stream: Stream) -> bool:
    return stream.role is Role.AUDIO or (stream.contents is not None and stream.contents.video is None)


def _frame_s(stream: Stream) -> float:
    """Return how long a usual frame of a stream lasts; a 24th of a second where nothing was read."""
    contents = stream.contents
    if contents is not None and contents.video is not None:
        return contents.video.frame_s
    if contents is not None and contents.audio is not None:
        return contents.audio.frame_s
    return 1 / 24


def _audio_frame_s(stream: Stream) -> float:
    """Return how long a packet of audio lasts; AC-3's 32 ms, the longest usual ones, where nothing was read."""
    contents = stream.contents
    return contents.audio.frame_s if contents is not None and contents.audio is not None else 0.032


def _audio_slack_s(stream: Stream) -> float:
    return AUDIO_FRAMES * _audio_frame_s(stream)


def _segment_file(stream: Stream, number: int) -> str:
    folder = stream.file.rpartition("/")[0]
    uri = stream.playlist.segments[number].uri
    return f"{folder}/{uri}" if folder else uri
