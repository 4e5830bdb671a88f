"""The captions of a video in a dataset, made of its segments by a publisher's rules. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import groupby

from pipeline.job import CaptionRules
from pipeline.speech.caption_changes import USUAL_RATE
from pipeline.speech.caption_profiles import caption_profile
from pipeline.speech.cue_shaping import shape_cues
from pipeline.speech.cues import Cue
from transcripts.rows import Row
from transcripts.video_rows import transcript_from
from transcripts.videos import Video


def captions_of(
    video: Video, rules: CaptionRules = CaptionRules.NETFLIX, *, frame_rate: float = USUAL_RATE
) -> list[Cue]:
    """Return a video's captions in order of time, none of them of two speakers.

    Raises InvalidRowError for a segment without times.
    """
    made: list[Cue] = []
    whole = transcript_from(video.media, video.segments)
    profile = caption_profile(rules, whole.language)
    for voice, segments in _turns(video):
        turn = transcript_from(video.media, segments)
        turn = replace(turn, language=whole.language)
        cues = [replace(cue, voice=voice) for cue in shape_cues(turn, profile, frame_rate=frame_rate)]
        made = [*_before(made, cues), *cues]
    return sorted(made, key=lambda cue: (cue.start_s, cue.end_s))


def _turns(video: Video) -> Iterator[tuple[str, list[Row]]]:
    """Yield who speaks, and the segments until another one does."""
    for speaker, rows in groupby(video.segments, key=lambda row: row.get("speaker")):
        known = isinstance(speaker, int | str)
        yield video.speakers.get(speaker, "") if known else "", list(rows)


def _before(made: Sequence[Cue], following: Sequence[Cue]) -> Iterator[Cue]:
    """Yield captions that stay no longer than until another one speaks, where they began before that."""
    start_s = following[0].start_s if following else float("inf")
    for cue in made:
        yield replace(cue, end_s=min(cue.end_s, start_s)) if cue.start_s < start_s else cue
