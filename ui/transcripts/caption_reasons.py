"""Finds which captions break the rules of their profile, and why, for the segments in view, outside the Tk thread."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable

from pipeline.job import CaptionRules
from pipeline.speech.caption_changes import USUAL_RATE
from pipeline.speech.caption_check import CaptionRule, check_cues
from pipeline.speech.caption_profiles import caption_profile
from transcripts.captions import captions_of
from transcripts.errors import InvalidRowError
from transcripts.rows import Row
from transcripts.videos import Video
from ui.transcripts.messages import EditorMessage, ReasonsKnown
from ui.transcripts.segment import DatasetSegment
from ui.transcripts.worker import in_thread

Neighbours = tuple[DatasetSegment | None, DatasetSegment, DatasetSegment | None]
"""A segment with the ones before and after it, on which its captions depend."""

KEPT, WANTED = 5000, 200
BEFORE_S = 0.002
"""Times are whole milliseconds: rounding may make a caption begin slightly before its segment."""


def caption_reason(neighbours: Neighbours, language: str | None, rules: CaptionRules = CaptionRules.NETFLIX) -> str:
    """Return a text that names the limits that a segment's captions are outside of; empty if none. Pure."""
    before, segment, after = neighbours
    rows = [_row(one) for one in (before, segment, after) if one is not None]
    speakers = {row["speaker"]: str(row["speaker"]) for row in rows if row["speaker"] is not None}
    media: Row = {"id": "video", "language": language}
    try:
        cues = captions_of(Video(media=media, segments=rows, speakers=speakers), rules)
    except InvalidRowError as error:
        return str(error)
    report = check_cues(cues, caption_profile(rules, language), language=language, frame_rate=USUAL_RATE)
    own = [
        found.text
        for found in report.broken
        if found.rule is not CaptionRule.BREAK
        and segment.start_s - BEFORE_S <= found.start_s < max(segment.end_s, segment.start_s + BEFORE_S)
    ]
    return "; ".join(dict.fromkeys(own))


def _row(segment: DatasetSegment) -> Row:
    words = [[one.text, one.start_s, one.duration_s, one.probability] for one in segment.words]
    return {
        "id": segment.id,
        "start": segment.start_s,
        "duration": segment.duration_s,
        "text": segment.text,
        "speaker": segment.speaker,
        "language": segment.language,
        "alignment": {"word": words},
    }


_Key = tuple[Neighbours, str | None, CaptionRules]


class CaptionReasons:
    """Caches the reasons that were found, and lets a thread find new ones. Called on the Tk thread."""

    def __init__(self, post: Callable[[EditorMessage], None]) -> None:
        self._post = post
        self._lock = threading.Lock()
        self._known: OrderedDict[_Key, str] = OrderedDict()
        self._wanted: list[_Key] = []
        self._running = False

    def reason(self, neighbours: Neighbours, language: str | None, rules: CaptionRules) -> str:
        """Return what is wrong with a segment's captions; empty if nothing is, or while it has not been checked."""
        key = (neighbours, language, rules)
        with self._lock:
            if key in self._known:
                self._known.move_to_end(key)
                return self._known[key]
            if key not in self._wanted:
                self._wanted.append(key)
            if self._running:
                return ""
            self._running = True
        in_thread("caption rules", self._find, lambda _, text: ReasonsKnown(problem=text), self._post)
        return ""

    def _find(self) -> EditorMessage:
        """Find all reasons that are requested; the latest requests come first, as they are for what is in view now."""
        while True:
            with self._lock:
                if not self._wanted:
                    self._running = False
                    return ReasonsKnown()
                wanted = self._wanted.pop()
                del self._wanted[:-WANTED]  # segments that were scrolled out of view
            try:
                found = caption_reason(*wanted)
            except Exception:
                with self._lock:
                    self._running = False
                raise
            with self._lock:
                self._known[wanted] = found
                while len(self._known) > KEPT:
                    self._known.popitem(last=False)
