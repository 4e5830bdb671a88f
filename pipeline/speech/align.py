"""Aligns given words with the audio in which they are said, exactly. Runs in Whisper's child process only.

Each window is encoded once, and its text is not heard but followed: CTranslate2's `align`, as faster-whisper's
`find_alignment` calls it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from statistics import median
from typing import TYPE_CHECKING, Any

import numpy as np
from faster_whisper.audio import pad_or_trim
from faster_whisper.tokenizer import Tokenizer

from pipeline.speech.audio import RATE_HZ, SourceAudio

if TYPE_CHECKING:
    from faster_whisper import WhisperModel
    from numpy.typing import NDArray

FRAMES_A_SECOND = 100
MOST_TOKENS = 220
"""Whisper's decoder takes 448 tokens, half of them for what was said before."""
LONGEST_WORD_S = 0.7
"""What a word may always have; more only where words are that long at the median, for a pause belongs to no word."""


def align_windows(
    model: WhisperModel, language: str, audio: SourceAudio, windows: Sequence[Mapping[str, Any]]
) -> Iterator[list[tuple[float, float, float]] | None]:
    """Yield start, end (seconds of the audio) and probability of each word of each window.

    A window is `from_s`, `until_s` and `words`, with the space before each that has one; windows are in order of time.
    None stands for a window whose words can't be aligned.
    """
    tokenizer = Tokenizer(model.hf_tokenizer, model.model.is_multilingual, task="transcribe", language=language)
    held, held_from = np.zeros(0, dtype=np.float32), 0
    pieces = audio.pieces
    for window in windows:
        first, end = round(window["from_s"] * RATE_HZ), round(window["until_s"] * RATE_HZ)
        while held_from + len(held) < end and (piece := next(pieces, None)) is not None:
            drop = max(0, min(first - held_from, len(held)))
            held, held_from = np.concatenate([held[drop:], piece]), held_from + drop
        samples = held[max(0, first - held_from) : max(0, end - held_from)]
        aligned = _aligned(model, tokenizer, samples, window["words"])
        yield None if aligned is None else [(s + window["from_s"], e + window["from_s"], p) for s, e, p in aligned]


def _aligned(
    model: WhisperModel, tokenizer: Tokenizer, samples: NDArray[np.float32], words: Sequence[str]
) -> list[tuple[float, float, float]] | None:
    tokens = tokenizer.encode("".join(words))
    frames = len(samples) * FRAMES_A_SECOND // RATE_HZ
    if not tokens or len(tokens) > MOST_TOKENS or frames < 2:
        return None
    features = model.feature_extractor(samples)
    encoded = model.encode(pad_or_trim(features))
    (pieces,) = model.find_alignment(tokenizer, [tokens], encoded, frames)
    return _times_of(words, pieces)


def _times_of(words: Sequence[str], pieces: Sequence[Mapping[str, Any]]) -> list[tuple[float, float, float]] | None:
    """Return the times of words from those of the pieces that Whisper cuts a text into: the same letters in order.

    A piece of punctuation alone has no part in the time of its word.
    """
    spoken = [p for p in pieces if str(p["word"]).strip()]
    if "".join(words).replace(" ", "") != "".join(str(p["word"]) for p in spoken).replace(" ", ""):
        return None
    usual_s = median(float(p["end"] - p["start"]) for p in spoken)
    longest_s = max(LONGEST_WORD_S, 2 * usual_s)
    times: list[tuple[float, float, float]] = []
    done = 0
    ends = np.cumsum([len(str(p["word"]).replace(" ", "")) for p in spoken])
    for word in words:
        begin, done = done, done + len(word.replace(" ", ""))
        at = int(np.searchsorted(ends, begin, side="right"))
        last = int(np.searchsorted(ends, done, side="left"))
        own = [p for p in spoken[at : last + 1] if any(c.isalnum() for c in str(p["word"]))] or spoken[at : last + 1]
        start_s, end_s = float(own[0]["start"]), float(own[-1]["end"])
        if end_s - start_s > longest_s:
            if not times:
                start_s = end_s - longest_s
            else:
                end_s = start_s + longest_s
        times.append((start_s, end_s, float(np.mean([p["probability"] for p in own]))))
    return times
