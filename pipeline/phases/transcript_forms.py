"""The forms of a transcript, or of its translation, in a job's folder: which are there, what is left of them, and how
an earlier run's are used again.

Knows no Whisper.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeAlias

from pipeline.corrected_captions import CorrectedCaptions
from pipeline.errors import CodecError, SubtitleFileError
from pipeline.events import LogLevel
from pipeline.facts import Facts, TranscriptFacts, TranslationFacts
from pipeline.files import write_whole
from pipeline.job import CaptionRules, TranscriptionRequest
from pipeline.media.source.language_tags import UNKNOWN_LANGUAGE
from pipeline.media.stream_layout import TRANSCRIPT_NAMES, TRANSLATION_NAMES, TranscriptNames
from pipeline.model import PhaseOutcome
from pipeline.output_settings import CAPTION_RULES
from pipeline.phases.phase import PhaseContext, PhaseResult
from pipeline.speech.caption_profiles import caption_profile
from pipeline.speech.corrections import with_corrections, with_earlier_formatting
from pipeline.speech.cues import Cue
from pipeline.speech.languages import language_name
from pipeline.speech.subtitle_files import read_subtitles
from pipeline.speech.subtitles import to_srt, to_text, to_vtt
from pipeline.speech.transcript import Segment, Transcript
from pipeline.speech.transcript_file import transcript_from_json, transcript_to_json

AUDIO_ONLY_RATE = 25.0
"""The frame rate by which captions are spaced where there is no video."""

SpokenFacts: TypeAlias = TranscriptFacts | TranslationFacts


@dataclass(frozen=True, kw_only=True)
class TranscriptKind:
    """A transcript or a translation: its files, its facts, and what it is called in a sentence."""

    names: TranscriptNames
    facts: type[TranscriptFacts] | type[TranslationFacts]
    word: str

    @property
    def step(self) -> str:
        """The step that makes it."""
        return self.facts.step


TRANSCRIPT = TranscriptKind(names=TRANSCRIPT_NAMES, facts=TranscriptFacts, word="transcript")
TRANSLATION = TranscriptKind(names=TRANSLATION_NAMES, facts=TranslationFacts, word="translation")


def transcript_of(cues: Sequence[Cue], language: str) -> Transcript:
    """Return captions as a transcript: a segment for each, without times of words."""
    segments = tuple(
        Segment(start_s=cue.start_s, end_s=cue.end_s, text=" ".join(cue.text.split()), language=language)
        for cue in cues
    )
    end_s = max((cue.end_s for cue in cues), default=0.0)
    return Transcript(language=language, language_probability=1.0, duration_s=end_s, segments=segments)


def forms_summary(facts: SpokenFacts) -> str:
    """Return what there is, in a few words."""
    if not facts.cues or facts.language is None:
        return "No speech found." if isinstance(facts, TranscriptFacts) else "Nothing to translate."
    return f"{facts.cues} caption{'' if facts.cues == 1 else 's'}, {language_name(facts.language)}"


class TranscriptForms:
    """What a job's folders have of one kind of transcript."""

    def __init__(self, context: PhaseContext, kind: TranscriptKind) -> None:
        self._context = context
        self._workspace = context.workspace
        self._kind = kind

    @property
    def needed(self) -> bool:
        """Whether it has to be made: nothing that an earlier run has left will do."""
        return not (self._finished() or self._standing() or self.earlier_transcript() or self._what_is_left())

    def used_again(self) -> PhaseResult | None:
        """Use what an earlier run has left, with what an editor has corrected; None where there is nothing.

        Raises OutputError.
        """
        there = self._finished() or self._taken_over()
        correction = self._workspace.corrections.get(self._kind.step)
        if there is not None and correction is not None:
            return PhaseResult(text=f"{forms_summary(self._corrected(correction))}, corrected by hand")
        if there is not None:
            text = f"{forms_summary(there)}, already made" if there.cues else forms_summary(there)
            return PhaseResult(outcome=PhaseOutcome.REUSED, text=text)
        restored = self._restored()
        return None if restored is None else PhaseResult(text=f"{forms_summary(restored)}, restored")

    def earlier_transcript(self) -> Transcript | None:
        """Return the transcript of the folder in its place, if only the caption rules have changed since."""
        if self._workspace.changes.get(self._kind.step) != (CAPTION_RULES,):
            return None
        try:
            return transcript_from_json((self._workspace.final / self._kind.names.json).read_text(encoding="utf-8"))[0]
        except (OSError, ValueError, CodecError):
            return None

    def write(self, transcript: Transcript, cues: Sequence[Cue], *, leave: Sequence[str] = ()) -> SpokenFacts:
        """Write every form but those that are to be left, and note that it is done. Raises OutputError."""
        self._write_forms(transcript, cues, leave=leave)
        facts = self._kind.facts(language=transcript.language if cues else None, cues=len(cues))
        self._workspace.mark(facts)
        return facts

    def _write_forms(self, transcript: Transcript, cues: Sequence[Cue], *, leave: Sequence[str]) -> None:
        for name, content in forms_of(self._kind.names, transcript, cues).items():
            if name not in leave:
                write_whole(self._workspace.folder / name, content)

    def note_nothing(self) -> None:
        """Note that there is none to make, and remove what an earlier run has left of one."""
        for name in self._kind.names.all:
            (self._workspace.folder / name).unlink(missing_ok=True)
        self._workspace.mark(self._kind.facts(language=None, cues=0))

    def _finished(self) -> SpokenFacts | None:
        """Return the facts of one that is done, None where it is not."""
        facts = self._facts_in(self._workspace.done)
        there = self._workspace.media_deleted or self._is_there(self._workspace.folder, facts)
        return facts if there else None

    def _standing(self) -> SpokenFacts | None:
        """Return the facts of the one that is wanted and that the folder in its place, which is made anew, has."""
        facts = self._facts_in(self._workspace.standing)
        return facts if self._is_there(self._workspace.final, facts) else None

    def _facts_in(self, done: Facts) -> SpokenFacts | None:
        facts = done.by_step.get(self._kind.step)
        return facts if isinstance(facts, self._kind.facts) else None

    def _is_there(self, folder: Path, facts: SpokenFacts | None) -> bool:
        """Whether a folder has every form, or its captions were corrected and all can be made from them.

        Where there was nothing to translate, none is missing.
        """
        if isinstance(facts, TranslationFacts) and facts.language is None:
            return True
        corrected = self._kind.step in self._workspace.corrections
        return corrected or all(_has_form(folder / name, facts) for name in self._kind.names.all)

    def _taken_over(self) -> SpokenFacts | None:
        """Copy the one that stands, which an editor may have corrected; return its facts, None where there is none.

        Raises OutputError.
        """
        facts, workspace = self._standing(), self._workspace
        if facts is None:
            return None
        for name in self._kind.names.all:
            if (workspace.final / name).is_file():
                write_whole(workspace.folder / name, (workspace.final / name).read_bytes())
        workspace.mark(facts)
        return facts

    def _restored(self) -> SpokenFacts | None:
        """Make the forms that were lost from those that are left; return the facts. Raises OutputError."""
        left, workspace, names = self._what_is_left(), self._workspace, self._kind.names
        if left is None:
            return None
        transcript, cues = left
        facts = self._kind.facts(language=transcript.language if cues else None, cues=len(cues))
        for name in names.all if self._facts_in(workspace.done) is None else ():
            if _has_form(workspace.final / name, facts):
                write_whole(workspace.folder / name, (workspace.final / name).read_bytes())
        present = [name for name in names.all if _has_form(workspace.folder / name, facts)]
        lost = [name for name in names.all if name not in present]
        missing = f"{' and '.join(lost)} {'was' if len(lost) == 1 else 'were'} missing"
        self._context.log(f"{missing}: made again from the rest of the {self._kind.word}.", LogLevel.INFO)
        return self.write(transcript, cues, leave=[name for name in present if name != names.json])

    def _what_is_left(self) -> tuple[Transcript, list[Cue]] | None:
        """Return the transcript that is wanted from what is left of its forms; None where it has to be made.

        What was corrected is in all of them: without the JSON it is taken from one of the others.
        """
        workspace, names = self._workspace, self._kind.names
        facts, folder = self._facts_in(workspace.done), workspace.folder
        if facts is None:
            facts, folder = self._facts_in(workspace.standing), workspace.final
        if facts is None:
            return None
        try:
            return transcript_from_json((folder / names.json).read_text(encoding="utf-8"))
        except (OSError, ValueError, CodecError):
            package = workspace.done.package or workspace.standing.package
            edited = (*workspace.edited, *(() if package is None else package.edited))
        for name in (names.vtt, names.srt) if set(names.all).intersection(edited) else ():
            try:
                cues = read_subtitles(folder / name, language=facts.language).cues
            except SubtitleFileError:
                continue
            return transcript_of(cues, facts.language or UNKNOWN_LANGUAGE), list(cues)
        return None

    def _corrected(self, correction: CorrectedCaptions) -> SpokenFacts:
        """Make every form say what an editor has corrected in the folder in its place; return the facts.

        The corrected files themselves stay as they are. Raises OutputError.
        """
        workspace, plan = self._workspace, self._context.plan
        request, video = plan.job.transcription or TranscriptionRequest(), plan.media.video
        before = self._facts_in(workspace.done)
        transcript, cues = corrected_forms(
            correction,
            workspace.final,
            self._kind.names,
            (None if before is None else before.language) or UNKNOWN_LANGUAGE,
            rules=request.profile,
            frame_rate=float(video.frame_rate) if video else AUDIO_ONLY_RATE,
        )
        self._write_forms(transcript, cues, leave=correction.kept)
        facts = self._kind.facts(language=transcript.language, cues=len(cues))
        workspace.mark(facts)
        return facts


