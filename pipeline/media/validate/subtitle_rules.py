"""Rules about WebVTT segments: head, clock, cues in their place.

Reads text; knows nothing of frames but when the first is.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence

from pipeline.media.validate.findings import RuleNotes, Severity
from pipeline.media.validate.segment_bytes import SegmentBytes
from pipeline.media.validate.segments import Source, Stream

CLOCK_HZ = 90_000
CLOCK_WRAP = 1 << 33
"""MPEGTS counts 90 kHz in 33 bits, as a transport stream does (RFC 8216, 3.5)."""

TIME = r"((?:\d{2,}:)?[0-5]\d:[0-5]\d\.\d{3})"
CUE = re.compile(rf"^{TIME}[ \t]+-->[ \t]+{TIME}(?:[ \t].*)?$", re.MULTILINE)
MAP = re.compile(r"^X-TIMESTAMP-MAP=(.*)$", re.MULTILINE)


def check_subtitles(
    stream: Stream, files: Sequence[SegmentBytes | None], first_frame_s: float | None, frame_s: float, source: Source
) -> None:
    """Check each WebVTT segment; `first_frame_s` is when the first frame is shown on the stream's clock."""
    starts = [0.0, *itertools.accumulate(stream.playlist.durations_s)]
    faults: dict[tuple[Severity, str], list[tuple[str, str]]] = {}
    for number, piece in enumerate(files):
        source.cancel.check()
        if piece is None:
            continue
        try:
            text = piece.read(0, piece.size).decode("utf-8").replace("\r\n", "\n").replace("\r", "\n")
        except (UnicodeDecodeError, OSError):
            unreadable = (source.folder.relative(piece.path), "The segment is not text in UTF-8.")
            faults.setdefault((Severity.BREAKS_PLAYBACK, "RFC 8216 3.5"), []).append(unreadable)
            continue
        for severity, rule, fault in _faults(text, (starts[number], starts[number + 1]), first_frame_s, frame_s):
            faults.setdefault((severity, rule), []).append((source.folder.relative(piece.path), fault))
    for (severity, rule), broken in faults.items():
        source.notes.add_each(severity, rule, broken)
    if first_frame_s is None:
        source.notes.leave(
            f"{stream.file}: the segments of the video could not be read, so the subtitles' clock was not checked."
        )


def is_webvtt(stream: Stream, notes: RuleNotes) -> bool:
    """Whether subtitles are text files; IMSC1, which lies in fragmented MP4, is not looked at."""
    if any(segment.init is not None for segment in stream.playlist.segments):
        notes.leave(f"{stream.file}: the subtitles are not WebVTT, so they were not checked.")
        return False
    return True


def _faults(
    text: str, window: tuple[float, float], first_frame_s: float | None, frame_s: float
) -> list[tuple[Severity, str, str]]:
    """Without its head a segment has no captions, and by a wrong clock all of them come at the wrong time."""
    breaks = Severity.BREAKS_PLAYBACK
    head = text.removeprefix("\ufeff").split("\n\n", 1)[0]
    if not re.match(r"WEBVTT(?:[ \t\n]|$)", head):
        return [(breaks, "RFC 8216 3.5", "The segment does not begin with WEBVTT.")]
    found = MAP.search(head)
    if found is None:
        return [(breaks, "Apple 5.3", "The segment has no X-TIMESTAMP-MAP.")]
    offset_s = _offset_s(found[1])
    if offset_s is None:
        return [(breaks, "RFC 8216 3.5", f"X-TIMESTAMP-MAP={found[1]} is not like MPEGTS:900000,LOCAL:00:00:00.000.")]
    faults = []
    if first_frame_s is not None:
        apart = (offset_s - first_frame_s + CLOCK_WRAP / CLOCK_HZ / 2) % (
            CLOCK_WRAP / CLOCK_HZ
        ) - CLOCK_WRAP / CLOCK_HZ / 2
        if abs(apart) > frame_s:
            real = round(first_frame_s * CLOCK_HZ) % CLOCK_WRAP
            sentence = f"X-TIMESTAMP-MAP shifts the cues by {apart:+.3f} s: the first frame is at MPEGTS:{real}."
            faults.append((breaks, "Apple 5.3", sentence))
    return faults + _cue_faults(text, window)


def _cue_faults(text: str, window: tuple[float, float]) -> list[tuple[Severity, str, str]]:
    """A segment has the cues shown during it (RFC 8216, 3.5); one without an end after its start is skipped."""
    for cue in CUE.finditer(text):
        start, end = _seconds(cue[1]), _seconds(cue[2])
        if end <= start:
            return [(Severity.NOT_IDEAL, "RFC 8216 3.5", f"The cue {cue[0]} ends before it begins.")]
        if end <= window[0] or start >= window[1]:
            sentence = f"The cue {cue[0]} is not shown while the segment lasts ({window[0]:.3f} to {window[1]:.3f} s)."
            return [(Severity.NOT_IDEAL, "RFC 8216 3.5", sentence)]
    bad = next((line for line in text.split("\n") if "-->" in line and not CUE.match(line)), None)
    return [(Severity.NOT_IDEAL, "RFC 8216 3.5", f"The line {bad!r} is not a cue's time.")] if bad else []


def _offset_s(value: str) -> float | None:
    """Return the stream's time of the cues' time 0, None where the map can't be read."""
    fields = dict(part.partition(":")[::2] for part in value.strip().split(","))
    local, ticks = fields.get("LOCAL", ""), fields.get("MPEGTS", "")
    if (
        set(fields) != {"LOCAL", "MPEGTS"}
        or not re.fullmatch(TIME, local)
        or not re.fullmatch(r"\d{1,10}", ticks, re.ASCII)
    ):
        return None
    return int(ticks) / CLOCK_HZ - _seconds(local)


def _seconds(time: str) -> float:
    hours, minutes, seconds = ("00:" + time).split(":")[-3:]
    return int(hours) * 3600 + int(minutes) * 60 + float(seconds)
