"""faster-whisper's model, made to transcribe one window at once and to tell up to where it found whole sentences.

Runs in the child process only.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from faster_whisper import BatchedInferencePipeline, WhisperModel
from numpy.typing import NDArray

from pipeline.speech.audio import RATE_HZ
from pipeline.speech.languages import ENGLISH
from pipeline.speech.transcript import Segment, Word

if TYPE_CHECKING:
    from faster_whisper.transcribe import Segment as HeardSegment

FAR_S = 3600.0
"""Behind the end of every window."""


@dataclass(frozen=True, kw_only=True)
class RecognizedWindow:
    """The transcript of a window, in its seconds.

    Attributes:
        segments: in order, each with its words.
        end_s: up to where there are whole sentences, by Whisper's own timestamps; 0 where nothing was recognized.
        language: the code of the one that is spoken.
        language_probability: 1 where the language was given.
    """

    segments: tuple[Segment, ...]
    end_s: float
    language: str
    language_probability: float


class WindowModel(WhisperModel):  # type: ignore[misc]  # its package has no types
    """A model that transcribes windows.

    `transcribe` goes through all of the audio in steps of its own. The next step begins where the last word has ended,
    which may be well behind the begin of the next word: in speech with pauses of a second, words were lost. So it is
    handed a window alone, and stopped after its first step.
    """

    _in_step = False
    _step_ends_s: list[float]
    _last_end_s: float

    @property
    def window_s(self) -> float:
        """How much audio it transcribes at once, as its folder says: half a minute."""
        return float(self.feature_extractor.chunk_length)

    def recognize(self, samples: NDArray[np.float32], language: str | None, **options: object) -> RecognizedWindow:
        """Return what is said in a window.

        Args:
            samples: float32 mono (n,), 16 kHz, at most `window_s`. Silence fills the rest: where the audio just ends,
                Whisper takes the last sentence for one that is cut off.
            language: its code; None to detect it in this window.
            options: of `transcribe`.
        """
        self._step_ends_s, self._last_end_s = [0.0], 0.0
        silence = np.zeros(max(0, round(self.window_s * RATE_HZ) - len(samples)), dtype=np.float32)
        found, info = self.transcribe(
            np.concatenate([samples, silence]),
            language=language,
            word_timestamps=True,
            condition_on_previous_text=False,
            **options,
        )
        language_code = str(info.language)
        self._in_step = True
        try:
            segments = tuple(self._segment(segment, _written_in(language_code, options)) for segment in found)
        finally:
            self._in_step = False
        return RecognizedWindow(
            segments=segments,
            end_s=self._step_ends_s[-1],
            language=language_code,
            language_probability=float(info.language_probability),
        )

    def recognize_together(
        self,
        samples: NDArray[np.float32],
        windows: Sequence[tuple[float, float]],
        language: str | None,
        **options: object,
    ) -> RecognizedWindow:
        """Return what is said in several windows, given by their edges in seconds of `samples`, in one go."""
        found, info = BatchedInferencePipeline(self).transcribe(
            samples,
            language=language,
            word_timestamps=True,
            batch_size=len(windows),
            clip_timestamps=[{"start": start_s, "end": end_s} for start_s, end_s in windows],
            **options,
        )
        language_code = str(info.language)
        return RecognizedWindow(
            segments=tuple(self._segment(segment, _written_in(language_code, options)) for segment in found),
            end_s=windows[-1][1],
            language=language_code,
            language_probability=float(info.language_probability),
        )

    def add_word_timestamps(self, segments: Sequence[Any], *arguments: object, **named: object) -> object:
        """Note where the last segment ends, and move its last word's end behind the window's, to end the transcription.

        It is what `transcribe` calls after each step, with the segments of that step.
        """
        if not self._in_step:
            return super().add_word_timestamps(segments, *arguments, **named)
        parts = segments[0]
        self._step_ends_s += [float(part["end"]) for part in parts]
        result = super().add_word_timestamps(segments, *arguments, **named)
        last = next((part["words"][-1] for part in reversed(parts) if part.get("words")), None)
        if last is not None:
            self._last_end_s = float(last["end"])
            last["end"] = FAR_S
        return result

    def _segment(self, found: HeardSegment, language: str) -> Segment:
        words = tuple(
            Word(
                start_s=float(word.start),
                end_s=self._last_end_s if word.end == FAR_S else float(word.end),
                text=str(word.word),
                probability=_number(word.probability),
            )
            for word in found.words or ()
        )
        return Segment(
            start_s=words[0].start_s if words else float(found.start),
            end_s=words[-1].end_s if words else float(found.end),
            text=str(found.text).strip(),
            words=words,
            language=language,
            mean_log_probability=_number(found.avg_logprob),
            no_speech_probability=_number(found.no_speech_prob),
            compression_ratio=_number(found.compression_ratio),
        )


def _written_in(spoken: str, options: Mapping[str, object]) -> str:
    """Return the code of the language in which the transcript is written."""
    return ENGLISH if options.get("task") == "translate" else spoken


def _number(value: float) -> float | None:
    """Return a number of NumPy's as Python's own, None for one that JSON can't hold."""
    return float(value) if math.isfinite(value) else None
