"""Turns audio into segments, window by window. Runs in the child process only.

A few minutes of audio at most are held. It is parted by windows alone, whose edges `windows.py` lays into pauses.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pipeline.speech.audio import SourceAudio
from pipeline.speech.repeats import without_loops
from pipeline.speech.stretch import Stretch
from pipeline.speech.transcript import Segment, WhisperSettings, Word
from pipeline.speech.voice import Voice
from pipeline.speech.window_model import RecognizedWindow, WindowModel
from pipeline.speech.windows import LONG_PAUSE_S, MARGIN_S, Window, next_window
from pipeline.speech.word_times import SURE, sentences, with_words, within_speech

BEAM_SIZE = 5
"""OpenAI's and faster-whisper's own."""
TOGETHER = 8
"""How many windows are transcribed together if it is to be fast (as faster-whisper proposes)."""
UNHEARD_S = 0.5
"""Speech of this length without a word is transcribed again."""
AROUND_S = 1.0
"""How much before and after it is transcribed again, too."""
MOST_AGAIN = 2
"""How many such stretches of a window: a detector that takes music for speech must not double the work."""
EXACT_S = 0.1
"""How exact Whisper's timestamps and the speech detector are."""
LEFT_S = 0.3
"""Speech of this length after Whisper's last timestamp is left to the next window."""
MOST_BACK_S = 4.0
"""How far the next window goes back at most to contain a whole phrase."""
LEAST_STEP_S = 1.0
"""How far a window goes on at least."""


