"""The forms of a transcript in a job's folder: which are there, what is left of them, and how they are written.

Knows no Whisper.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from pipeline.corrected_captions import CorrectedCaptions
from pipeline.errors import CodecError, SubtitleFileError
from pipeline.facts import TranscriptFacts
from pipeline.files import write_whole
from pipeline.job import CaptionRules
from pipeline.media.source.language_tags import UNKNOWN_LANGUAGE
from pipeline.media.stream_layout import CAPTIONS_VTT, TRANSCRIPT_FILES, TRANSCRIPT_JSON, TRANSCRIPT_SRT
from pipeline.speech.caption_profiles import caption_profile
from pipeline.speech.corrections import with_corrections, with_earlier_formatting
from pipeline.speech.cues import Cue
from pipeline.speech.subtitle_files import read_subtitles
from pipeline.speech.subtitles import to_srt, to_text, to_vtt
from pipeline.speech.transcript import Segment, Transcript
from pipeline.speech.transcript_file import from_json, to_json
from pipeline.workspace import Workspace


def transcript_of(cues: Sequence[Cue], language: str) -> Transcript:
    """Return captions as a transcript: a segment for each, without times of words."""
    segments = tuple(
        Segment(start_s=cue.start_s, end_s=cue.end_s, text=" ".join(cue.text.split()), language=language)
        for cue in cues
    )
    end_s = max((cue.end_s for cue in cues), default=0.0)
    return Transcript(language=language, language_probability=1.0, duration_s=end_s, segments=segments)


def is_there(workspace: Workspace, folder: Path, facts: TranscriptFacts | None) -> bool:
    """Whether a folder has a transcript in every form, or its captions were corrected and all can be made from them."""
    return workspace.correction is not None or all(has_form(folder / name, facts) for name in TRANSCRIPT_FILES)


def has_form(path: Path, facts: TranscriptFacts | None) -> bool:
    """Whether a form of a transcript is there; an empty file is one where nothing was said."""
    return path.is_file() and bool(path.stat().st_size or facts is None or not facts.cues)


def what_is_left(workspace: Workspace) -> tuple[Transcript, list[Cue]] | None:
    """Return the transcript that is wanted from what is left of its forms; None where it has to be made.

    What was corrected is in all of them: without transcript.json it is taken from one of the others.
    """
    facts, folder = workspace.done.transcript, workspace.folder
    if facts is None:
        facts, folder = workspace.standing.transcript, workspace.final
    if facts is None:
        return None
    try:
        return from_json((folder / TRANSCRIPT_JSON).read_text(encoding="utf-8"))
    except (OSError, ValueError, CodecError):
        package = workspace.done.package or workspace.standing.package
        edited = (*workspace.edited, *(() if package is None else package.edited))
    for name in (CAPTIONS_VTT, TRANSCRIPT_SRT) if set(TRANSCRIPT_FILES).intersection(edited) else ():
        try:
            cues = read_subtitles(folder / name, language=facts.language).cues
        except SubtitleFileError:
            continue
        return transcript_of(cues, facts.language or UNKNOWN_LANGUAGE), list(cues)
    return None


def corrected_forms(
    correction: CorrectedCaptions,
    folder: Path,
    before: TranscriptFacts | None,
    *,
    rules: CaptionRules,
    frame_rate: float,
) -> tuple[Transcript, list[Cue]]:
    """Return the transcript and captions of a folder as an editor has corrected them.

    `before` is what is known of the transcript that was made; by the rules, captions are made anew whose words changed.
    """
    language = (None if before is None else before.language) or UNKNOWN_LANGUAGE
    if correction.words is not None:
        transcript = correction.words.transcript
        profile = caption_profile(rules, transcript.language or language)
        transcript, cues = correction.words.applied(profile, frame_rate)
    else:
        cues = list(correction.cues)
        try:
            transcript, earlier = from_json((folder / TRANSCRIPT_JSON).read_text(encoding="utf-8"))
        except (OSError, ValueError, CodecError):
            transcript, earlier = transcript_of((), language), []
        if correction.names == (TRANSCRIPT_SRT,):
            cues = list(with_earlier_formatting(cues, earlier))
        transcript = with_corrections(transcript, cues)
    return replace(transcript, language=transcript.language or language), cues


def write_forms(folder: Path, transcript: Transcript, cues: Sequence[Cue], *, leave: Sequence[str] = ()) -> None:
    """Write every form of a transcript but those that are to be left. Raises OutputError."""
    contents = (to_srt(cues), to_text(transcript), to_json(transcript, cues), to_vtt(cues))
    for name, content in zip(TRANSCRIPT_FILES, contents, strict=True):
        if name not in leave:
            write_whole(folder / name, content)
