"""The transcript of an audio track, as data: words and segments with their times, and how sure Whisper was of them.

Knows neither Whisper nor cues nor files. Times are seconds of the clock that the owner of the data names; in a finished
`Transcript` that is the video's. Numbers that came with no model, or from an earlier version, are None.
"""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True, kw_only=True)
class Word:
    """A word as Whisper gave it.

    Attributes:
        start_s: When it begins.
        end_s: When it ends.
        text: With its punctuation and the space before it, if the script has one.
        probability: From 0 to 1: the mean over its tokens.
    """

    start_s: float
    end_s: float
    text: str
    probability: float | None = None


@dataclass(frozen=True, kw_only=True)
class Correction:
    """A name that was put right by the editor's list.

    Attributes:
        start_s: When it begins.
        heard: What Whisper recognized.
        written: What is written in its place.
    """

    start_s: float
    heard: str
    written: str


@dataclass(frozen=True, kw_only=True)
class Segment:
    """A segment as Whisper recognized it.

    Attributes:
        start_s: When it begins.
        end_s: When it ends.
        text: Without spaces around it.
        words: Empty where Whisper gave no times for them.
        language: The code of the language that was recognized.
        mean_log_probability: The natural logarithm of the probability of a token, at the mean: 0 is sure. Whisper's
            `avg_logprob`.
        no_speech_probability: From 0 to 1: that nobody speaks in its window.
        compression_ratio: Bytes of its text through bytes of that compressed by zlib: above 2.4, it repeats itself.
        edited: Whether somebody has corrected it.
        corrections: Of names, by the editor's list; text and words have them already.
    """

    start_s: float
    end_s: float
    text: str
    words: tuple[Word, ...] = ()
    language: str | None = None
    mean_log_probability: float | None = None
    no_speech_probability: float | None = None
    compression_ratio: float | None = None
    edited: bool = False
    corrections: tuple[Correction, ...] = ()

    def shifted(self, offset_s: float) -> Segment:
        """Return the same segment and words `offset_s` later."""
        words = tuple(
            replace(word, start_s=word.start_s + offset_s, end_s=word.end_s + offset_s) for word in self.words
        )
        corrections = tuple(replace(one, start_s=one.start_s + offset_s) for one in self.corrections)
        return replace(
            self, start_s=self.start_s + offset_s, end_s=self.end_s + offset_s, words=words, corrections=corrections
        )


@dataclass(frozen=True, kw_only=True)
class WhisperSettings:
    """How Whisper was set.

    Attributes:
        language: The code that was asked for, None to detect it.
        beam_size: How many hypotheses the decoder follows.
        condition_on_previous_text: Whether a window is told the text of the one before.
        device: "cpu" or "cuda".
        compute_type: CTranslate2's, such as "int8".
        task: "transcribe", or "translate" into English.
    """

    language: str | None
    beam_size: int
    condition_on_previous_text: bool
    device: str
    compute_type: str
    task: str = "transcribe"


@dataclass(frozen=True, kw_only=True)
class TranscriptOrigin:
    """By what a transcript was made.

    Attributes:
        program_version: Of HLS Converter.
        model: The name by which the Whisper model was asked for; of a folder the last part.
        settings: Of Whisper.
    """

    program_version: str
    model: str
    settings: WhisperSettings


@dataclass(frozen=True, kw_only=True)
class Transcript:
    """All that is said in a video's audio, on the video's clock.

    Attributes:
        language: The code of the language of most of it, None when there was no speech to tell it from.
        language_probability: From 0 to 1; 1 where the language was asked for.
        duration_s: Up to where the audio was transcribed.
        segments: In order of time.
        origin: By what it was made, None where an earlier version did not note it.
    """

    language: str | None
    language_probability: float
    duration_s: float
    segments: tuple[Segment, ...] = ()
    origin: TranscriptOrigin | None = None