class SpeechRecognizer:
    """Recognizes the speech of one audio track, once.

    The first speech decides the language where none is given; with several, most of it does.

    Attributes:
        settings: of Whisper.
        language: its code, None until there was speech.
        language_probability: of that; 1 where the language was given.
        recognized_s: up to where it has transcribed the audio.
    """

    def __init__(
        self,
        model: WindowModel,
        language: str | None,
        *,
        fast: bool = False,
        multilingual: bool = False,
        translate: bool = False,
    ) -> None:
        """With `fast`, several windows are transcribed together, which now and then loses a sentence.

        With `multilingual`, each window is transcribed in its own language, whatever `language` is. With `translate`,
        what is said in it is written in English.
        """
        self._model = model
        self._together = TOGETHER if fast else 1
        self.settings = WhisperSettings(
            language=language,
            beam_size=BEAM_SIZE,
            condition_on_previous_text=False,  # a slip of the ear would be repeated for minutes
            device=str(model.model.device),
            compute_type=str(model.model.compute_type),
            task="translate" if translate else "transcribe",
        )
        self.language = language
        self.language_probability = 0.0
        self._multilingual = multilingual
        self._spoken: dict[str, tuple[float, float]] = {}
        self.recognized_s = 0.0
        self._said_s = 0.0

    def recognize(self, audio: SourceAudio) -> Iterator[Segment | float]:
        """Yield segments on the clock of the audio, and now and then how far it has got, in seconds.

        Raises SpeechError.
        """
        voice = Voice(audio.pieces)
        while not (voice.ended and self.recognized_s >= voice.known_s):
            windows = self._next_windows(voice)
            if len(windows) == 1:
                yield from self._recognize(voice, windows[0])
            elif windows:
                yield from self._recognize_together(voice, windows)
            voice.forget(self.recognized_s)
            yield self.recognized_s

    def _next_windows(self, voice: Voice) -> list[Window]:
        """Return the windows that are transcribed next, one after the other, up to where nobody speaks for long.

        Where that is at once, there are none, and it is passed over.
        """
        windows: list[Window] = []
        position_s, longest_s = self.recognized_s, self._model.window_s
        while len(windows) < self._together:
            voice.read_to(position_s + longest_s + 2 * LONG_PAUSE_S)
            window = next_window(
                voice.stretches, position_s, longest_s=longest_s, end_s=voice.known_s, ended=voice.ended
            )
            if window is None:
                position_s = voice.known_s - (0.0 if voice.ended else MARGIN_S)
            elif window.end_s + LONG_PAUSE_S > voice.known_s and not voice.ended:
                position_s = window.start_s
            else:
                windows.append(window)
                position_s = window.end_s
                continue
            if not windows:
                self.recognized_s = position_s
            break
        return windows

    def _recognize_together(self, voice: Voice, windows: Sequence[Window]) -> Iterator[Segment]:
        """Transcribe windows together. What a window that is cut off leaves over is lost."""
        start_s, end_s = windows[0].start_s, windows[-1].end_s
        found = self._model.recognize_together(
            voice.samples(start_s, end_s),
            [(window.start_s - start_s, window.end_s - start_s) for window in windows],
            self._window_language,
            beam_size=self.settings.beam_size,
            task=self.settings.task,
        )
        self._note_language(found)
        stretches = _within(voice.stretches, start_s, end_s)
        segments = without_loops(
            within_speech(_shifted(found.segments, start_s), stretches, from_s=self._said_s, until_s=end_s)
        )
        self.recognized_s = end_s
        self._said_s = segments[-1].end_s if segments else self._said_s
        yield from (sentence for segment in segments for sentence in sentences(segment))

    def _recognize(self, voice: Voice, window: Window) -> Iterator[Segment]:
        found = self._model.recognize(
            voice.samples(window.start_s, window.end_s),
            self._window_language,
            beam_size=self.settings.beam_size,
            task=self.settings.task,
            # Timestamps say what to leave to the next window. A whole one leaves nothing: it has fewer errors without.
            without_timestamps=window.whole,
        )
        self._note_language(found)
        self.recognized_s = self._next_position(voice, window, window.start_s + found.end_s)
        stretches = _within(voice.stretches, window.start_s, window.end_s)
        segments = within_speech(
            _shifted(found.segments, window.start_s), stretches, from_s=self._said_s, until_s=window.end_s
        )
        segments = without_loops(_before(segments, self.recognized_s))
        unsaid = _within(stretches, window.start_s, self.recognized_s)
        segments += self._recognize_again(voice, unsaid, segments, found.language)
        segments.sort(key=lambda segment: segment.start_s)
        self._said_s = segments[-1].end_s if segments else self._said_s
        yield from (sentence for segment in segments for sentence in sentences(segment))

    @property
    def _window_language(self) -> str | None:
        """What Whisper is told of the next window."""
        return None if self._multilingual else self.language

    def _note_language(self, found: RecognizedWindow) -> None:
        """Take the language of the first window, or that of most of what has been said."""
        if not self._multilingual:
            self.language = found.language
            self.language_probability = self.language_probability or found.language_probability
            return
        said_s = sum(segment.end_s - segment.start_s for segment in found.segments)
        before_s, sure = self._spoken.get(found.language, (0.0, 0.0))
        self._spoken[found.language] = before_s + said_s, sure + said_s * found.language_probability
        language, (spoken_s, sure) = max(self._spoken.items(), key=lambda item: item[1][0])
        if spoken_s > 0:
            self.language, self.language_probability = language, sure / spoken_s

    def _next_position(self, voice: Voice, window: Window, sentence_end_s: float) -> float:
        """Return up to where a window is done: its end, or where Whisper has left speech to the next one.

        Where that is within speech, it is the pause before, so that the next window contains the whole phrase; if that
        is long ago, the quietest moment.
        """
        left = _within(voice.stretches, sentence_end_s + EXACT_S, window.end_s)
        if window.whole and sum(stretch.end_s - stretch.start_s for stretch in left) < LEFT_S:
            return window.end_s
        said = _within(voice.stretches, window.start_s, sentence_end_s - EXACT_S)
        if not said or (left and left[0].start_s > sentence_end_s + EXACT_S):
            position_s = sentence_end_s
        elif said[-1].start_s >= sentence_end_s - MOST_BACK_S:
            position_s = said[-1].start_s - EXACT_S
        else:
            position_s = voice.quietest_s(sentence_end_s - EXACT_S, sentence_end_s + EXACT_S)
        position_s = min(position_s, window.end_s)
        return position_s if position_s >= window.start_s + LEAST_STEP_S else window.end_s

    def _recognize_again(
        self, voice: Voice, stretches: Sequence[Stretch], segments: Sequence[Segment], language: str
    ) -> Iterator[Segment]:
        """Yield what is recognized in long stretches of speech in which no word was recognized."""
        words = [word for segment in segments for word in segment.words]
        silent = [
            stretch
            for stretch in stretches
            if stretch.end_s - stretch.start_s >= UNHEARD_S
            and not any(word.start_s < stretch.end_s and stretch.start_s < word.end_s for word in words)
        ]
        for stretch in silent[:MOST_AGAIN] if words else ():
            start_s = stretch.start_s - AROUND_S
            samples = voice.samples(start_s, stretch.end_s + AROUND_S)
            found = self._model.recognize(samples, language, beam_size=self.settings.beam_size, task=self.settings.task)
            inside = [
                with_words(segment, spoken)
                for segment in _shifted(found.segments, max(start_s, voice.first_s))
                if (spoken := [word for word in segment.words if _surely_in(word, stretch)])
            ]
            yield from within_speech(inside, [stretch], from_s=stretch.start_s, until_s=stretch.end_s)


def _shifted(segments: Sequence[Segment], offset_s: float) -> list[Segment]:
    return [segment.shifted(offset_s) for segment in segments]


def _before(segments: Sequence[Segment], end_s: float) -> list[Segment]:
    """Return segments without the words that are for the most part after a moment."""
    kept = (
        (segment, [word for word in segment.words if word.start_s + word.end_s < 2 * end_s]) for segment in segments
    )
    return [with_words(segment, words) for segment, words in kept if words]


def _within(stretches: Sequence[Stretch], start_s: float, end_s: float) -> list[Stretch]:
    """Return the stretches between two moments, cut off there."""
    return [
        Stretch(start_s=max(start_s, stretch.start_s), end_s=min(end_s, stretch.end_s))
        for stretch in stretches
        if stretch.end_s > start_s and stretch.start_s < end_s
    ]


def _surely_in(word: Word, stretch: Stretch) -> bool:
    middle_s = (word.start_s + word.end_s) / 2
    return stretch.start_s <= middle_s <= stretch.end_s and (word.probability or 0.0) >= SURE
