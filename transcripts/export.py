"""Videos of a dataset in the forms of other programs. Pure: returns texts, and writes no file.

Lhotse: `SupervisionSegment.to_dict`, a line of JSON each (lhotse.readthedocs.io, "Supervisions"). WhisperX: what its
command writes as JSON (`WriteJSON`): segments with words, and all words of the file.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from enum import Enum
from typing import Any

from pipeline.speech.subtitles import to_vtt
from transcripts.captions import captions_of
from transcripts.rows import Row
from transcripts.schema import ID_FIELD
from transcripts.video_rows import number_in, segment_text, segment_words
from transcripts.videos import Video

LHOTSE_FIELDS = ("id", "media_id", "start", "duration", "channel", "text", "language", "speaker", "alignment")
"""What Lhotse has fields for; `media_id` is its `recording_id`. Everything else goes into its `custom`."""


class ExportForm(Enum):
    """What videos can be written as; the value is what a command calls it."""

    VTT = "vtt"
    LHOTSE = "lhotse"
    WHISPERX = "whisperx"
    TXT = "txt"

    @property
    def suffix(self) -> str:
        """What the names of such files end with."""
        return {"lhotse": ".jsonl", "whisperx": ".json"}.get(self.value, f".{self.value}")

    @property
    def takes_several(self) -> bool:
        """Whether one file may hold several videos."""
        return self in (ExportForm.LHOTSE, ExportForm.TXT)


def exported(videos: Sequence[Video], form: ExportForm) -> str:
    """Return a file with the videos, one of them where the form takes no more.

    Raises InvalidRowError for a segment that has no times.
    """
    if form is ExportForm.LHOTSE:
        return "".join(line for video in videos for line in _lhotse_lines(video))
    if form is ExportForm.TXT:
        return "\n".join(_text(video, titled=len(videos) > 1) for video in videos)
    (video,) = videos
    return to_vtt(captions_of(video)) if form is ExportForm.VTT else _whisperx(video)


def _lhotse_lines(video: Video) -> Iterator[str]:
    for row in video.segments:
        words = [
            [word.text, word.start_s, _ms(word.end_s - word.start_s), word.probability] for word in segment_words(row)
        ]
        fields = {
            "id": str(row.get(ID_FIELD)),
            "recording_id": str(video.media[ID_FIELD]),
            "start": number_in(row, "start"),
            "duration": number_in(row, "duration"),
            "channel": row.get("channel", 0),
            "text": segment_text(row),
            "language": row.get("language"),
            "speaker": _speaker(video, row),
            "alignment": {"word": words} if words else None,
            "custom": {name: value for name, value in row.items() if name not in LHOTSE_FIELDS},
        }
        present = {name: value for name, value in fields.items() if value not in (None, {})}
        yield json.dumps(present, ensure_ascii=False) + "\n"


def _whisperx(video: Video) -> str:
    segments: list[dict[str, Any]] = []
    for row in video.segments:
        speaker = _speaker(video, row)
        voice: dict[str, Any] = {} if speaker is None else {"speaker": speaker}
        start_s = number_in(row, "start")
        words = [
            {"word": word.text, "start": word.start_s, "end": _ms(word.end_s)}
            | ({} if word.probability is None else {"score": word.probability})
            | voice
            for word in segment_words(row)
        ]
        end_s = _ms(start_s + number_in(row, "duration"))
        segments.append({"start": start_s, "end": end_s, "text": segment_text(row), "words": words} | voice)
    every_word = [word for segment in segments for word in segment["words"]]
    content = {"segments": segments, "word_segments": every_word, "language": video.media.get("language")}
    return json.dumps(content, ensure_ascii=False, indent=1) + "\n"


def _text(video: Video, *, titled: bool) -> str:
    """Return what is said, a line a segment; a speaker is named where another one spoke before."""
    lines = [f"# {video.title}"] if titled else []
    before = None
    for row in video.segments:
        text, speaker = segment_text(row), _speaker(video, row)
        if text:
            lines.append(f"{speaker}: {text}" if speaker is not None and speaker != before else text)
            before = speaker
    return "".join(f"{line}\n" for line in lines)


def _speaker(video: Video, row: Row) -> str | None:
    speaker = row.get("speaker")
    return video.speakers.get(speaker) if isinstance(speaker, int | str) else None


def _ms(seconds: float) -> float:
    return round(seconds, 3)
