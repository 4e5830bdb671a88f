"""Subtitle files as text: SRT, WebVTT and plain text, and WebVTT cut for a stream. Pure; writes no file.

Every text is for UTF-8 with line feeds. Without speech each of them is still a valid file of its kind.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from itertools import pairwise

import srt  # type: ignore[import-untyped]

from pipeline.speech.cue_formatting import to_subrip
from pipeline.speech.cues import Cue
from pipeline.speech.transcript import Transcript

TICKS_WRAP = 1 << 33
"""MPEG timestamps have 33 bits."""


def to_srt(cues: Sequence[Cue]) -> str:
    """Return a SubRip file; empty without cues."""
    subtitles = (
        # SubRip knows no escape: an arrow in the text would read as a time line.
        srt.Subtitle(number, _timedelta(cue.start_s), _timedelta(cue.end_s), _srt_text(cue).replace("-->", "→"))
        for number, cue in enumerate(cues, start=1)
    )
    return str(srt.compose(subtitles, reindex=False)).removesuffix("\n")


def to_vtt(cues: Sequence[Cue]) -> str:
    """Return a WebVTT file; only its first line without cues."""
    return "WEBVTT\n" + "".join(f"\n{_vtt_block(cue)}" for cue in cues)


def to_text(transcript: Transcript) -> str:
    """Return what was said, a line for each segment; empty without speech."""
    lines = (" ".join(segment.text.split()) for segment in transcript.segments)
    return "".join(f"{line}\n" for line in lines if line)


def vtt_segments(cues: Sequence[Cue], boundaries: Sequence[float], mpegts_offset: int) -> list[str]:
    """Cut WebVTT for a stream: a file for each video segment, with the cues that show in it at their full times.

    Args:
        cues: In order of their begins, on the video's clock, which starts at 0.
        boundaries: Where the segments begin, in seconds, and after them where the last one ends: n + 1 numbers for n
            files.
        mpegts_offset: The first presentation timestamp of the video, in ticks of 90 kHz (RFC 8216, 3.5).

    A cue that crosses a boundary stands in both files (RFC 8216, 3.5). One past the last boundary goes to the last
    file.
    """
    header = f"WEBVTT\nX-TIMESTAMP-MAP=MPEGTS:{mpegts_offset % TICKS_WRAP},LOCAL:00:00:00.000\n"
    files = []
    spans = list(pairwise(boundaries))
    first = 0
    for number, (start, end) in enumerate(spans):
        limit = end if number < len(spans) - 1 else float("inf")
        while first < len(cues) and cues[first].end_s <= start:
            first += 1
        after = first
        while after < len(cues) and cues[after].start_s < limit:
            after += 1
        # one that ended before may stand among them, where a longer one began before it
        files.append(header + "".join(f"\n{_vtt_block(cue)}" for cue in cues[first:after] if cue.end_s > start))
    return files


def _srt_text(cue: Cue) -> str:
    text, place = to_subrip(cue.formatted, cue.settings)
    return place + (text or cue.text)


def _vtt_block(cue: Cue) -> str:
    # a voice span without an end is that of the whole cue (WebVTT, 4.2.2)
    voice = f"<v {_escaped(' '.join(cue.voice.split()))}>" if cue.voice.strip() else ""
    times = f"{_clock(cue.start_s, '.')} --> {_clock(cue.end_s, '.')} {cue.settings}".rstrip()
    return f"{times}\n{cue.formatted or voice + _escaped(cue.text)}\n"


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _clock(seconds: float, point: str) -> str:
    whole, milliseconds = divmod(round(seconds * 1000), 1000)
    minutes, second = divmod(whole, 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours:02d}:{minute:02d}:{second:02d}{point}{milliseconds:03d}"


def _timedelta(seconds: float) -> timedelta:
    return timedelta(milliseconds=round(seconds * 1000))
