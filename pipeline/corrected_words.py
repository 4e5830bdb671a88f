"""Words that an editor has corrected in transcript.txt or transcript.json, or in a translation's: which, and what they
make of the transcript.

Reads, and changes nothing. The captions that were made of the transcript, in subtitles.vtt or transcript.srt, tell what
it said before.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pipeline.errors import CodecError, SubtitleFileError
from pipeline.media.stream_layout import TranscriptNames
from pipeline.speech.caption_changes import captions_after
from pipeline.speech.caption_profiles import CaptionProfile
from pipeline.speech.corrections import TOKEN, transcript_tokens, with_corrections
from pipeline.speech.cues import Cue
from pipeline.speech.subtitle_files import decode_subtitles, read_subtitles
from pipeline.speech.transcript import Segment, Transcript
from pipeline.speech.transcript_file import transcript_from_json

LEAST_SHARE = 0.2
"""A correction has at least this share of the transcript's words; a text with fewer is not a correction of it."""
ENOUGH_WORDS = 20
"""A shorter transcript has too few words to tell a correction from another text."""


@dataclass(frozen=True, kw_only=True)
class CorrectedWords:
    """A transcript as a file has it, the captions that it had before, and the text that it is to have.

    `text` is None where the transcript has it already; `captions` are those that stand in the file corrected, None
    where they follow from the words. `is_utf8` says how the file is written.
    """

    transcript: Transcript
    before: tuple[Cue, ...]
    text: str | None = None
    captions: tuple[Cue, ...] | None = None
    is_utf8: bool = True

    @property
    def words(self) -> list[str]:
        """What it says, as `words_of` does."""
        if self.captions is not None:
            return words_of_captions(self.captions)
        return _heard(self.transcript) if self.text is None else words_of(self.text)

    def applied(self, profile: CaptionProfile, frame_rate: float) -> tuple[Transcript, list[Cue]]:
        """Return the corrected transcript and its captions, which stay as they were where the words did."""
        said = self.captions or ((self._whole(self.text),) if self.text is not None else None)
        now = self.transcript if said is None else with_corrections(self.transcript, said)
        before = with_corrections(self.transcript, self.before)
        now = _marked(before, now)
        if self.captions is not None:
            return now, list(self.captions)
        return now, captions_after(before, self.before, now, profile, frame_rate=frame_rate)

    def _whole(self, text: str) -> Cue:
        return Cue(start_s=0.0, end_s=self.transcript.duration_s, text=text)


def words_of(text: str) -> list[str]:
    """Return the words of a text; in a script without spaces each character counts as one."""
    return [word for _, word in TOKEN.findall(text)]


def words_of_captions(cues: Sequence[Cue]) -> list[str]:
    """Return the words of captions."""
    return words_of("\n".join(cue.text for cue in cues))


def words_in_text(folder: Path, forms: TranscriptNames, language: str | None) -> CorrectedWords | None:
    """Return what transcript.txt says, None where it has the words of the captions. Raises SubtitleFileError."""
    path = folder / forms.txt
    try:
        text, encoding = decode_subtitles(path.read_bytes(), language)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise SubtitleFileError(f"The transcript {path} can't be read ({reason}).") from error
    before = _captions(folder, forms, language)
    words, was = words_of(text), words_of_captions(before)
    if words == was or not was:
        return None
    same = sum((Counter(words) & Counter(was)).values())
    if len(was) >= ENOUGH_WORDS and same < LEAST_SHARE * len(was):
        raise SubtitleFileError(f"{path} is not the text of the captions (only {same} of {len(was)} words are in it).")
    transcript, _ = _read_json(folder / forms.json)
    utf8 = encoding.startswith("utf-8")
    return CorrectedWords(transcript=transcript, before=before, text=text, is_utf8=utf8)


def words_in_json(folder: Path, forms: TranscriptNames, language: str | None) -> CorrectedWords | None:
    """Return what transcript.json says, None where that is what the captions say. Raises SubtitleFileError.

    It says it four times: as captions, as words with times, as segments and as one text.
    """
    path = folder / forms.json
    transcript, cues = _read_json(path)
    before = _captions(folder, forms, language)
    was = words_of_captions(before)
    texts = {
        "captions": "\n".join(cue.text for cue in cues),
        "words": "".join(word.text for one in transcript.segments for word in one.words or (one,)),
        "segments": "\n".join(segment.text for segment in transcript.segments),
        "text": str(json.loads(path.read_text(encoding="utf-8-sig"))["text"]),
    }
    changed = [name for name, text in texts.items() if words_of(text) != was]
    if not was or not (changed or _times(cues) != _times(before)):
        return None
    other = next((name for name in changed[1:] if words_of(texts[name]) != words_of(texts[changed[0]])), None)
    if other is not None:
        raise SubtitleFileError(f"{path} was corrected in its {changed[0]} and in its {other}, and they differ.")
    whole = replace(transcript, segments=tuple(map(_with_text_of_words, transcript.segments)))
    if not changed or "captions" in changed:
        return CorrectedWords(transcript=whole, before=before, captions=tuple(cues))
    text = None if "words" in changed else texts[changed[0]]
    return CorrectedWords(transcript=whole, before=tuple(cues), text=text)


def _read_json(path: Path) -> tuple[Transcript, list[Cue]]:
    try:
        return transcript_from_json(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise SubtitleFileError(f"The transcript {path} can't be read ({error.strerror}).") from error
    except (CodecError, ValueError, RecursionError) as error:
        reason = str(error).rstrip(".") if isinstance(error, CodecError) else "its text is not UTF-8"
        raise SubtitleFileError(f"The transcript {path} can't be read ({reason}).") from error


def _captions(folder: Path, forms: TranscriptNames, language: str | None) -> tuple[Cue, ...]:
    """Return the captions as they were made, none where neither file has them."""
    for name in (forms.vtt, forms.srt):
        try:
            return read_subtitles(folder / name, language=language).cues
        except SubtitleFileError:
            continue
    return ()


def _heard(transcript: Transcript) -> list[str]:
    return [token.text for token in transcript_tokens(transcript)]


def _times(cues: Sequence[Cue]) -> list[tuple[float, float]]:
    return [(cue.start_s, cue.end_s) for cue in cues]


def _with_text_of_words(segment: Segment) -> Segment:
    text = "".join(word.text for word in segment.words).strip()
    return replace(segment, text=text) if segment.words and words_of(text) != words_of(segment.text) else segment


def _marked(before: Transcript, now: Transcript) -> Transcript:
    """Return a transcript whose segments are marked as edited where they are others than before."""
    known = {(one.start_s, one.end_s, one.text) for one in before.segments}
    segments = tuple(
        one if (one.start_s, one.end_s, one.text) in known else replace(one, edited=True) for one in now.segments
    )
    return replace(now, segments=segments)
