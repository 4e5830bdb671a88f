"""Lets three samples over an audio track vote for its language. Runs in the child process only.

The first speech alone misleads: a greeting in another language, a song, a quotation.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from pipeline.speech.audio import RATE_HZ
from pipeline.speech.audio_samples import SAMPLES, samples_of, speech


class LanguageModel(Protocol):
    """A model that tells languages."""

    def detect_language(self, audio: NDArray[np.float32]) -> tuple[str, float, list[tuple[str, float]]]:
        """Return a language's code and probability, and the probabilities of all of them."""
        ...


class WindowedModel(LanguageModel, Protocol):
    """A model that transcribes windows."""

    @property
    def model(self) -> Any:  # noqa: ANN401  # CTranslate2's, which has no types
        """What knows whether it is for more than one language (`is_multilingual`)."""
        ...

    @property
    def window_s(self) -> float:
        """How much audio it transcribes at once, in seconds."""
        ...


def language_of(
    model: WindowedModel,
    source: Path,
    track: int | None,
    *,
    channel: int | None,
    from_s: float,
    until_s: float | None,
    duration_s: float,
) -> tuple[str, float] | None:
    """Return the language of a track between two moments, `duration_s` apart, and its probability.

    None where the first window tells as much: where there is no room for three windows, no speech in the
    samples, or only one language that the model knows.
    """
    if not model.model.is_multilingual or duration_s < SAMPLES * model.window_s:
        return None
    samples = list(samples_of(source, track, from_s=from_s, until_s=until_s))
    if len(samples) < SAMPLES:
        return None
    return voted_language(model, [sample.mono(channel) for sample in samples])


def voted_language(model: LanguageModel, samples: Sequence[NDArray[np.float32]]) -> tuple[str, float] | None:
    """Return the language that is the most probable at the mean over samples, and that mean; None without speech.

    Samples are float32 mono (n,), 16 kHz; one without speech has no vote. Those that can't change the language any more
    are not asked: each costs as much as transcribing a window, without its words.
    """
    sums: dict[str, float] = defaultdict(float)
    votes = 0
    for number, sample in enumerate(samples):
        if _lead(sums) > len(samples) - number:
            break
        parts = speech(sample)
        if not parts:
            continue
        votes += 1
        for language, probability in model.detect_language(sample[round(parts[0][0] * RATE_HZ) :])[2]:
            sums[language] += probability
    if not votes:
        return None
    best = max(sums, key=lambda language: sums[language])
    return best, sums[best] / votes


def _lead(sums: Mapping[str, float]) -> float:
    first, second = sorted([0.0, 0.0, *sums.values()])[-1:-3:-1]
    return first - second