def forms_of(names: TranscriptNames, transcript: Transcript, cues: Sequence[Cue]) -> dict[str, str]:
    """Return the text of every form by its file's name."""
    return {
        names.srt: to_srt(cues),
        names.txt: to_text(transcript),
        names.json: transcript_to_json(transcript, cues),
        names.vtt: to_vtt(cues),
    }


def corrected_forms(
    correction: CorrectedCaptions,
    folder: Path,
    names: TranscriptNames,
    language: str,
    *,
    rules: CaptionRules,
    frame_rate: float,
) -> tuple[Transcript, list[Cue]]:
    """Return the transcript and captions of a folder as an editor has corrected them.

    `language` is that of what was made; by the rules, captions are made anew whose words changed.
    """
    if correction.words is not None:
        transcript = correction.words.transcript
        profile = caption_profile(rules, transcript.language or language)
        transcript, cues = correction.words.applied(profile, frame_rate)
    else:
        cues = list(correction.cues)
        try:
            transcript, earlier = transcript_from_json((folder / names.json).read_text(encoding="utf-8"))
        except (OSError, ValueError, CodecError):
            transcript, earlier = transcript_of((), language), []
        if correction.names == (names.srt,):
            cues = list(with_earlier_formatting(cues, earlier))
        transcript = with_corrections(transcript, cues)
    return replace(transcript, language=transcript.language or language), cues


def _has_form(path: Path, facts: SpokenFacts | None) -> bool:
    """Whether a form is there; an empty file is one where nothing was said."""
    return path.is_file() and bool(path.stat().st_size or facts is None or not facts.cues)
