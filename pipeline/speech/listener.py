"""Turns sound into segments, window by window. Runs in the child process only.

Of the sound, a few minutes at most are held. It is parted by windows alone, whose edges `windows.py` lays into pauses.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pipeline.speech.audio import SourceAudio
from pipeline.speech.repeats import without_loops
from pipeline.speech.stretch import Stretch
from pipeline.speech.transcript import Segment, WhisperSettings, Word
from pipeline.speech.voice import Voice
from pipeline.speech.window_model import WindowModel
from pipeline.speech.windows import LONG_PAUSE_S, MARGIN_S, Window, next_window
from pipeline.speech.word_times import SURE, placed, with_words

BEAM_SIZE = 5
"""OpenAI's and faster-whisper's own."""
UNHEARD_S = 0.5
"""Speech of this length without a word is heard again."""
AROUND_S = 1.0
"""What is heard before and after it."""
MOST_AGAIN = 2
"""How many such stretches of a window: a detector that takes music for speech must not double the work."""
EXACT_S = 0.1
"""How exact Whisper's timestamps and the speech detector are."""
LEFT_S = 0.3
"""Speech of this length after Whisper's last timestamp is left to the next window."""
MOST_BACK_S = 4.0
"""How far the next window goes back at most to hear a phrase whole."""
LEAST_STEP_S = 1.0
"""How far a window goes on at least."""


class Listener:
    """Hears a sound once. The first speech decides the language where none is given.

    Attributes:
        settings: of Whisper.
        language: its code, None until there was speech.
        language_probability: of that; 1 where the language was given.
        heard_s: up to where it has heard.
    """

    def __init__(self, model: WindowModel, language: str | None) -> None:
        self._model = model
        self.settings = WhisperSettings(
            language=language,
            beam_size=BEAM_SIZE,
            condition_on_previous_text=False,  # a slip of the ear would be repeated for minutes
            device=str(model.model.device),
            compute_type=str(model.model.compute_type),
        )
        self.language = language
        self.language_probability = 0.0
        self.heard_s = 0.0
        self._said_s = 0.0

    def listen(self, audio: SourceAudio) -> Iterator[Segment | float]:
        """Yield what is heard, on the sound's clock, and now and then up to where (seconds). Raises SpeechError."""
        voice = Voice(audio.pieces)
        longest_s = self._model.window_s
        while not (voice.ended and self.heard_s >= voice.known_s):
            voice.read_to(self.heard_s + longest_s + 2 * LONG_PAUSE_S)
            window = next_window(
                voice.stretches, self.heard_s, longest_s=longest_s, end_s=voice.known_s, ended=voice.ended
            )
            if window is None:
                self.heard_s = voice.known_s - (0.0 if voice.ended else MARGIN_S)
            elif window.end_s + LONG_PAUSE_S > voice.known_s and not voice.ended:
                self.heard_s = window.start_s
            else:
                yield from self._hear(voice, window)
            voice.forget(self.heard_s)
            yield self.heard_s

    def _hear(self, voice: Voice, window: Window) -> Iterator[Segment]:
        heard = self._model.hear(
            voice.samples(window.start_s, window.end_s), self.language, beam_size=self.settings.beam_size
        )
        self.language = heard.language
        self.language_probability = self.language_probability or heard.language_probability
        self.heard_s = self._next_position(voice, window, window.start_s + heard.end_s)
        stretches = _within(voice.stretches, window.start_s, window.end_s)
        segments = placed(_shifted(heard.segments, window.start_s), stretches, from_s=self._said_s)
        segments = without_loops(_before(segments, self.heard_s))
        segments += self._heard_again(voice, _within(stretches, window.start_s, self.heard_s), segments)
        segments.sort(key=lambda segment: segment.start_s)
        self._said_s = segments[-1].end_s if segments else self._said_s
        yield from segments

    def _next_position(self, voice: Voice, window: Window, sentence_end_s: float) -> float:
        """Return up to where a window is done: its end, or where Whisper has left speech to the next one.

        Where that is within speech, it is the pause before, so that the next window hears the phrase whole; if that
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

    def _heard_again(
        self, voice: Voice, stretches: Sequence[Stretch], segments: Sequence[Segment]
    ) -> Iterator[Segment]:
        """Yield what is heard in long stretches of speech in which no word was heard."""
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
            heard = self._model.hear(samples, self.language, beam_size=self.settings.beam_size)
            inside = [
                with_words(segment, spoken)
                for segment in _shifted(heard.segments, max(start_s, voice.first_s))
                if (spoken := [word for word in segment.words if _surely_in(word, stretch)])
            ]
            yield from placed(inside, [stretch], from_s=stretch.start_s)


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
